// The write queue: between everyone who has something to be written down and the disk.
//
// Jobs are handed in from any thread and gather in a list; the first into an empty one schedules a
// drain on the queue. A drain takes all that wait and does them in one transaction, in the order in
// which they came: one sync of the disk for all that came during the last one (group commit). Each
// job runs in a savepoint of its own, so that one that fails undoes only itself.
//
// Rules: a reply is called exactly once, on the queue, and a success only after the commit. When
// the commit fails, or SQLite gives up the transaction under way, every job of the group gets that
// error and nothing of the group is written. The next group simply tries again.
//
// Invariant: `count` and `bytes` are those of the jobs that wait or are under way; a drain is
// scheduled whenever the list is not empty.

internal import Dispatch
internal import Synchronization

final class WriteQueue: Sendable {
  /// What becomes of what a job has written.
  enum Done<Answer> {
    case keep(Answer)
    /// The answer is a success, and nothing is written.
    case undo(Answer)
  }

  private struct Job: Sendable {
    let bytes: Int
    /// Runs in a savepoint. Says whether that is kept, and what to call after the commit.
    let run: @Sendable (Database) throws(ArchiveError) -> (isKept: Bool, reply: () -> Void)
    let fail: @Sendable (ArchiveError) -> Void
  }

  private struct Waiting {
    var jobs: [Job] = []
    var count = 0
    var bytes = 0
    var isClosed = false
    var figures = ArchiveFigures()
  }

  let queue = DispatchQueue(label: "deltad.archive.write")
  private let refusals: DispatchQueue
  private let database: Database
  private let waiting = Mutex(Waiting())

  /// - Parameter refusals: Where what cannot be taken is answered, while the disk stands still.
  init(_ database: Database, refusals: DispatchQueue) {
    self.database = database
    self.refusals = refusals
  }

  /// Any thread; never waits. `bytes` is what the job keeps in memory. After `close`, and when too
  /// much waits, the reply is `.refused`.
  func add<Answer: Sendable>(
    bytes: Int = 0, _ reply: @escaping Archive.Reply<Answer>,
    _ work: @escaping @Sendable (Database) throws(ArchiveError) -> Done<Answer>
  ) {
    let job = Job(
      bytes: bytes,
      run: { database throws(ArchiveError) in
        switch try work(database) {
        case .keep(let answer): (true, { reply(.success(answer)) })
        case .undo(let answer): (false, { reply(.success(answer)) })
        }
      }, fail: { reply(.failure($0)) })
    if let refusal = enqueue(job) { refusals.async { job.fail(refusal) } }
  }

  private func enqueue(_ job: Job) -> ArchiveError? {
    waiting.withLock { waiting in
      if waiting.isClosed { return .closed }
      if waiting.count >= Bounds.changes || waiting.bytes + job.bytes > Bounds.changeBytes {
        waiting.figures.count([.refused])
        return ArchiveError(.refused, "\(waiting.count) changes wait for the disk")
      }
      waiting.jobs.append(job)
      waiting.count += 1
      waiting.bytes += job.bytes
      // In the lock, so that a `close` comes after every drain that has work.
      if waiting.jobs.count == 1 { queue.async { self.drain() } }
      return nil
    }
  }

  /// Takes nothing more.
  func refuse() {
    waiting.withLock { $0.isClosed = true }
  }

  /// After `refuse`: blocks until everything handed in has been done and answered, then closes the
  /// connection. Not on the queue.
  func close() {
    queue.sync { database.close() }
  }

  /// Blocks until `body` has had the connection for itself, between two groups. Not on the queue.
  func withDatabase<Answer>(_ body: (Database) throws -> Answer) rethrows -> Answer {
    try queue.sync { try body(database) }
  }

  /// What it has done so far, and what waits.
  var figures: ArchiveFigures {
    waiting.withLock { waiting in
      var figures = waiting.figures
      figures.waitingChanges = waiting.count
      figures.waitingBytes = waiting.bytes
      return figures
    }
  }

  // MARK: On the queue

  /// What came of one transaction.
  private struct Group {
    /// To all jobs, in order.
    var replies: [() -> Void] = []
    var failures: [ArchiveError.Reason] = []
    /// Something was written, and is on the disk.
    var hasWritten = false
  }

  private func drain() {
    let jobs = waiting.withLock { waiting in
      var taken: [Job] = []
      swap(&taken, &waiting.jobs)
      return taken
    }
    let begun = DispatchTime.now().uptimeNanoseconds
    let group = perform(jobs)
    let ended = DispatchTime.now().uptimeNanoseconds
    waiting.withLock { waiting in
      waiting.count -= jobs.count
      waiting.bytes -= jobs.reduce(0) { $0 + $1.bytes }
      waiting.figures.count(group.failures)
      if group.hasWritten {
        waiting.figures.count(commit: ended - begun, changes: jobs.count - group.failures.count)
      }
      if group.failures.contains(where: \.isDisks) {
        waiting.figures.lastFailure = ended
      } else if group.hasWritten {
        waiting.figures.lastFailure = nil
      }
    }
    for reply in group.replies { reply() }
  }

  private func perform(_ jobs: [Job]) -> Group {
    let changes = database.allChanges
    do throws(ArchiveError) {
      try database.run(.begin)
      var group = Group()
      for job in jobs { try perform(job, in: &group) }
      try database.run(.commit)
      group.hasWritten = database.allChanges != changes
      return group
    } catch {
      // A rollback cannot fail but for what ends the transaction as well.
      if database.isInTransaction { try? database.run(.rollback) }
      return Group(
        replies: jobs.map { job in { job.fail(error) } },
        failures: jobs.map { _ in error.reason })
    }
  }

  /// One job in its savepoint. Throws what the whole group must hear of.
  private func perform(_ job: Job, in group: inout Group) throws(ArchiveError) {
    try database.run(.savepoint)
    do throws(ArchiveError) {
      let done = try job.run(database)
      if !done.isKept { try database.run(.rollbackToSavepoint) }
      try database.run(.releaseSavepoint)
      group.replies.append(done.reply)
    } catch {
      guard database.isInTransaction else { throw error }
      try database.run(.rollbackToSavepoint)
      try database.run(.releaseSavepoint)
      group.replies.append { job.fail(error) }
      group.failures.append(error.reason)
    }
  }
}

extension ArchiveError {
  static let closed = ArchiveError(.refused, "the archive has been closed")
}
