internal import CLinux
internal import Glibc

/// Signals as readiness of a descriptor (signalfd(2)) instead of interruptions.
///
/// Create it before any other thread starts: the signals are blocked in the calling thread, and
/// threads inherit that.
public final class Signals: ReadinessHandler {
  private let descriptor: Descriptor
  private var receive: (CInt) -> Void = { _ in }

  public init(_ signals: [CInt]) throws(SystemError) {
    // A peer that closes early is an EPIPE where it happens, not the end of the process.
    Glibc.signal(SIGPIPE, SIG_IGN)
    let answer = unsafe clinux_signalfd(signals, CInt(signals.count))
    descriptor = Descriptor(owning: try SystemError.check(answer, "signalfd"))
  }

  public func open(on loop: EventLoop, _ receive: @escaping (CInt) -> Void) throws(SystemError) {
    self.receive = receive
    _ = try loop.watch(descriptor.number, for: .readable, handler: self)
  }

  /// signalfd(2): a record is 128 bytes and begins with the signal's number.
  private static let recordBytes = 128

  public func ready(_ readiness: Readiness) {
    var record = [UInt8](repeating: 0, count: Self.recordBytes)
    while true {
      let count = unsafe Glibc.read(descriptor.number, &record, Self.recordBytes)
      guard count == Self.recordBytes else { return }
      receive(CInt(record[0]))
    }
  }
}
