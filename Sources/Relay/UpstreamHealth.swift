internal import Admission
internal import Configuration
internal import EventLoop
internal import Synchronization

/// How one upstream does, over all loops: whether requests go there, and how many retries. Any
/// thread; locked once a request and once at its end.
final class UpstreamHealth: Sendable {
  private struct State {
    var breaker: CircuitBreaker
    var budget: RetryBudget
    var policy: RetryPolicy
  }
  private let state: Mutex<State>

  init(_ upstream: Settings.Upstream) {
    state = Mutex(
      State(
        breaker: CircuitBreaker(
          threshold: upstream.breakerFailures, pause: upstream.breakerPause.nanoseconds),
        budget: RetryBudget(percent: upstream.retryBudget), policy: RetryPolicy(upstream)))
  }

  /// Other limits from now on; what has happened so far counts on.
  func configure(_ upstream: Settings.Upstream) {
    state.withLock { state in
      state.breaker.configure(
        threshold: upstream.breakerFailures, pause: upstream.breakerPause.nanoseconds)
      state.budget.percent = upstream.retryBudget
      state.policy = RetryPolicy(upstream)
    }
  }

  var policy: RetryPolicy { state.withLock { $0.policy } }

  var circuit: CircuitBreaker.State { state.withLock { $0.breaker.state } }

  /// Whether a request may go there now; if so its end must be told.
  func admit(now: UInt64) -> CircuitBreaker.Verdict {
    state.withLock { state in
      let verdict = state.breaker.admit(now: now)
      if verdict == .allowed { state.budget.noteRequest(now: now) }
      return verdict
    }
  }

  func takeRetry(now: UInt64) -> Bool { state.withLock { $0.budget.takeRetry(now: now) } }

  func succeeded() { state.withLock { $0.breaker.succeeded() } }

  func failed(now: UInt64) { state.withLock { $0.breaker.failed(now: now) } }

  /// The request ended without saying anything of the upstream.
  func ended(now: UInt64) { state.withLock { $0.breaker.ended(now: now) } }
}

extension RetryPolicy {
  fileprivate init(_ upstream: Settings.Upstream) {
    self.init(
      retries: upstream.retries, base: upstream.retryBase.nanoseconds,
      cap: upstream.retryCap.nanoseconds)
  }
}
