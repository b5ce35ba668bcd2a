import Testing

@testable import EventLoop

/// Timers on a loop that turns. Only lower bounds of times are tested.
@Suite struct LoopTimerTests {
  private static let millisecond: UInt64 = 1_000_000

  /// Turns until `condition` holds; false if it does not within ten seconds.
  private func turn(_ loop: EventLoop, until condition: () -> Bool) throws -> Bool {
    let deadline = loop.now + 10_000 * Self.millisecond
    while !condition() {
      guard loop.now < deadline else { return false }
      try loop.turn(atMost: 100)
    }
    return true
  }

  @Test func `a timer fires no earlier than it was asked to`() throws {
    let loop = try EventLoop()
    var firedAt: UInt64?
    let timer = Timer { [unowned loop] in firedAt = loop.now }
    let start = loop.now
    loop.arm(timer, after: 15 * Self.millisecond)
    #expect(try turn(loop, until: { firedAt != nil }))
    #expect((firedAt ?? 0) - start >= 15 * Self.millisecond)
    #expect(!timer.isArmed)
  }

  @Test func `a turn without timers waits as long as it may, and no longer with one`() throws {
    let loop = try EventLoop()
    let start = loop.now
    try loop.turn(atMost: 10)
    #expect(loop.now - start >= 9 * Self.millisecond)
    let timer = Timer {}
    loop.arm(timer, after: 5 * Self.millisecond)
    try loop.turn()
    #expect(!timer.isArmed || loop.now > start)
  }

  @Test func `an action may arm its own timer again`() throws {
    let loop = try EventLoop()
    var turns: [UInt64] = []
    var timer: Timer?
    timer = Timer { [unowned loop] in
      turns.append(loop.turns)
      if turns.count < 5, let timer { loop.arm(timer, after: 1000) }
    }
    if let timer { loop.arm(timer, after: 0) }
    #expect(try turn(loop, until: { turns.count == 5 }))
    #expect(Set(turns).count == 5, "each time in a turn of its own")
    timer = nil
  }

  @Test func `an action may disarm another timer that is due as well`() throws {
    let loop = try EventLoop()
    var fired: [Int] = []
    var timers: [Timer] = []
    for number in 0..<10 {
      timers.append(
        Timer { [unowned loop] in
          fired.append(number)
          for timer in timers { loop.disarm(timer) }
        })
    }
    for timer in timers { loop.arm(timer, at: loop.now) }
    try loop.turn(atMost: 0)
    try loop.turn(atMost: 0)
    #expect(fired.count == 1)
    timers = []
  }

  @Test func `an action may arm others, due at once or later`() throws {
    let loop = try EventLoop()
    var fired: [String] = []
    let second = Timer { fired.append("second") }
    let third = Timer { fired.append("third") }
    let first = Timer { [unowned loop] in
      fired.append("first")
      loop.arm(second, at: loop.now)
      loop.arm(third, after: 2 * Self.millisecond)
    }
    loop.arm(first, at: loop.now)
    #expect(try turn(loop, until: { fired.count == 3 }))
    #expect(fired == ["first", "second", "third"])
  }

  @Test func `a timer that arms itself for now does not keep its turn from ending`() async {
    await #expect(processExitsWith: .success) {
      let loop = try EventLoop()
      var count = 0
      var timer: Timer?
      timer = Timer { [unowned loop] in
        count += 1
        precondition(count < 10_000, "the turn never ends")
        if let timer { loop.arm(timer, at: loop.now) }
      }
      if let timer { loop.arm(timer, at: loop.now) }
      for _ in 0..<10 { try loop.turn(atMost: 0) }
      precondition(count >= 5)
      if let timer { loop.disarm(timer) }
    }
  }

  @Test func `hooks run at the end of every turn, in their order, behind the timers`() throws {
    let loop = try EventLoop()
    var seen: [String] = []
    loop.atEndOfTurn { seen.append("a") }
    loop.atEndOfTurn { seen.append("b") }
    let timer = Timer { seen.append("timer") }
    loop.arm(timer, at: loop.now)
    try loop.turn(atMost: 0)
    try loop.turn(atMost: 0)
    #expect(seen == ["timer", "a", "b", "a", "b"])
    #expect(loop.turns == 2)
  }

  @Test func `a loop that is stopped completes its turn`() throws {
    let loop = try EventLoop()
    var hooks = 0
    loop.atEndOfTurn { hooks += 1 }
    let timer = Timer { [unowned loop] in loop.stop() }
    loop.arm(timer, after: Self.millisecond)
    try loop.run()
    #expect(hooks >= 1)
    #expect(loop.turns == UInt64(hooks))
  }

  @Test func `a timer that nobody else holds fires all the same`() throws {
    let loop = try EventLoop()
    var fired = false
    loop.arm(Timer { fired = true }, at: loop.now)
    try loop.turn(atMost: 0)
    #expect(fired)
  }
}
