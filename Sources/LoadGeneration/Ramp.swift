internal import EventLoop

/// Opens connections at a pace, so that a listener's queue is not overrun.
final class Ramp {
  private static let step: UInt64 = 1_000_000
  private var next: Int
  private let end: Int
  private let perStep: Double
  private var credit = 0.0
  private var alarm: Alarm?
  private let open: (Int) -> Void

  init(
    _ range: Range<Int>, perSecond: Double, on loop: EventLoop, _ open: @escaping (Int) -> Void
  ) throws(SystemError) {
    next = range.lowerBound
    end = range.upperBound
    perStep = max(perSecond, 1) / 1000
    self.open = open
    alarm = try Alarm(on: loop) { [unowned self] in advance() }
    alarm?.set(1)
  }

  var isDone: Bool { next >= end }

  private func advance() {
    credit = min(credit + perStep, max(perStep, 1))
    while credit >= 1, next < end {
      open(next)
      next += 1
      credit -= 1
    }
    if next < end { alarm?.set(EventLoop.clock + Self.step) }
  }
}
