internal import CLinux
internal import Glibc

/// One point in time, kept to the microsecond where timers are rounded to milliseconds: for those
/// who pace or measure others (timerfd_create(2)). It costs a descriptor, and a system call each
/// time it is set. Belongs to one loop, which keeps it.
public final class Alarm: ReadinessHandler {
  private let descriptor: Descriptor
  private let action: () -> Void

  /// The action runs in the turn after the time has come.
  public init(on loop: EventLoop, _ action: @escaping () -> Void) throws(SystemError) {
    descriptor = Descriptor(owning: try SystemError.check(clinux_timerfd(), "timerfd_create"))
    self.action = action
    _ = try loop.watch(descriptor.number, for: .readable, handler: self)
  }

  /// Goes off once at `time` (CLOCK_MONOTONIC nanoseconds), at once if that has passed, in place of
  /// what was set before; 0 for never.
  public func set(_ time: UInt64) {
    _ = clinux_timerfd_set(descriptor.number, time)
  }

  public func ready(_ readiness: Readiness) {
    var expirations: UInt64 = 0
    // Nothing to read: it was set anew after it had gone off.
    guard unsafe Glibc.read(descriptor.number, &expirations, 8) == 8 else { return }
    action()
  }
}
