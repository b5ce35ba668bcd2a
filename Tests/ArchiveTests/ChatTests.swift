import Archive
import Testing

@Suite struct ChatTests {
  private let archive: Archive

  init() throws { archive = try .inMemory() }

  private func page(
    _ owner: String = "o", _ status: ConversationStatus? = nil, page: Int = 0, size: Int = 100
  ) async throws -> (ids: [String], total: Int) {
    let found = try await answer {
      archive.chats(owner: owner, status: status, page: page, size: size, $0)
    }
    return (found.records.map(\.conversation.id), found.total)
  }

  @Test func `a chat is its owner's alone, and only a chat`() async throws {
    try await archive.turn(.newChat("c"), "s1")
    try await archive.turn(.widget("w", id: "d"), "s2")
    #expect(try await archive.chat("c") != nil)
    #expect(try await archive.chat("c", owner: "") == nil)
    #expect(try await archive.chat("d", owner: "") == nil)
    #expect(
      try await answer {
        archive.updateChat("c", owner: "p", agent: "b", now: 2, variables: nil, $0)
      } == .unknown)
    #expect(try await answer { archive.endChat("c", owner: "p", now: 2, $0) } == nil)
    #expect(try await archive.chat("c")?.conversation.status == .inProgress)
  }

  @Test func `pages are newest first and have their messages`() async throws {
    for number in 0..<5 { try await archive.turn(.newChat("c\(number)"), "\(number)") }
    try await archive.turn(.newChat("other", owner: "p"), "x")
    // An older chat that changes stays where it is.
    try await archive.turn(.chat("c0"), "y", now: 99)
    #expect(try await page(size: 2) == (["c4", "c3"], 5))
    #expect(try await page(page: 1, size: 2) == (["c2", "c1"], 5))
    #expect(try await page(page: 2, size: 2) == (["c0"], 5))
    #expect(try await page(page: 3, size: 2) == ([], 5))
    #expect(try await page("nobody") == ([], 0))
    let found = try await answer {
      archive.chats(owner: "o", status: nil, page: 0, size: 9, $0)
    }
    #expect(found.records.first?.messages.map(\.id) == ["4q", "4a"])
    #expect(found.records.last?.messages.map(\.id) == ["0q", "0a", "yq", "ya"])
  }

  @Test(arguments: [(0, 2), (-3, 2), (Int.min, 2)])
  func `a page before the first is the first`(number: Int, size: Int) async throws {
    for number in 0..<3 { try await archive.turn(.newChat("c\(number)"), "\(number)") }
    #expect(try await page(page: number, size: size) == (["c2", "c1"], 3))
  }

  @Test(arguments: [(1, 0), (1, -1), (.max, .max), (.max, 2), (2, .max)])
  func `a page beyond all is empty`(number: Int, size: Int) async throws {
    try await archive.turn(.newChat("c"), "s")
    #expect(try await page(page: number, size: size) == ([], 1))
  }

  @Test func `pages of a status follow its changes`() async throws {
    for number in 0..<4 { try await archive.turn(.newChat("c\(number)"), "\(number)") }
    _ = try await answer { archive.endChat("c1", owner: "o", now: 2, $0) }
    let row = try await archive.beginning(TurnStart(.chat("c3"), "s")).row
    _ = try await archive.finish(TurnEnd("s", conversation: row, status: .error))
    #expect(try await page("o", .inProgress) == (["c2", "c0"], 2))
    #expect(try await page("o", .ended) == (["c1"], 1))
    #expect(try await page("o", .error) == (["c3"], 1))
    #expect(try await page() == (["c3", "c2", "c1", "c0"], 4))
    #expect(try await page("o", .inProgress, page: 1, size: 1) == (["c0"], 2))
  }

  @Test func `a change makes new variables from old, and keeps what is not named`() async throws {
    try await archive.turn(.newChat("c"), "s")
    let changed = try await answer {
      archive.updateChat("c", owner: "o", agent: nil, now: 5, variables: { $0 + "!" }, $0)
    }
    guard case .changed(let record) = changed else {
      Issue.record("the chat is in progress: \(changed)")
      return
    }
    #expect(record.conversation.variables == "{}!")
    #expect(record.conversation.agent == "a")
    #expect(record.conversation.updatedAt == 5)
    #expect(record.messages.map(\.id) == ["sq", "sa"])
    #expect(try await archive.chat("c") == record)

    _ = try await answer {
      archive.updateChat("c", owner: "o", agent: "b", now: 6, variables: nil, $0)
    }
    let after = try await archive.chat("c")?.conversation
    #expect(after?.agent == "b" && after?.variables == "{}!" && after?.updatedAt == 6)
  }

  @Test func `a change of nothing changes nothing`() async throws {
    try await archive.turn(.newChat("c"), "s")
    let before = try #require(try await archive.chat("c"))
    let after = try await answer {
      archive.updateChat("c", owner: "o", agent: nil, now: 5, variables: nil, $0)
    }
    #expect(after == .changed(before))
  }

  @Test func `a chat that has ended is not changed, and ends once`() async throws {
    try await archive.turn(.newChat("c"), "s")
    let ended = try await answer { archive.endChat("c", owner: "o", now: 5, $0) }
    #expect(ended?.conversation.status == .ended && ended?.conversation.updatedAt == 5)
    #expect(ended?.messages.count == 2)
    #expect(try await answer { archive.endChat("c", owner: "o", now: 6, $0) } == ended)
    #expect(
      try await answer {
        archive.updateChat("c", owner: "o", agent: "b", now: 7, variables: nil, $0)
      } == .closed)
    #expect(try await archive.chat("c") == ended)
  }

  @Test func `a chat in error can be ended`() async throws {
    let row = try await archive.beginning(TurnStart(.newChat("c"), "s")).row
    _ = try await archive.finish(TurnEnd("s", conversation: row, status: .error))
    let ended = try await answer { archive.endChat("c", owner: "o", now: 5, $0) }
    #expect(ended?.conversation.status == .ended)
  }
}
