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

  private struct Queue {
    var entries: [Entry] = []
    var head = 0
    /// Nanoseconds.
    var lifetime: UInt64

    mutating func takeFirst(where condition: (Entry) -> Bool) -> Entry? {
      guard head < entries.count, condition(entries[head]) else { return nil }
      defer {
        head += 1
        if head > 1024, head * 2 > entries.count {
          entries.removeFirst(head)
          head = 0
        }
      }
      return entries[head]
    }
  }

  private let queue: Mutex<Queue>

  /// - Parameter lifetime: Nanoseconds.
  init(lifetime: UInt64) {
    queue = Mutex(Queue(lifetime: lifetime))
  }

  /// Another lifetime, for those that are here too.
  func configure(lifetime: UInt64) {
    queue.withLock { $0.lifetime = lifetime }
  }

  func add(_ entry: Entry) {
    queue.withLock { $0.entries.append(entry) }
  }

  /// Takes what has been kept long enough.
  func takeExpired(now: UInt64) -> [Entry] {
    queue.withLock { queue in
      var expired: [Entry] = []
      let lifetime = queue.lifetime
      while let entry = queue.takeFirst(where: { $0.finishedAt &+ lifetime <= now }) {
        expired.append(entry)
      }
      return expired
    }
  }

  /// Takes the oldest until they make up so many bytes, or none is left.
  func take(bytes: Int) -> [Entry] {
    queue.withLock { queue in
      var taken: [Entry] = []
      var sum = 0
      while sum < bytes, let entry = queue.takeFirst(where: { _ in true }) {
        sum += entry.bytes
        taken.append(entry)
      }
      return taken
    }
  }
}
