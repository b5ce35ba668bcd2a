import Admission
import TestSupport
import Testing

@Suite struct RateTableTests {
  private let limit = RateLimit(requests: 3, period: 300)

  @Test func `each key has its own state`() {
    var table = RateTable<Int>(limit, capacity: 10)
    for _ in 0..<3 { #expect(table.take(1, now: 0).isAllowed) }
    #expect(!table.take(1, now: 0).isAllowed)
    #expect(table.take(2, now: 0).isAllowed)
    #expect(table.peek(1, now: 0).remaining == 0)
    #expect(table.peek(2, now: 0).remaining == 2)
    #expect(table.peek(3, now: 0).remaining == 3)
    #expect(table.count == 2)
  }

  @Test func `a flood of addresses takes no more room, and pushes nobody out`() {
    var table = RateTable<Int>(limit, capacity: 1000)
    for _ in 0..<3 { _ = table.take(-1, now: 0) }
    var allowed = 0
    for key in 0..<200_000 where table.take(key, now: 1).isAllowed { allowed += 1 }
    #expect(table.count <= 1000)
    #expect(!table.take(-1, now: 1).isAllowed)
    // Beyond those with a state of their own: as if it were 1024 clients.
    #expect(allowed <= 1000 + 1024 * 3)
  }

  @Test func `what has recovered makes room`() {
    var table = RateTable<Int>(limit, capacity: 100)
    for key in 0..<100 { _ = table.take(key, now: 0) }
    #expect(table.count == 100)
    for key in 1000..<1100 { #expect(table.take(key, now: 1000).remaining == 2) }
    #expect(table.count <= 100)
    for key in 2000..<2010 { _ = table.take(key, now: 100_000) }
    #expect(table.count < 100)
  }

  @Test(arguments: 1...30)
  func `a key with room is decided on as the limit alone decides`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    var table = RateTable<Int>(limit, capacity: 50)
    var states: [Int: UInt64] = [:]
    var now: UInt64 = 0
    for _ in 0..<2000 {
      now += UInt64.random(in: 0...40, using: &random)
      let key = Int.random(in: 0..<40, using: &random)
      let expected = limit.decide(tat: states[key] ?? 0, now: now)
      #expect(table.take(key, now: now).isAllowed == expected.isAllowed)
      states[key] = expected.tat
    }
  }

  @Test func `another limit forgets nobody, nor those who share a place`() {
    var table = RateTable<Int>(limit, capacity: 2)
    for key in 0..<2000 { for _ in 0..<3 { _ = table.take(key, now: 0) } }
    table.configure(RateLimit(requests: 5, period: 300), capacity: 2, now: 0)
    while table.carryOver(1) {}
    for key in [0, 1, 500, 1999] { #expect(table.peek(key, now: 0).remaining == 2) }
    table.configure(RateLimit(requests: 3, period: 300), capacity: 5000, now: 0)
    while table.carryOver(100) {}
    #expect(table.peek(0, now: 0).remaining == 0)
    #expect(table.take(7, now: 0).remaining == 2)
  }

  @Test(arguments: 1...50)
  func `limits that change while requests come are as if they changed at once`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    var current = limit
    var table = RateTable<Int>(current, capacity: 60)
    var states: [Int: UInt64] = [:]
    var now: UInt64 = 1
    var isLeft = false
    for _ in 0..<5000 {
      now += UInt64.random(in: 0...15, using: &random)
      switch Int.random(in: 0..<40, using: &random) {
      case 0 where !isLeft:
        let next = RateLimit(
          requests: Int.random(in: 1...6, using: &random),
          period: UInt64.random(in: 50...600, using: &random))
        for (key, tat) in states {
          states[key] = next.carriedOver(tat: tat, from: current, now: now)
        }
        table.configure(next, capacity: 60, now: now)
        current = next
        isLeft = true
      case 0...8 where isLeft:
        isLeft = table.carryOver(Int.random(in: 1...8, using: &random))
      default:
        let key = Int.random(in: 0..<50, using: &random)
        if Bool.random(using: &random) {
          let expected = current.peek(tat: states[key] ?? 0, now: now)
          #expect(table.peek(key, now: now).remaining == expected.remaining)
        } else {
          let expected = current.decide(tat: states[key] ?? 0, now: now)
          #expect(table.take(key, now: now).isAllowed == expected.isAllowed)
          states[key] = expected.tat
        }
      }
    }
  }
}
