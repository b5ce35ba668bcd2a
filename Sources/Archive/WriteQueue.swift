// The way in: what is to be written waits here, and is written in groups.
//
// Rules: the first job into an empty queue sends for the writer, who takes all that waits and runs
// it in one transaction, each job behind a savepoint of its own. A job that fails undoes itself
// alone. Replies go out after the commit, in the order of the jobs. When the transaction as a whole
// fails, nothing of it has been written and all of its jobs are told; the next group tries anew, so
// that a disk that was full is used again as soon as it has room.

internal import Dispatch
internal import Synchronization

final class WriteQueue: Sendable {
  /// One thing to be written, and who wants to know.
  struct Job: Sendable {
    struct Outcome {
      /// False: what was written is undone.
      var isKept: Bool
      var reply: () -> Void
    }
    var bytes: Int
    var run: @Sendable (Database) throws(ArchiveError) -> Outcome
    var fail: @Sendable (ArchiveError) -> Void
  }

  /// Jobs that wait for a disk that does not answer: about what a daemon at its limit of
  /// generations has at once. One more is refused.
  static let maximumJobs = 20_000
  /// Bytes of logs that wait with them.
  static let maximumBytes = 64 << 20

  private struct Waiting {
    var jobs: [Job] = []
    var bytes = 0
    var isClosed = false
  }
  private let waiting = Mutex(Waiting())
  private let queue: DispatchQueue
  private let database: Database

  init(_ database: Database, _ queue: DispatchQueue) {
    self.database = database
    self.queue = queue
  }

  /// Any thread. Never waits.
  func submit(_ job: Job) {
    let verdict = waiting.withLock { waiting -> (isTaken: Bool, isFirst: Bool) in
      guard !waiting.isClosed, waiting.jobs.count < Self.maximumJobs,
        waiting.bytes + job.bytes <= Self.maximumBytes || waiting.jobs.isEmpty
      else { return (false, false) }
      waiting.jobs.append(job)
      waiting.bytes += job.bytes
      return (true, waiting.jobs.count == 1)
    }
    if !verdict.isTaken {
      queue.async { job.fail(ArchiveError(.refused, "closed, or too much waits for the disk")) }
    } else if verdict.isFirst {
      queue.async { self.drain() }
    }
  }

  /// Waits until all that was submitted has been done. What comes later is refused.
  func close() {
    waiting.withLock { $0.isClosed = true }
    queue.sync {}
  }

  private func drain() {
    let jobs = waiting.withLock { waiting in
      defer { (waiting.jobs, waiting.bytes) = ([], 0) }
      return waiting.jobs
    }
    do {
      for reply in try commit(jobs) { reply() }
    } catch {
      for job in jobs { job.fail(error) }
    }
  }

  /// - Returns: What to say once it is written.
  private func commit(_ jobs: [Job]) throws(ArchiveError) -> [() -> Void] {
    try database.statement(.begin).run()
    do {
      var replies: [() -> Void] = []
      for job in jobs { replies.append(try run(job)) }
      try database.statement(.commit).run()
      return replies
    } catch {
      // Some errors have ended the transaction by themselves.
      if database.isInTransaction { try? database.statement(.rollback).run() }
      throw error
    }
  }

  /// Throws only when the transaction has come to its end with it.
  private func run(_ job: Job) throws(ArchiveError) -> () -> Void {
    try database.statement(.savepoint).run()
    let reply: () -> Void
    do {
      let outcome = try job.run(database)
      if !outcome.isKept { try database.statement(.rollbackToSavepoint).run() }
      reply = outcome.reply
    } catch {
      guard database.isInTransaction else { throw error }
      try database.statement(.rollbackToSavepoint).run()
      reply = { job.fail(error) }
    }
    try database.statement(.release).run()
    return reply
  }
}
