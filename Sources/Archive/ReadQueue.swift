internal import Dispatch
internal import Synchronization

/// Reads one after the other, each on one state of the database: that of the last commit before
/// it, and so of all that anybody was told of. Works beside the write queue, on a connection of its
/// own.
final class ReadQueue: Sendable {
  let queue: DispatchQueue
  private let refusals: DispatchQueue
  private let database: Database
  private let ownsConnection: Bool
  private let waiting = Mutex((count: 0, isClosed: false))

  /// - Parameter target: The queue that `database` belongs to, when it is not this one's own.
  init(_ database: Database, refusals: DispatchQueue, target: DispatchQueue? = nil) {
    queue = DispatchQueue(label: "deltad.archive.read", target: target)
    ownsConnection = target == nil
    self.refusals = refusals
    self.database = database
  }

  /// Any thread; never waits. After `close`, and when too much waits, the reply is `.refused`.
  func add<Answer: Sendable>(
    _ reply: @escaping Archive.Reply<Answer>,
    _ work: @escaping @Sendable (Database) throws(ArchiveError) -> Answer
  ) {
    let refusal: ArchiveError? = waiting.withLock { waiting in
      if waiting.isClosed { return .closed }
      if waiting.count >= Bounds.reads {
        return ArchiveError(.refused, "\(waiting.count) reads wait for the disk")
      }
      waiting.count += 1
      // In the lock, so that `close` comes after it.
      queue.async { self.perform(reply, work) }
      return nil
    }
    if let refusal { refusals.async { reply(.failure(refusal)) } }
  }

  /// Reads handed in and not done.
  var waitingCount: Int { waiting.withLock { $0.count } }

  /// Takes nothing more.
  func refuse() {
    waiting.withLock { $0.isClosed = true }
  }

  /// After `refuse`: blocks until every read handed in has been answered, then closes the
  /// connection if it is the queue's own. Not on the queue.
  func close() {
    queue.sync { if ownsConnection { database.close() } }
  }

  private func perform<Answer: Sendable>(
    _ reply: Archive.Reply<Answer>,
    _ work: (Database) throws(ArchiveError) -> Answer
  ) {
    let result: Result<Answer, ArchiveError>
    do throws(ArchiveError) {
      // What is read by several statements is of one moment.
      try database.run(.beginReading)
      let answer = try work(database)
      try database.run(.commit)
      result = .success(answer)
    } catch {
      if database.isInTransaction { try? database.run(.rollback) }
      result = .failure(error)
    }
    waiting.withLock { $0.count -= 1 }
    reply(result)
  }
}
