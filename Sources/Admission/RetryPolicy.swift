/// Whether a request that failed is tried again, and when.
///
/// Full jitter: the delay before retry n (from 0) is uniform in [0, min(cap, base × 2ⁿ)], so that
/// those who failed together do not come back together. What the server asks for replaces it, up
/// to `longestWait`; for longer it is not waited here.
public struct RetryPolicy: Sendable, Equatable {
  /// Retries of one request at one upstream.
  public var retries: Int
  /// Nanoseconds.
  public var base: UInt64
  public var cap: UInt64

  /// Longer than this no request waits for a server.
  public static let longestWait: UInt64 = 60_000_000_000

  public init(retries: Int, base: UInt64, cap: UInt64) {
    self.retries = retries
    self.base = base
    self.cap = cap
  }

  /// What became of an attempt, as far as this matters here.
  public struct Failure: Sendable, Equatable {
    /// Nil when there was no answer: no connection, a connection that broke, a time-out.
    public var status: Int?
    /// The field `x-should-retry`: the server knows.
    public var shouldRetry: Bool?
    /// Nanoseconds, by the server's wish.
    public var retryAfter: UInt64?
    /// It would fail here again in the same way: a certificate, or what is no answer at all.
    public var isOfThisServer = false

    public init(status: Int?, shouldRetry: Bool? = nil, retryAfter: UInt64? = nil) {
      self.status = status
      self.shouldRetry = shouldRetry
      self.retryAfter = retryAfter
    }

    /// Trying again, here or elsewhere, can help.
    public var isTransient: Bool {
      if let shouldRetry { return shouldRetry }
      guard let status else { return true }
      return status == 408 || status == 409 || status == 429 || status >= 500
    }
  }

  public enum Verdict: Sendable, Equatable {
    /// Again here, after so many nanoseconds.
    case retry(after: UInt64)
    /// Not here: another upstream may be asked.
    case elsewhere
    /// Nowhere: the request itself is refused.
    case final
  }

  /// - Parameters:
  ///   - retriesMade: Of this request at this upstream.
  ///   - timeLeft: Nanoseconds until the deadline of all attempts: a wait beyond it is none.
  ///   - random: Uniform in [0, 1).
  public func decide(
    _ failure: Failure, retriesMade: Int, timeLeft: UInt64, random: Double
  ) -> Verdict {
    guard failure.isTransient else { return .final }
    guard !failure.isOfThisServer else { return .elsewhere }
    guard retriesMade < retries else { return .elsewhere }
    var delay = UInt64(Double(largestDelay(retriesMade)) * random)
    if let wait = failure.retryAfter, wait > 0 {
      guard wait <= Self.longestWait else { return .elsewhere }
      delay = wait
    }
    return delay < timeLeft ? .retry(after: delay) : .elsewhere
  }

  /// min(cap, base × 2ⁿ)
  func largestDelay(_ retriesMade: Int) -> UInt64 {
    guard retriesMade < 64, base <= cap >> UInt64(retriesMade) else { return cap }
    return base << UInt64(retriesMade)
  }
}

/// How many retries an upstream gets, over all requests: so that an outage is not multiplied.
///
/// In a window of 10 seconds retries are at most a share of the requests, and 10 a second beside.
///
/// Invariant: each slot is of one second; `slots[s % count]` is of second s or of one that is over.
public struct RetryBudget: Sendable {
  private struct Slot {
    var second: UInt64 = 0
    var requests = 0
    var retries = 0
  }
  private static let window = 10
  private static let freeEachSecond = 10
  private var slots = Array(repeating: Slot(), count: window)
  /// Retries for a hundred requests.
  public var percent: Int

  public init(percent: Int) {
    self.percent = percent
  }

  /// - Parameter now: Nanoseconds on a clock that does not go back.
  public mutating func noteRequest(now: UInt64) {
    withSlot(now) { $0.requests += 1 }
  }

  /// Takes one retry, or says that there is none.
  public mutating func takeRetry(now: UInt64) -> Bool {
    let second = now / 1_000_000_000
    let recent = slots.filter { $0.second + UInt64(Self.window) > second }
    let requests = recent.reduce(0) { $0 + $1.requests }
    let retries = recent.reduce(0) { $0 + $1.retries }
    guard retries < requests * percent / 100 + Self.freeEachSecond * Self.window else {
      return false
    }
    withSlot(now) { $0.retries += 1 }
    return true
  }

  private mutating func withSlot(_ now: UInt64, _ change: (inout Slot) -> Void) {
    let second = now / 1_000_000_000
    let position = Int(second % UInt64(Self.window))
    if slots[position].second != second { slots[position] = Slot(second: second) }
    change(&slots[position])
  }
}
