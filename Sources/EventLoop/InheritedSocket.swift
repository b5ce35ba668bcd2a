internal import Glibc

/// A listening socket that whoever started the process opened for it (sd_listen_fds(3)): it stays
/// open while one process follows the other, so that nobody who connects is refused in between.
public struct InheritedSocket: Sendable, Equatable {
  public enum Address: Sendable, Equatable {
    /// A numeric address.
    case tcp(host: String, port: UInt16)
    /// In the file system; one in the abstract name space begins with `@`.
    case unix(path: String)
  }

  /// An open descriptor, which whoever takes the socket owns from then on.
  public let number: CInt
  public let address: Address
  /// An address of IPv6 that stands for all of IPv4 too (ipv6(7), IPV6_V6ONLY).
  public let takesBothFamilies: Bool
  /// As the service manager calls it (systemd.socket(5), FileDescriptorName).
  public let name: String

  /// Which descriptors the environment says are passed on, and what they are called.
  struct Announced: Equatable {
    var number: CInt
    var name: String
  }

  /// The first descriptor that is passed on.
  private static let firstNumber = 3

  /// - Parameters:
  ///   - variable: The environment; nil for what is not there.
  ///   - process: Who asks: what is meant for another process is not for this one.
  static func announced(_ variable: (String) -> String?, process: CInt) -> [Announced] {
    guard variable("LISTEN_PID").flatMap({ CInt($0) }) == process,
      let count = variable("LISTEN_FDS").flatMap({ Int($0) }), 1...1024 ~= count
    else { return [] }
    let names = (variable("LISTEN_FDNAMES") ?? "")
      .split(separator: ":", omittingEmptySubsequences: false)
    return (0..<count).map { index in
      Announced(
        number: CInt(firstNumber + index),
        name: index < names.count && !names[index].isEmpty ? String(names[index]) : "unknown")
    }
  }

  /// The sockets that were passed to this process. Call once, before any other descriptor is
  /// opened.
  ///
  /// - Throws: When what was passed is not a listening stream socket.
  public static func takeAll() throws(SystemError) -> [InheritedSocket] {
    let announced = announced(environmentVariable, process: getpid())
    // What this process starts in turn is not meant.
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsafe unsetenv(name) }
    var sockets: [InheritedSocket] = []
    for socket in announced {
      sockets.append(try InheritedSocket(socket.number, name: socket.name))
    }
    return sockets
  }

  init(_ number: CInt, name: String) throws(SystemError) {
    let place = "descriptor \(number) (\(name)) of the service manager"
    guard
      try Self.option(SOL_SOCKET, SO_TYPE, of: number, place) == CInt(SOCK_STREAM.rawValue),
      try Self.option(SOL_SOCKET, SO_ACCEPTCONN, of: number, place) == 1,
      let address = Self.localAddress(number)
    else {
      throw SystemError("\(place) is no listening stream socket", EINVAL)
    }
    try SystemError.checkErrno(fcntl(number, F_SETFD, FD_CLOEXEC), place)
    let flags = try SystemError.checkErrno(fcntl(number, F_GETFL, 0), place)
    try SystemError.checkErrno(fcntl(number, F_SETFL, flags | O_NONBLOCK), place)
    self.number = number
    self.name = name
    self.address = address
    if case .tcp("::", _) = address {
      let isOne = try Self.option(CInt(IPPROTO_IPV6), IPV6_V6ONLY, of: number, place)
      takesBothFamilies = isOne == 0
    } else {
      takesBothFamilies = false
    }
  }

  private static func option(
    _ level: CInt, _ option: CInt, of number: CInt, _ place: String
  ) throws(SystemError) -> CInt {
    var value: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    try SystemError.checkErrno(
      unsafe getsockopt(number, level, option, &value, &size), place)
    return value
  }

  private static func localAddress(_ number: CInt) -> Address? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      let address = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      guard unsafe getsockname(number, address, &length) == 0 else { return nil }
      let bytes = unsafe UnsafeRawBufferPointer(start: pointer, count: Int(length))
      switch unsafe CInt(address.pointee.sa_family) {
      case AF_INET: return unsafe tcp(bytes, addressAt: 4, count: 4)
      case AF_INET6: return unsafe tcp(bytes, addressAt: 8, count: 16)
      case AF_UNIX: return unsafe unix(bytes)
      default: return nil
      }
    }
  }

  /// sockaddr_in and sockaddr_in6 both have the port at offset 2, in network byte order.
  private static func tcp(
    _ bytes: UnsafeRawBufferPointer, addressAt offset: Int, count: Int
  ) -> Address {
    let port = unsafe UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    let host = unsafe PeerAddress.description(Array(bytes[offset..<offset + count]))
    return .tcp(host: host, port: port)
  }

  private static func unix(_ bytes: UnsafeRawBufferPointer) -> Address {
    let path = unsafe Array(bytes.dropFirst(MemoryLayout<sa_family_t>.size))
    guard path.first == 0 else {
      return .unix(path: String(decoding: path.prefix { $0 != 0 }, as: UTF8.self))
    }
    return .unix(path: "@" + String(decoding: path.dropFirst(), as: UTF8.self))
  }
}

/// A variable of the process's environment.
public func environmentVariable(_ name: String) -> String? {
  unsafe getenv(name).map { unsafe String(cString: $0) }
}
