import TestSupport
import Testing

@testable import Archive

/// What an archive makes of what a process left that died.
@Suite struct RecoveryTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("deltad.sqlite")
  }

  private func open(now: Int64) throws -> Archive { try Archive(.file(path), now: now) }

  private static let interrupted = StoredEnding.failed(
    code: "interrupted", message: "the daemon stopped before the answer was complete")

  @Test func `a stream that ran is interrupted, with what was journaled`() async throws {
    let before = try open(now: 0)
    let row = try await before.beginning(TurnStart(.newChat("c"), "s1", now: 3)).row
    _ = try await before.begin(TurnStart(.none, "s2"))
    _ = try await before.begin(TurnStart(.none, "s3"))
    try await answer { before.journal([JournalPart(streamID: "s1", bytes: [1, 2])], $0) }
    _ = try await before.finish(TurnEnd("s3", now: 4))
    before.close()

    let after = try open(now: 50)
    defer { after.close() }
    #expect(after.interruptedStreams == 2)
    let stored = try await after.stream("s1", finishedAfter: 50)
    #expect(stored?.ending == Self.interrupted)
    #expect(stored?.log == [1, 2])
    #expect(stored?.createdAt == 3 && stored?.finishedAt == 50)
    #expect(stored?.conversation?.row == row)
    #expect(try await after.stream("s2")?.ending == Self.interrupted)
    #expect(try await after.stream("s3")?.ending == .done)
  }

  @Test func `streams are interrupted once`() async throws {
    let before = try open(now: 0)
    _ = try await before.begin(TurnStart(.none, "s"))
    before.close()
    try open(now: 50).close()
    let again = try open(now: 60)
    defer { again.close() }
    #expect(again.interruptedStreams == 0)
    #expect(try await again.stream("s")?.finishedAt == 50)
  }

  @Test func `only a chat in its first turn becomes an error`() async throws {
    let before = try open(now: 0)
    _ = try await before.begin(TurnStart(.newChat("first"), "s1", message: user("m1")))
    try await before.turn(.newChat("second"), "s2")
    _ = try await before.begin(TurnStart(.chat("second"), "s3", message: user("m2")))
    _ = try await before.begin(TurnStart(.newChat("ended"), "s4"))
    _ = try await answer { before.endChat("ended", owner: "o", now: 2, $0) }
    _ = try await before.begin(TurnStart(.widget("w", id: "widget"), "s5"))
    let row = try await before.beginning(TurnStart(.newChat("idle"), "s6")).row
    _ = try await before.finish(TurnEnd("s6", conversation: row))
    before.close()

    let after = try open(now: 50)
    defer { after.close() }
    #expect(after.interruptedStreams == 4)
    let statuses = [
      "first": ConversationStatus.error, "second": .inProgress, "ended": .ended,
      "idle": .inProgress,
    ]
    for (id, status) in statuses {
      #expect(try await after.chat(id)?.conversation.status == status, "\(id)")
    }
    let widget = try await answer { after.widgetConversation("widget", $0) }
    #expect(widget?.conversation.status == .inProgress)
    let errors = try await answer {
      after.chats(owner: "o", status: .error, page: 0, size: 9, $0)
    }
    #expect(errors.total == 1)
  }
}
