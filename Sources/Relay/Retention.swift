internal import Synchronization

/// Finished streams of all loops, oldest first: what goes when its time is over or the memory is
/// needed. Any thread.
final class Retention: Sendable {
  struct Entry: Sendable {
    var id: StreamID
    /// On the loops' clock.
    var finishedAt: UInt64
    var bytes: Int
  }

  private struct State {
    var entries = FIFOQueue<Entry>()
    /// Nanoseconds.
    var lifetime: UInt64
  }

  private let state: Mutex<State>

  /// - Parameter lifetime: Nanoseconds.
  init(lifetime: UInt64) {
    state = Mutex(State(lifetime: lifetime))
  }

  /// Another lifetime, for those that are here too.
  func configure(lifetime: UInt64) {
    state.withLock { $0.lifetime = lifetime }
  }

  func add(_ entry: Entry) {
    state.withLock { $0.entries.append(entry) }
  }

  /// Takes what has been kept long enough.
  func takeExpired(now: UInt64) -> [Entry] {
    state.withLock { state in
      var expired: [Entry] = []
      while let first = state.entries.first, first.finishedAt &+ state.lifetime <= now,
        let entry = state.entries.popFirst()
      {
        expired.append(entry)
      }
      return expired
    }
  }

  /// Takes the oldest until they make up so many bytes, or none is left.
  func take(bytes: Int) -> [Entry] {
    state.withLock { state in
      var taken: [Entry] = []
      var sum = 0
      while sum < bytes, let entry = state.entries.popFirst() {
        sum += entry.bytes
        taken.append(entry)
      }
      return taken
    }
  }
}
