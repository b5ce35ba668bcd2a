import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import Archive

@Suite struct WriteQueueTests {
  private let folder: TemporaryFolder
  private let path: String
  private let archive: Archive

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("deltad.sqlite")
    archive = try Archive(.file(path), now: 0)
  }

  /// The answers to all, which are handed in before the first of them is done: one group.
  private func group<Answer: Sendable>(
    _ asks: [(@escaping Archive.Reply<Answer>) -> Void]
  ) async -> [Result<Answer, ArchiveError>] {
    let answers = Mutex<[Result<Answer, ArchiveError>]>([])
    let count = asks.count
    archive.writes.queue.suspend()
    return await withCheckedContinuation { continuation in
      for ask in asks {
        ask { answer in
          let all = answers.withLock { answers in
            answers.append(answer)
            return answers
          }
          if all.count == count { continuation.resume(returning: all) }
        }
      }
      archive.writes.queue.resume()
    }
  }

  private func begins(_ turns: [TurnStart]) -> [(@escaping Archive.Reply<TurnBegun>) -> Void] {
    turns.map { turn in { self.archive.begin(turn, $0) } }
  }

  /// A job that does with the database as it likes.
  private func job(
    _ work: @escaping @Sendable (Database) throws(ArchiveError) -> WriteQueue.Done<TurnBegun>
  ) -> (@escaping Archive.Reply<TurnBegun>) -> Void {
    { self.archive.writes.add($0, work) }
  }

  private func count(_ table: String, in database: Database) throws(ArchiveError) -> Int {
    Int(try database.runOnce("SELECT count(*) FROM \(table)") ?? "") ?? -1
  }

  private func streams() throws -> Int {
    try archive.writes.withDatabase { try count("streams", in: $0) }
  }

  // MARK: Groups

  @Test func `what is handed in at once is all done and answered, in order`() async throws {
    let turns = (0..<500).map { TurnStart(.newChat("c\($0)"), "s\($0)") }
    let answers = await group(begins(turns))
    let ids = try answers.map { answer -> String? in
      guard case .begun(let conversation, _) = try answer.get() else { return nil }
      return conversation?.id
    }
    #expect(ids == turns.indices.map { "c\($0)" })
    #expect(try streams() == 500)
  }

  @Test func `one that fails, or has nothing to write, undoes only itself`() async throws {
    let turns = [
      TurnStart(.newChat("c"), "s1"), TurnStart(.newChat("d"), "s1"),
      TurnStart(.newChat("d"), "s2"), TurnStart(.chat("x"), "s3"),
      TurnStart(.chat("c"), "s4"),
    ]
    let answers = await group(begins(turns))
    let failures = answers.map { answer -> ArchiveError.Reason? in
      if case .failure(let error) = answer { error.reason } else { nil }
    }
    #expect(failures == [nil, .other, nil, nil, nil])
    #expect(try answers[3].get() == .unknown)
    #expect(try streams() == 3)
    #expect(try await archive.chat("d") != nil)
  }

  @Test func `nobody hears of success when the commit fails`() async throws {
    // A reference that leads nowhere, found at the commit.
    let poison = job { database throws(ArchiveError) in
      try database.runOnce("PRAGMA defer_foreign_keys = ON")
      try database.append(user("m"), to: 999)
      return .keep(.unknown)
    }
    let others = begins([TurnStart(.none, "s1"), TurnStart(.none, "s2")])
    let answers = await group([others[0], poison, others[1]])
    for answer in answers {
      guard case .failure(let error) = answer else {
        Issue.record("success without a commit: \(answer)")
        continue
      }
      #expect(error.description.hasPrefix("commit: FOREIGN KEY"))
    }
    #expect(try streams() == 0)
    #expect(try await archive.begin(TurnStart(.none, "s1")) == .begun(nil, history: []))
  }

  @Test func `when the transaction is lost under way, so is the group`() async throws {
    let lost = ArchiveError(.input, "the disk is gone")
    let breaking = job { database throws(ArchiveError) in
      try database.run(.rollback)
      throw lost
    }
    let others = begins([TurnStart(.none, "s1"), TurnStart(.none, "s2")])
    let answers = await group([others[0], breaking, others[1]])
    #expect(answers == Array(repeating: .failure(lost), count: 3))
    #expect(try streams() == 0)
    #expect(try await archive.begin(TurnStart(.none, "s1")) == .begun(nil, history: []))
  }

  // MARK: Commits

  @Test func `a reply comes after the commit, and the work before it is not seen`() async throws {
    let seen = Mutex<[Int]>([])
    let path = path
    let look: @Sendable () -> Void = {
      let count = try? Database(path, lock: nil).runOnce("SELECT count(*) FROM streams")
      seen.withLock { $0.append(Int(count.flatMap { $0 } ?? "") ?? -1) }
    }
    let looking = job { database in
      look()
      return .keep(.unknown)
    }
    let begin = begins([TurnStart(.none, "s")])[0]
    _ = await group([
      { reply in
        begin {
          look(); reply($0)
        }
      }, looking,
    ])
    #expect(seen.withLock { $0 } == [0, 1])
  }

  @Test func `reads go on while a change is under way`() async throws {
    try await archive.turn(.newChat("c"), "s")
    let started = DispatchSemaphore(value: 0)
    let mayEnd = DispatchSemaphore(value: 0)
    let slow = job { database throws(ArchiveError) in
      try database.runOnce("DELETE FROM messages")
      started.signal()
      mayEnd.wait()
      return .keep(.unknown)
    }
    async let done = result(slow)
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        started.wait()
        continuation.resume()
      }
    }
    #expect(try await archive.chat("c")?.messages.count == 2)
    mayEnd.signal()
    _ = await done
    #expect(try await archive.chat("c")?.messages.count == 0)
  }

  @Test func `the connection that reads cannot write`() async throws {
    let denied = await reason { reply in
      archive.reads.add(reply) { database throws(ArchiveError) in
        try database.runOnce("DELETE FROM streams")
      }
    }
    #expect(denied == .input)
    #expect(try await archive.chat("c") == nil)
  }

  // MARK: Bounds

  @Test func `beyond its bound the queue refuses at once, and takes more when it has done some`()
    async throws
  {
    let queue = archive.writes
    queue.queue.suspend()
    let done = Atomic<Int>(0)
    for _ in 0..<Bounds.changes {
      queue.add({ (_: Result<Void, ArchiveError>) in done.add(1, ordering: .relaxed) }) { _ in
        .undo(())
      }
    }
    #expect(await reason { archive.begin(TurnStart(.none, "s"), $0) } == .refused)
    queue.queue.resume()
    queue.withDatabase { _ in #expect(done.load(ordering: .relaxed) == Bounds.changes) }
    #expect(try await archive.begin(TurnStart(.none, "s")) == .begun(nil, history: []))
  }

  @Test func `so it does when too many bytes wait`() async throws {
    _ = try await archive.begin(TurnStart(.none, "s"))
    archive.writes.queue.suspend()
    archive.writes.add(bytes: Bounds.changeBytes - 1, { (_: Result<Void, ArchiveError>) in }) {
      _ in .undo(())
    }
    let two = [JournalPart(streamID: "s", bytes: [1, 2])]
    #expect(await reason { archive.journal(two, $0) } == .refused)
    async let one = answer { archive.journal([JournalPart(streamID: "s", bytes: [3])], $0) }
    archive.writes.queue.resume()
    try await one
    try await answer { archive.journal(two, $0) }
    _ = try await archive.finish(TurnEnd("s"))
    #expect(try await archive.stream("s")?.log == [3, 1, 2])
  }

  // MARK: The end

  @Test func `reads are bounded as well`() async throws {
    archive.reads.queue.suspend()
    let done = Atomic<Int>(0)
    for _ in 0..<Bounds.reads {
      archive.reads.add({ (_: Result<Void, ArchiveError>) in done.add(1, ordering: .relaxed) }) {
        _ in
      }
    }
    #expect(await reason { archive.chat("c", owner: "o", $0) } == .refused)
    archive.reads.queue.resume()
    archive.reads.queue.sync { #expect(done.load(ordering: .relaxed) == Bounds.reads) }
    #expect(try await archive.chat("c") == nil)
  }

  @Test(arguments: [true, false])
  func `closing waits for everything, and refuses what comes later`(isFile: Bool) async throws {
    let archive = isFile ? archive : try .inMemory()
    let done = Atomic<Int>(0)
    for number in 0..<100 {
      archive.stream("x", finishedAfter: 0) { answer in
        if case .success = answer { done.add(1, ordering: .relaxed) }
      }
      archive.begin(TurnStart(.none, "s\(number)")) { answer in
        if case .success = answer { done.add(1, ordering: .relaxed) }
      }
    }
    archive.close()
    #expect(done.load(ordering: .relaxed) == 200)
    archive.close()
    #expect(await reason { archive.begin(TurnStart(.none, "s"), $0) } == .refused)
    #expect(await reason { archive.chat("c", owner: "o", $0) } == .refused)
    if !isFile { return }
    let again = try Archive(.file(path), now: 1)
    #expect(again.interruptedStreams == 100)
    again.close()
  }

  @Test func `in memory, where both share a connection, the writer closes it`() async throws {
    let archive = try Archive.inMemory()
    archive.reads.refuse()
    archive.reads.close()
    #expect(try await archive.begin(TurnStart(.none, "s")) == .begun(nil, history: []))
    archive.close()
  }
}
