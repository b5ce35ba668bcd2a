internal import Glibc

/// What every scenario has.
public struct LoadSettings: Sendable {
  public var threads = 1
  /// Addresses to come from, in network byte order, taken in turn; empty leaves it to the kernel.
  public var sources: [UInt32] = []
  /// Whose CPU and memory are told, descendants included.
  public var processes: [Int32] = []
  /// Connections opened in a second.
  public var rampPerSecond = 20_000
  /// For what should happen soon: that all are connected, that the last event comes.
  public var timeoutSeconds = 60.0

  public init() {}

  func source(of index: Int) -> UInt32 { sources.isEmpty ? 0 : sources[index % sources.count] }
}

/// One source address has so many ports towards one listener, with the kernel's usual range.
private let portsPerAddress = 28_000
/// Descriptors beside the connections.
private let spareDescriptors = 64

/// Raises the soft limit of descriptors to the hard one, and tells when a run needs more.
public func reserveDescriptors(for connections: Int) throws(UsageError) {
  var limit = rlimit()
  unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  limit.rlim_cur = limit.rlim_max
  unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  let needed = connections + spareDescriptors
  guard needed <= Int(clamping: limit.rlim_cur) else {
    throw UsageError(
      "\(connections) connections need \(needed) descriptors, and this process may have "
        + "\(limit.rlim_cur): raise the hard limit (ulimit -Hn), or run several of it")
  }
}

/// The addresses to use for so many connections: those given, or as many of 127.0.0.0/8 as are
/// needed, where the target is there too.
func sources(given: [UInt32], connections: Int, target: Target) -> [UInt32] {
  guard given.isEmpty, connections > portsPerAddress,
    UInt32(bigEndian: target.address) >> 24 == 127
  else { return given }
  let count = (connections + portsPerAddress - 1) / portsPerAddress
  return (1...count).map { (0x7F00_0000 + UInt32($0)).bigEndian }
}
