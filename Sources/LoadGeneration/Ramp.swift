internal import EventLoop

/// Opens connections at a pace, so that a listener's queue is not overrun.
final class Ramp {
  private static let step: UInt64 = 1_000_000
  /// At once, when a turn took long; so many less are open in time.
  private static let maximumBurst = 256.0

  private var next: Int
  private let end: Int
  private let perNanosecond: Double
  private var credit = 1.0
  private var lastAt: UInt64 = 0
  private var alarm: Alarm?
  private let open: (Int) -> Void

  init(
    _ range: Range<Int>, perSecond: Double, on loop: EventLoop, _ open: @escaping (Int) -> Void
  ) throws(SystemError) {
    next = range.lowerBound
    end = range.upperBound
    perNanosecond = max(perSecond, 0.001) / 1e9
    self.open = open
    alarm = try Alarm(on: loop) { [unowned self] in advance() }
    alarm?.set(1)
  }

  private func advance() {
    let now = EventLoop.clock
    if lastAt > 0 {
      credit = min(credit + Double(now - lastAt) * perNanosecond, Self.maximumBurst)
    }
    lastAt = now
    while credit >= 1, next < end {
      open(next)
      next += 1
      credit -= 1
    }
    if next < end { alarm?.set(EventLoop.clock + Self.step) }
  }
}
