import Dispatch
import Metrics
import TestSupport
import Testing

@testable import Archive

@Suite struct ArchiveFiguresTests {
  private func limit(_ archive: Archive, pages: Int?) throws {
    try archive.writes.withDatabase { database in
      let used = Int(try database.runOnce("PRAGMA page_count") ?? "") ?? 0
      try database.runOnce("PRAGMA max_page_count = \(pages.map { used + $0 } ?? 1 << 30)")
    }
  }

  /// The queue counts a group before it answers: what has been answered has been counted.
  @Test func `a commit that writes is counted and timed, one that writes nothing is not`()
    async throws
  {
    let archive = try Archive(.memory, now: 0)
    defer { archive.close() }
    #expect(archive.figures.commits.count == 0)
    _ = try await archive.begin(TurnStart(.none, "s"))
    let figures = archive.figures
    #expect(figures.commits.count == 1)
    #expect(figures.commits.sum > 0)
    #expect(figures.changes == 1)
    #expect(figures.failures == [:])
    let sweep = Sweep(streamsBefore: 0, conversationsBefore: nil, rows: 1)
    _ = try await answer { archive.sweep(sweep, $0) }
    #expect(archive.figures.commits == figures.commits)
  }

  @Test func `what waits is known while the disk stands still`() async throws {
    let archive = try Archive(.memory, now: 0)
    defer { archive.close() }
    let part = JournalPart(streamID: "s", bytes: [1, 2, 3])
    archive.writes.queue.suspend()
    archive.journal([part]) { _ in }
    #expect(archive.figures.waitingChanges == 1)
    #expect(archive.figures.waitingBytes > 0)
    archive.writes.queue.resume()
    _ = await result { archive.journal([part], $0) }
    #expect(archive.figures.waitingChanges == 0)
    #expect(archive.figures.waitingBytes == 0)
  }

  @Test func `an archive fails from a change that the disk did not take until one that it took`()
    async throws
  {
    let archive = try Archive(.memory, now: 0)
    defer { archive.close() }
    _ = try await archive.begin(TurnStart(.none, "t"))
    try limit(archive, pages: 4)
    let part = JournalPart(streamID: "t", bytes: [UInt8](repeating: 1, count: 100_000))
    #expect(await reason { archive.journal([part], $0) } == .full)
    let failed = try #require(archive.writes.figures.lastFailure)
    #expect(archive.writes.figures.isFailing(now: failed))
    #expect(
      !archive.writes.figures.isFailing(now: failed + ArchiveFigures.failureLifetime),
      "somebody must try again")
    #expect(archive.figures.failures == [.full: 1])
    try limit(archive, pages: nil)
    #expect(archive.writes.figures.lastFailure == failed)
    try await answer { archive.journal([part], $0) }
    #expect(!archive.isFailing)
  }

  @Test func `a change that is refused is no failure of the disk`() async throws {
    let archive = try Archive(.memory, now: 0)
    archive.close()
    #expect(await reason { archive.begin(TurnStart(.none, "s"), $0) } == .refused)
    #expect(!archive.isFailing)
  }
}
