/// Keeps requests away from an upstream that fails, and finds out when it is well again.
///
/// Closed: requests go through; so many failures in a row, or most of the recent requests, open it.
/// Open: none goes through until the pause is over. Then one does, the probe: if it succeeds the
/// breaker closes, if it fails it is open for another pause. Only faults of the upstream count: not
/// clients that left, nor requests that it rightly refused.
///
/// A probe whose end nobody reports is forgotten after another pause.
public struct CircuitBreaker: Sendable {
  public enum State: Sendable, Equatable {
    case closed(failuresInRow: Int)
    /// Until a point in time, nanoseconds.
    case open(until: UInt64)
    /// One request is under way; forgotten at a point in time.
    case probing(until: UInt64)
  }

  public enum Verdict: Sendable, Equatable {
    case allowed
    /// It is worth asking again after so many nanoseconds.
    case refused(retryAfter: UInt64)
  }

  public private(set) var state = State.closed(failuresInRow: 0)
  private var threshold: Int
  private var pause: UInt64
  /// The last outcomes, newest lowest: 1 is a failure.
  private var recent: UInt32 = 0
  private var recentCount = 0

  /// Of so many recent requests half must have failed to open it.
  private static let sample = 20

  /// - Parameters:
  ///   - threshold: Failures in a row; 0 never opens.
  ///   - pause: Nanoseconds.
  public init(threshold: Int, pause: UInt64) {
    self.threshold = threshold
    self.pause = pause
  }

  /// Other limits from now on. An open one stays open until its pause is over, one that never opens
  /// any more is closed.
  public mutating func configure(threshold: Int, pause: UInt64) {
    self.threshold = threshold
    self.pause = pause
    if threshold == 0 { state = .closed(failuresInRow: 0) }
  }

  /// Whether a request may go out now; if so its end must be told.
  public mutating func admit(now: UInt64) -> Verdict {
    switch state {
    case .closed: return .allowed
    case .open(let until), .probing(let until):
      guard now >= until else { return .refused(retryAfter: until - now) }
      state = .probing(until: now &+ pause)
      return .allowed
    }
  }

  public mutating func succeeded() {
    switch state {
    case .closed:
      state = .closed(failuresInRow: 0)
      note(isFailure: false)
    case .probing:
      state = .closed(failuresInRow: 0)
      (recent, recentCount) = (0, 0)
    // Of a request that went out before it opened.
    case .open: break
    }
  }

  public mutating func failed(now: UInt64) {
    guard threshold > 0 else { return }
    switch state {
    case .closed(let failures):
      note(isFailure: true)
      let isMost = recentCount >= Self.sample && recent.nonzeroBitCount * 2 >= Self.sample
      if failures + 1 >= threshold || isMost {
        state = .open(until: now &+ pause)
        (recent, recentCount) = (0, 0)
      } else {
        state = .closed(failuresInRow: failures + 1)
      }
    case .probing: state = .open(until: now &+ pause)
    case .open: break
    }
  }

  /// A request ended without saying anything of the upstream: its client left, or was wrong.
  public mutating func ended(now: UInt64) {
    if case .probing = state { state = .open(until: now) }
  }

  private mutating func note(isFailure: Bool) {
    recent = (recent << 1 | (isFailure ? 1 : 0)) & (1 << UInt32(Self.sample) - 1)
    recentCount = min(recentCount + 1, Self.sample)
  }
}
