internal import EventLoop

/// What goes on when word comes from elsewhere: from the archive, or that it is a turn's turn.
/// One loop's, by ticket.
struct Expectations {
  private struct Expectation {
    var then: () -> Void
    var timer: Timer?
  }
  private var waiting: [UInt64: Expectation] = [:]
  private var next: UInt64 = 1

  var isEmpty: Bool { waiting.isEmpty }
  var count: Int { waiting.count }

  mutating func add(_ then: @escaping () -> Void) -> UInt64 {
    defer { next += 1 }
    waiting[next] = Expectation(then: then)
    return next
  }

  mutating func setTimer(_ timer: Timer, of ticket: UInt64) {
    waiting[ticket]?.timer = timer
  }

  /// Takes it out; nil when nobody waits for it any more.
  mutating func take(_ ticket: UInt64) -> (then: () -> Void, timer: Timer?)? {
    waiting.removeValue(forKey: ticket).map { ($0.then, $0.timer) }
  }
}

extension Worker {
  func expect(_ then: @escaping () -> Void) -> UInt64 { expectations.add(then) }

  /// Calls `late` when the word has not come by then; who expects it decides what that means.
  func expect(_ ticket: UInt64, within delay: UInt64, _ late: @escaping () -> Void) {
    let timer = Timer(late)
    expectations.setTimer(timer, of: ticket)
    loop.arm(timer, after: delay)
  }

  func resume(_ ticket: UInt64) {
    guard let expectation = expectations.take(ticket) else { return }
    if let timer = expectation.timer { loop.disarm(timer) }
    expectation.then()
  }

  func forget(_ ticket: UInt64) {
    guard let timer = expectations.take(ticket)?.timer else { return }
    loop.disarm(timer)
  }
}
