import Testing

@testable import EventLoop

@Suite struct AlarmTests {
  /// Turns until the condition holds; false when that takes seconds.
  private func turn(_ loop: EventLoop, until condition: () -> Bool) throws -> Bool {
    let end = EventLoop.clock + 5_000_000_000
    while !condition() {
      guard EventLoop.clock < end else { return false }
      try loop.turn(atMost: 100)
    }
    return true
  }

  @Test func `an alarm goes off once, and not before its time`() throws {
    let loop = try EventLoop()
    var rings: [UInt64] = []
    let alarm = try Alarm(on: loop) { rings.append(EventLoop.clock) }
    let time = EventLoop.clock + 3_000_000
    alarm.set(time)
    #expect(try turn(loop) { !rings.isEmpty })
    try loop.turn(atMost: 5)
    #expect(rings.count == 1)
    #expect(rings.allSatisfy { $0 >= time })
  }

  @Test func `a time that has passed is now`() throws {
    let loop = try EventLoop()
    var rings = 0
    let alarm = try Alarm(on: loop) { rings += 1 }
    alarm.set(1)
    #expect(try turn(loop) { rings == 1 })
  }

  @Test func `what is set anew replaces what was set`() throws {
    let loop = try EventLoop()
    var (rings, others) = (0, 0)
    let alarm = try Alarm(on: loop) { rings += 1 }
    let other = try Alarm(on: loop) { others += 1 }
    alarm.set(EventLoop.clock + 1_000_000)
    alarm.set(0)
    other.set(EventLoop.clock + 5_000_000)
    #expect(try turn(loop) { others == 1 })
    #expect(rings == 0)
    alarm.set(EventLoop.clock + 1_000_000)
    #expect(try turn(loop) { rings == 1 })
  }
}
