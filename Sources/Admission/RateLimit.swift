/// A limit on how often something may happen, as GCRA decides it: the state of a key is one
/// integer, its theoretical arrival time (TAT), at which it would have recovered fully.
///
/// With T = period / requests, the burst being `requests`: at `now` one more is allowed exactly
/// when max(TAT, now) + T - now <= period. In any time t no more than requests +
/// requests × t / period are allowed. (ITU-T I.371, annex A; the virtual scheduling form.)
public struct RateLimit: Sendable, Equatable {
  public let requests: Int
  /// Nanoseconds.
  public let period: UInt64
  /// T: nanoseconds that one request takes to recover, rounded up so that none gets in between.
  private let interval: UInt64

  /// - Parameters:
  ///   - requests: At least 1.
  ///   - period: Nanoseconds, at least 1.
  public init(requests: Int, period: UInt64) {
    precondition(requests > 0 && period > 0, "a limit lets something through")
    self.requests = requests
    self.period = period
    interval = period / UInt64(requests) + (period % UInt64(requests) == 0 ? 0 : 1)
  }

  /// Decides on a request at `now`. A refused one changes nothing.
  /// - Parameters:
  ///   - tat: The key's state; 0 for a new one.
  ///   - now: Nanoseconds on any clock that does not go back.
  public func decide(tat: UInt64, now: UInt64) -> RateDecision {
    let base = max(tat, now)
    let (next, overflows) = base.addingReportingOverflow(interval)
    guard !overflows, next - now <= burst else {
      let wait = overflows ? interval : next - now - burst
      return decision(false, tat: base, now: now, retryAfter: wait)
    }
    return decision(true, tat: next, now: now, retryAfter: 0)
  }

  /// What is left at `now`, without a request.
  public func peek(tat: UInt64, now: UInt64) -> RateDecision {
    decision(true, tat: max(tat, now), now: now, retryAfter: 0)
  }

  /// Whether the state says nothing any more: that of a new key is as good.
  public func hasRecovered(tat: UInt64, now: UInt64) -> Bool { tat <= now }

  /// The state that a key has under this limit when it had `tat` under another: as many requests
  /// have been used, up to all there are.
  public func carriedOver(tat: UInt64, from former: RateLimit, now: UInt64) -> UInt64 {
    guard tat > now else { return tat }
    let used = (tat - now).multipliedFullWidth(by: interval)
    guard used.high < former.interval else { return now &+ burst }
    return now &+ min(former.interval.dividingFullWidth(used).quotient, burst)
  }

  /// τ + T: as many whole intervals as there are requests.
  private var burst: UInt64 {
    let (product, overflows) = interval.multipliedReportingOverflow(by: UInt64(requests))
    return overflows ? .max : product
  }

  private func decision(
    _ isAllowed: Bool, tat: UInt64, now: UInt64, retryAfter: UInt64
  ) -> RateDecision {
    let used = tat - now
    let left = used >= burst ? 0 : (burst - used) / interval
    return RateDecision(
      isAllowed: isAllowed, tat: tat, limit: requests, period: period,
      remaining: min(Int(clamping: left), requests),
      resetAfter: used, retryAfter: retryAfter)
  }
}

/// What a limit says of one request, and what the client may be told.
public struct RateDecision: Sendable, Equatable {
  public var isAllowed: Bool
  /// The key's new state.
  public var tat: UInt64
  public var limit: Int
  /// Nanoseconds.
  public var period: UInt64
  /// Requests that would be allowed at once.
  public var remaining: Int
  /// Nanoseconds until all of the limit is there again.
  public var resetAfter: UInt64
  /// Nanoseconds until the refused request would be allowed; 0 when it is.
  public var retryAfter: UInt64
}
