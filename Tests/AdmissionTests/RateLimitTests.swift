import Admission
import TestSupport
import Testing

@Suite struct RateLimitTests {
  private static let second: UInt64 = 1_000_000_000

  @Test func `thirty a minute: thirty at once, the next one two seconds later`() {
    let limit = RateLimit(requests: 30, period: 60 * Self.second)
    let now = 1_000 * Self.second
    var tat: UInt64 = 0
    for number in 1...30 {
      let decision = limit.decide(tat: tat, now: now)
      #expect(decision.isAllowed && decision.limit == 30)
      #expect(decision.remaining == 30 - number)
      #expect(decision.resetAfter == UInt64(number) * 2 * Self.second)
      tat = decision.tat
    }
    let refused = limit.decide(tat: tat, now: now)
    #expect(!refused.isAllowed && refused.retryAfter == 2 * Self.second)
    #expect(refused.tat == tat && refused.remaining == 0)
    #expect(!limit.decide(tat: tat, now: now + 2 * Self.second - 1).isAllowed)
    #expect(limit.decide(tat: tat, now: now + 2 * Self.second).isAllowed)
  }

  @Test func `looking changes nothing`() {
    let limit = RateLimit(requests: 2, period: Self.second)
    let once = limit.decide(tat: 0, now: 5)
    #expect(limit.peek(tat: once.tat, now: 5).remaining == 1)
    #expect(limit.peek(tat: once.tat, now: 5).tat == once.tat)
    #expect(limit.peek(tat: once.tat, now: Self.second).remaining == 2)
    #expect(limit.hasRecovered(tat: once.tat, now: once.tat))
    #expect(!limit.hasRecovered(tat: once.tat, now: once.tat - 1))
  }

  @Test(arguments: [(1, 1), (1_000_000, 1), (3, 10), (7, 1_000_000_007), (1, Int(Int64.max))])
  func `any limit lets so many through at once, and no more`(requests: Int, period: Int) {
    let limit = RateLimit(requests: requests, period: UInt64(period))
    var tat: UInt64 = 0
    for _ in 0..<min(requests, 1000) {
      let decision = limit.decide(tat: tat, now: 0)
      #expect(decision.isAllowed)
      tat = decision.tat
    }
    if requests <= 1000 { #expect(!limit.decide(tat: tat, now: 0).isAllowed) }
  }

  @Test func `the end of time is no reason to trap`() {
    let limit = RateLimit(requests: 3, period: .max)
    for (tat, now) in [(UInt64.max, UInt64(0)), (.max, .max), (0, .max), (.max - 1, .max - 1)] {
      _ = limit.decide(tat: tat, now: now)
      _ = limit.peek(tat: tat, now: now)
    }
  }

  @Test(arguments: 1...100)
  func `in no time are more allowed than the burst and what the rate gives`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let requests = Int.random(in: 1...20, using: &random)
    let period = UInt64.random(in: 1...1_000_000, using: &random)
    let limit = RateLimit(requests: requests, period: period)
    var (tat, now): (UInt64, UInt64) = (0, 0)
    var allowed: [UInt64] = []
    for _ in 0..<500 {
      if Bool.random(using: &random) { now += UInt64.random(in: 0...period, using: &random) }
      let decision = limit.decide(tat: tat, now: now)
      #expect(decision.isAllowed == (decision.retryAfter == 0))
      if decision.isAllowed {
        allowed.append(now)
      } else {
        #expect(limit.decide(tat: tat, now: now + decision.retryAfter).isAllowed)
        #expect(!limit.decide(tat: tat, now: now + decision.retryAfter - 1).isAllowed)
      }
      tat = decision.tat
    }
    for (index, start) in allowed.enumerated() {
      for last in index..<allowed.count {
        let time = allowed[last] - start
        let most = UInt64(requests) + time * UInt64(requests) / period
        #expect(UInt64(last - index + 1) <= most)
      }
    }
  }

  @Test(arguments: [
    // requests and seconds before; after; used before; left after
    (10, 60, 20, 60, 4, 16), (10, 60, 5, 60, 4, 1), (10, 60, 3, 60, 4, 0), (10, 60, 10, 1, 4, 6),
    (10, 1, 10, 3600, 10, 0), (10, 60, 10, 60, 0, 10), (1, 1, 1_000_000, 86_400, 1, 999_999),
  ])
  func `another limit finds as much used as there was`(
    _ requests: Int, _ seconds: Int, _ newRequests: Int, _ newSeconds: Int, _ used: Int, _ left: Int
  ) {
    let old = RateLimit(requests: requests, period: UInt64(seconds) * Self.second)
    let new = RateLimit(requests: newRequests, period: UInt64(newSeconds) * Self.second)
    let now = 10 * Self.second
    var tat: UInt64 = 0
    for _ in 0..<used { tat = old.decide(tat: tat, now: now).tat }
    let carried = new.carriedOver(tat: tat, from: old, now: now)
    #expect(new.peek(tat: carried, now: now).remaining == left)
  }

  @Test(arguments: 1...50)
  func `however limits change, never more than the burst is owed`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    func limit() -> RateLimit {
      RateLimit(
        requests: Int.random(in: 1...1_000_000, using: &random),
        period: UInt64.random(in: 1...86_400, using: &random) * Self.second)
    }
    var current = limit()
    var tat: UInt64 = 0
    var now: UInt64 = 1
    for _ in 0..<200 {
      now += UInt64.random(in: 0...Self.second, using: &random)
      tat = current.decide(tat: tat, now: now).tat
      let next = limit()
      tat = next.carriedOver(tat: tat, from: current, now: now)
      current = next
      let state = current.peek(tat: tat, now: now)
      #expect(state.resetAfter <= current.period + UInt64(current.requests))
      #expect((0...current.requests).contains(state.remaining))
    }
  }
}
