import Archive
import Testing

@Suite struct WidgetTests {
  private let archive: Archive

  init() throws { archive = try .inMemory() }

  @Test func `conversations are listed by their last change, with their last message`() async throws
  {
    try await archive.turn(.widget("w1", id: "c1"), "1", now: 1)
    try await archive.turn(.widget("w2", id: "c2"), "2", now: 2)
    _ = try await archive.begin(TurnStart(.widget("w3", id: "c3"), "3", now: 3))
    try await archive.turn(.widget("w1", id: "x"), "4", now: 4)
    try await archive.turn(.newChat("chat", owner: ""), "5", now: 5)
    let all = try await answer { archive.widgetConversations(limit: 9, $0) }
    #expect(all.records.map(\.conversation.id) == ["c1", "c3", "c2"])
    #expect(all.records.map { $0.messages.map(\.id) } == [["4a"], [], ["2a"]])
    #expect(all.total == 3)
    let some = try await answer { archive.widgetConversations(limit: 1, $0) }
    #expect(some.records == [all.records[0]])
    #expect(some.total == 3)
    #expect(try await answer { archive.widgetConversations(limit: -1, $0) }.records == [])
  }

  @Test func `one is shown with all its messages, and no chat is`() async throws {
    try await archive.turn(.widget("w", id: "c"), "1")
    try await archive.turn(.newChat("chat", owner: ""), "2")
    let record = try await answer { archive.widgetConversation("c", $0) }
    #expect(record?.messages.map(\.id) == ["1q", "1a"])
    #expect(record?.conversation.scope == "w")
    #expect(try await answer { archive.widgetConversation("chat", $0) } == nil)
    #expect(try await answer { archive.widgetConversation("w", $0) } == nil)
  }
}
