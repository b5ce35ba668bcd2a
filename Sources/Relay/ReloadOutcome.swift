internal import Synchronization

/// What became of the last attempt to take a new configuration; the first was the start. Any
/// thread.
final class ReloadOutcome: Sendable {
  struct State: Sendable {
    var isTaken = true
    /// Seconds since 1970.
    var takenAt: Int
  }

  private let last: Mutex<State>

  init(startedAt: Int) {
    last = Mutex(State(takenAt: startedAt))
  }

  var state: State { last.withLock { $0 } }

  func taken(at time: Int) { last.withLock { $0 = State(takenAt: time) } }

  /// The one before stays in force.
  func refused() { last.withLock { $0.isTaken = false } }
}
