internal import Synchronization

/// Generations under way over all loops, and those who wait for one of them to end, first come
/// first served. Any thread; locked twice a generation.
///
/// Invariant: nobody waits while there is room.
final class GenerationQueue: Sendable {
  struct Limits: Equatable, Sendable {
    var running: Int
    /// One more is turned away.
    var waiting: Int
  }

  private struct State {
    var limits: Limits
    var running = 0
    var waiting = FIFOQueue<Waiter>()
  }
  private let state: Mutex<State>

  init(_ limits: Limits) {
    state = Mutex(State(limits: limits))
  }

  var running: Int { state.withLock { $0.running } }
  var waiting: Int { state.withLock { $0.waiting.count } }

  /// Takes a place if one is free.
  func take() -> Bool {
    state.withLock { state in
      guard state.running < state.limits.running, state.waiting.isEmpty else { return false }
      state.running += 1
      return true
    }
  }

  /// Takes a place, or waits for one.
  func take(for waiter: Waiter) -> TurnLine.Place {
    state.withLock { state in
      if state.running < state.limits.running, state.waiting.isEmpty {
        state.running += 1
        return .granted
      }
      guard state.waiting.count < state.limits.waiting else { return .full }
      state.waiting.append(waiter)
      return .waiting
    }
  }

  /// A generation has ended. Returns who has its place now: it must be told.
  func release() -> Waiter? {
    state.withLock { state in
      if state.running <= state.limits.running, let next = state.waiting.popFirst() { return next }
      state.running -= 1
      return nil
    }
  }

  /// Waits no longer. False when it has its place already.
  func leave(_ waiter: Waiter) -> Bool {
    state.withLock { $0.waiting.remove(waiter) }
  }

  /// Other limits from now on; who runs or waits already goes on. Returns those for whom there is
  /// room now: they must be told.
  func configure(_ limits: Limits) -> [Waiter] {
    state.withLock { state in
      state.limits = limits
      var granted: [Waiter] = []
      while state.running < limits.running, let next = state.waiting.popFirst() {
        state.running += 1
        granted.append(next)
      }
      return granted
    }
  }
}
