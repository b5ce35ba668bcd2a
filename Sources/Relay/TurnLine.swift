internal import Synchronization

/// Where somebody waits: the ticket means something to that loop alone.
struct Waiter: Equatable, Sendable {
  var loop: Int
  var ticket: UInt64
}

/// Lets the turns of one conversation follow each other, whichever loops they are on: histories
/// never interleave. Any thread; taken once a turn, never for an event.
///
/// Invariant: a conversation is in `lines` exactly while one turn of it is under way; those who
/// wait are there in the order in which they came.
final class TurnLine: Sendable {
  enum Place: Equatable, Sendable {
    /// It is this one's turn, until `release`.
    case granted
    /// Its loop is told when it is its turn.
    case waiting
    /// So many wait already that one more is refused.
    case full
  }

  private let lines = Mutex<[String: [Waiter]]>([:])
  private let limit: Atomic<Int>

  /// - Parameter limit: How many may wait in one conversation.
  init(limit: Int) {
    self.limit = Atomic(limit)
  }

  /// Who waits already goes on waiting.
  func configure(limit: Int) {
    self.limit.store(limit, ordering: .relaxed)
  }

  func take(_ conversation: String, for waiter: Waiter) -> Place {
    lines.withLock { lines in
      guard let waiting = lines[conversation] else {
        lines[conversation] = []
        return .granted
      }
      guard waiting.count < limit.load(ordering: .relaxed) else { return .full }
      lines[conversation]?.append(waiter)
      return .waiting
    }
  }

  /// The turn under way has ended. Returns whose turn it is now: it must be told.
  func release(_ conversation: String) -> Waiter? {
    lines.withLock { lines in
      guard let waiting = lines[conversation] else { return nil }
      guard let next = waiting.first else {
        lines[conversation] = nil
        return nil
      }
      lines[conversation]?.removeFirst()
      return next
    }
  }

  /// Waits no longer. False when it is its turn already.
  func leave(_ conversation: String, _ waiter: Waiter) -> Bool {
    lines.withLock { lines in
      guard let position = lines[conversation]?.firstIndex(of: waiter) else { return false }
      lines[conversation]?.remove(at: position)
      return true
    }
  }
}
