import Admission
import TestSupport
import Testing

@Suite struct RetryPolicyTests {
  private static let second: UInt64 = 1_000_000_000
  private let policy = RetryPolicy(retries: 2, base: 500_000_000, cap: 8_000_000_000)

  private func decide(
    _ failure: RetryPolicy.Failure, _ retries: Int = 0, left: UInt64 = 600 * second,
    random: Double = 0.5
  ) -> RetryPolicy.Verdict {
    policy.decide(failure, retriesMade: retries, timeLeft: left, random: random)
  }

  @Test(
    arguments: [
      (nil, true), (408, true), (409, true), (429, true), (500, true), (502, true), (503, true),
      (504, true), (529, true), (599, true), (400, false), (401, false), (403, false), (404, false),
      (413, false), (422, false), (301, false), (204, false),
    ] as [(Int?, Bool)])
  func `what may pass is tried again`(status: Int?, isTransient: Bool) {
    #expect(RetryPolicy.Failure(status: status).isTransient == isTransient)
    #expect((decide(.init(status: status)) == .final) == !isTransient)
    #expect(decide(.init(status: status, shouldRetry: false)) == .final)
    #expect(decide(.init(status: status, shouldRetry: true)) != .final)
  }

  @Test(arguments: [
    (0, 0.0, 0), (0, 0.5, 250), (0, 0.999, 499), (1, 0.5, 500), (1, 0.999, 999),
  ])
  func `the delay is a part of twice as much each time`(retries: Int, random: Double, ms: Int) {
    guard case .retry(let delay) = decide(.init(status: 500), retries, random: random) else {
      Issue.record("not retried")
      return
    }
    #expect(Int(delay / 1_000_000) == ms)
  }

  @Test func `the cap is never passed, however often it is tried`() {
    let policy = RetryPolicy(retries: 1000, base: 500_000_000, cap: 8_000_000_000)
    for retries in 0..<200 {
      let verdict = policy.decide(
        .init(status: 500), retriesMade: retries, timeLeft: .max, random: 0.999_999)
      guard case .retry(let delay) = verdict else {
        Issue.record("not retried")
        return
      }
      #expect(delay < 8_000_000_000)
      if retries >= 4 { #expect(delay > 7_900_000_000) }
    }
  }

  @Test(
    arguments: [
      (1, .retry(after: second)), (60, .retry(after: 60 * second)), (61, .elsewhere),
    ] as [(UInt64, RetryPolicy.Verdict)])
  func `a server's wish counts, up to a minute`(
    seconds: UInt64, verdict: RetryPolicy.Verdict
  ) {
    #expect(decide(.init(status: 429, retryAfter: seconds * Self.second)) == verdict)
  }

  @Test func `a wish for no time at all leaves it to us`() {
    #expect(decide(.init(status: 429, retryAfter: 0)) == .retry(after: 250_000_000))
  }

  @Test func `when the retries are used up, or the time is, another may be asked`() {
    #expect(decide(.init(status: 500), 2) == .elsewhere)
    #expect(decide(.init(status: 500), left: 250_000_000) == .elsewhere)
    #expect(decide(.init(status: 500), left: 250_000_001) == .retry(after: 250_000_000))
    #expect(decide(.init(status: 400), 2) == .final)
  }

  @Test func `delays are spread evenly`() {
    var random = SplitMix64(seed: 7)
    var tenths = Array(repeating: 0, count: 10)
    for _ in 0..<10_000 {
      let verdict = decide(.init(status: nil), random: Double.random(in: 0..<1, using: &random))
      guard case .retry(let delay) = verdict else { continue }
      tenths[Int(delay / 50_000_000)] += 1
    }
    #expect(tenths.allSatisfy { 800...1200 ~= $0 })
  }
}

@Suite struct RetryBudgetTests {
  private static let second: UInt64 = 1_000_000_000

  @Test func `ten a second are free, over the window`() {
    var budget = RetryBudget(percent: 20)
    var taken = 0
    for _ in 0..<500 where budget.takeRetry(now: 100 * Self.second) { taken += 1 }
    #expect(taken == 100)
    let (later, muchLater) = (
      budget.takeRetry(now: 109 * Self.second), budget.takeRetry(now: 110 * Self.second)
    )
    #expect(!later && muchLater)
  }

  @Test(arguments: 1...30)
  func `retries are never more than their share of the window`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    var budget = RetryBudget(percent: 20)
    var now: UInt64 = 0
    var requests: [UInt64] = []
    var retries: [UInt64] = []
    for _ in 0..<3000 {
      now += UInt64.random(in: 0...20_000_000, using: &random)
      if Int.random(in: 0..<3, using: &random) == 0 {
        budget.noteRequest(now: now)
        requests.append(now)
      } else if budget.takeRetry(now: now) {
        retries.append(now)
        // Slots are of whole seconds: ten of them are at least the last nine seconds.
        let since = now / Self.second < 10 ? 0 : (now / Self.second - 9) * Self.second
        let most = requests.filter { $0 >= since }.count / 5 + 100
        #expect(retries.filter { $0 >= since }.count <= most)
      }
    }
  }
}

@Suite struct CircuitBreakerTests {
  private static let second: UInt64 = 1_000_000_000

  private func expect(
    _ breaker: inout CircuitBreaker, at now: UInt64, _ expected: CircuitBreaker.Verdict
  ) {
    let verdict = breaker.admit(now: now)
    #expect(verdict == expected)
  }

  private func open(at now: UInt64 = 0) -> CircuitBreaker {
    var breaker = CircuitBreaker(threshold: 3, pause: 10 * Self.second)
    for _ in 0..<3 {
      expect(&breaker, at: now, .allowed)
      breaker.failed(now: now)
    }
    return breaker
  }

  @Test func `failures in a row open it, and a success between them does not count them on`() {
    var breaker = CircuitBreaker(threshold: 3, pause: Self.second)
    for _ in 0..<5 {
      breaker.failed(now: 0)
      breaker.failed(now: 0)
      breaker.succeeded()
      breaker.succeeded()
      breaker.succeeded()
    }
    expect(&breaker, at: 0, .allowed)
    #expect(open().state == .open(until: 10 * Self.second))
  }

  @Test func `half of the recent requests open it, though no two failed in a row`() {
    var breaker = CircuitBreaker(threshold: 3, pause: Self.second)
    for number in 0..<20 {
      expect(&breaker, at: 0, .allowed)
      if number % 2 == 0 { breaker.succeeded() } else { breaker.failed(now: 0) }
    }
    #expect(breaker.state == .open(until: Self.second))
  }

  @Test func `while it is open it says for how long`() {
    var breaker = open()
    expect(&breaker, at: 4 * Self.second, .refused(retryAfter: 6 * Self.second))
    expect(&breaker, at: 10 * Self.second - 1, .refused(retryAfter: 1))
  }

  @Test func `one request goes through after the pause, and closes it or opens it again`() {
    for succeeds in [true, false] {
      var breaker = open()
      expect(&breaker, at: 10 * Self.second, .allowed)
      expect(&breaker, at: 11 * Self.second, .refused(retryAfter: 9 * Self.second))
      if succeeds { breaker.succeeded() } else { breaker.failed(now: 12 * Self.second) }
      expect(
        &breaker, at: 12 * Self.second,
        succeeds ? .allowed : .refused(retryAfter: 10 * Self.second))
    }
  }

  @Test func `a probe that says nothing leaves the place to the next`() {
    var breaker = open()
    expect(&breaker, at: 10 * Self.second, .allowed)
    breaker.ended(now: 11 * Self.second)
    expect(&breaker, at: 11 * Self.second, .allowed)
    expect(&breaker, at: 12 * Self.second, .refused(retryAfter: 9 * Self.second))
    // And one that never ends is forgotten.
    expect(&breaker, at: 21 * Self.second, .allowed)
  }

  @Test func `what was under way when it opened does not count`() {
    var breaker = open()
    breaker.succeeded()
    breaker.failed(now: 5 * Self.second)
    #expect(breaker.state == .open(until: 10 * Self.second))
  }

  @Test func `a threshold of none never opens`() {
    var breaker = CircuitBreaker(threshold: 0, pause: Self.second)
    for _ in 0..<100 { breaker.failed(now: 0) }
    expect(&breaker, at: 0, .allowed)
  }

  @Test func `other limits leave it as open as it is, or close it for good`() {
    var breaker = open()
    breaker.configure(threshold: 1, pause: Self.second)
    expect(&breaker, at: 9 * Self.second, .refused(retryAfter: Self.second))
    expect(&breaker, at: 10 * Self.second, .allowed)
    breaker.failed(now: 10 * Self.second)
    #expect(breaker.state == .open(until: 11 * Self.second))
    breaker.configure(threshold: 0, pause: Self.second)
    for _ in 0..<10 { expect(&breaker, at: 10 * Self.second, .allowed) }
  }
}
