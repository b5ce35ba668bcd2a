import Archive
import Testing

@Suite struct TurnEndTests {
  private let archive: Archive

  init() throws { archive = try .inMemory() }

  @Test func `a running stream is not there yet`() async throws {
    _ = try await archive.begin(TurnStart(.none, "s"))
    #expect(try await archive.stream("s") == nil)
    #expect(try await archive.stream("unknown") == nil)
  }

  @Test func `a finished stream has its whole log, in order`() async throws {
    _ = try await archive.begin(TurnStart(.none, "s", now: 5))
    _ = try await archive.begin(TurnStart(.none, "t", now: 5))
    for part in 0..<3 {
      let parts = [
        JournalPart(streamID: "s", bytes: [UInt8(part)]),
        JournalPart(streamID: "t", bytes: []),
        JournalPart(streamID: "s", bytes: [UInt8(part), 0xFF]),
      ]
      try await answer { archive.journal(parts, $0) }
    }
    #expect(try await archive.finish(TurnEnd("s", now: 8, rest: [7, 7])) == nil)
    #expect(try await archive.finish(TurnEnd("t", now: 9)) == nil)
    #expect(
      try await archive.stream("s")
        == StoredStream(
          id: "s", createdAt: 5, finishedAt: 8,
          log: [0, 0, 0xFF, 1, 1, 0xFF, 2, 2, 0xFF, 7, 7],
          ending: .done, finishReason: nil, usage: nil, conversation: nil, reply: nil))
    #expect(try await archive.stream("t")?.log == [])
  }

  @Test(arguments: [
    StoredEnding.done, .cancelled, .failed(code: "c", message: "m"),
    .failed(code: "", message: ""),
  ])
  func `an ending is kept with its reason and usage`(ending: StoredEnding) async throws {
    _ = try await archive.begin(TurnStart(.none, "s"))
    var end = TurnEnd("s", ending: ending)
    end.finishReason = "length"
    end.continuations = 2
    end.usage = StoredUsage(prompt: 1, completion: 2, total: .max)
    _ = try await archive.finish(end)
    let stored = try await archive.stream("s")
    #expect(stored?.ending == ending)
    #expect(stored?.finishReason == "length")
    #expect(stored?.usage == end.usage)
    #expect(stored?.continuations == 2)
  }

  @Test func `a stream that ended too long ago is not given out`() async throws {
    _ = try await archive.begin(TurnStart(.none, "s"))
    _ = try await archive.finish(TurnEnd("s", now: 10))
    #expect(try await archive.stream("s", finishedAfter: 10) != nil)
    #expect(try await archive.stream("s", finishedAfter: 11) == nil)
  }

  @Test func `messages are appended in order, and the last of the assistant is the reply`()
    async throws
  {
    let begun = try await archive.beginning(
      TurnStart(.newChat("c"), "s", message: user("m1")))
    let messages = [assistant("m2"), assistant("m3", "last"), user("m4")]
    let end = TurnEnd("s", now: 9, conversation: begun.row, messages: messages)
    let after = try #require(try await archive.finish(end))
    #expect(after.updatedAt == 9 && after.createdAt == begun.createdAt)
    #expect(after.status == .inProgress)
    let record = try await archive.chat("c")
    #expect(record?.messages.map(\.id) == ["m1", "m2", "m3", "m4"])
    #expect(record?.conversation == after)
    let stored = try await archive.stream("s")
    #expect(stored?.reply == messages[1])
    #expect(stored?.conversation == after)
  }

  @Test func `without messages the time of the last change stays`() async throws {
    let row = try await archive.beginning(TurnStart(.newChat("c"), "s", now: 3)).row
    let end = TurnEnd("s", now: 9, ending: .cancelled, conversation: row)
    #expect(try await archive.finish(end)?.updatedAt == 3)
  }

  @Test func `a status is set while the conversation is in progress, and only then`() async throws {
    let row = try await archive.beginning(TurnStart(.newChat("c"), "s1")).row
    _ = try await archive.beginning(TurnStart(.chat("c"), "s2"))
    let failed = TurnEnd("s1", conversation: row, status: .error)
    #expect(try await archive.finish(failed)?.status == .error)
    let ended = TurnEnd("s2", conversation: row, messages: [assistant("m")], status: .ended)
    #expect(try await archive.finish(ended)?.status == .error)
    #expect(try await archive.chat("c")?.messages.count == 1)
  }

  @Test func `the first ending counts`() async throws {
    let row = try await archive.beginning(TurnStart(.newChat("c"), "s")).row
    _ = try await archive.finish(TurnEnd("s", rest: [1], conversation: row))
    let late = TurnEnd(
      "s", now: 99, rest: [2], ending: .cancelled, conversation: row,
      messages: [assistant("m")], status: .ended, dropsIfEmpty: true)
    #expect(try await archive.finish(late)?.status == .inProgress)
    let stored = try await archive.stream("s")
    #expect(stored?.ending == .done && stored?.log == [1] && stored?.finishedAt == 2)
    #expect(try await archive.chat("c")?.messages == [])
  }

  @Test func `an empty conversation is forgotten if nobody was told of it`() async throws {
    let row = try await archive.beginning(TurnStart(.newChat("c"), "s")).row
    let end = TurnEnd(
      "s", ending: .failed(code: "x", message: "y"), conversation: row, dropsIfEmpty: true)
    #expect(try await archive.finish(end) == nil)
    #expect(try await archive.chat("c") == nil)
    let stored = try await archive.stream("s")
    #expect(stored != nil && stored?.conversation == nil)
    #expect(
      try await answer { archive.chats(owner: "o", status: nil, page: 0, size: 9, $0) }.total
        == 0)
  }

  @Test func `one with a message, or with another stream that runs, is kept`() async throws {
    let first = try await archive.beginning(
      TurnStart(.newChat("c"), "s1", message: user("m"))
    ).row
    let end = TurnEnd("s1", conversation: first, dropsIfEmpty: true)
    #expect(try await archive.finish(end)?.id == "c")
    let second = try await archive.beginning(TurnStart(.newChat("d"), "s2")).row
    _ = try await archive.beginning(TurnStart(.chat("d"), "s3"))
    let earlier = TurnEnd("s2", conversation: second, dropsIfEmpty: true)
    #expect(try await archive.finish(earlier)?.id == "d")
    let later = TurnEnd("s3", conversation: second, dropsIfEmpty: true)
    #expect(try await archive.finish(later) == nil)
  }

  @Test func `a conversation that has gone gets nothing more`() async throws {
    _ = try await archive.begin(TurnStart(.none, "s"))
    let end = TurnEnd("s", conversation: 77, messages: [assistant("m")], status: .ended)
    #expect(try await archive.finish(end) == nil)
    #expect(try await archive.stream("s")?.ending == .done)
  }

  @Test func `what never began cannot go on or end`() async throws {
    let part = JournalPart(streamID: "x", bytes: [1])
    #expect(await reason { archive.journal([part], $0) } == .other)
    #expect(await reason { archive.finish(TurnEnd("x"), $0) } == .other)
  }

  @Test func `parts of a stream that has ended are refused, with all of their journal`()
    async throws
  {
    _ = try await archive.begin(TurnStart(.none, "s"))
    _ = try await archive.begin(TurnStart(.none, "t"))
    _ = try await archive.finish(TurnEnd("s"))
    let parts = ["t", "s"].map { JournalPart(streamID: $0, bytes: [1]) }
    #expect(await reason { archive.journal(parts, $0) } == .other)
    _ = try await archive.finish(TurnEnd("t"))
    #expect(try await archive.stream("t")?.log == [])
    #expect(try await archive.stream("s")?.log == [])
  }

  @Test(arguments: ["", "\0", "a\0b\0", "🌍👩‍👩‍👧‍👦", "e\u{301}é\u{FEFF}", "'; DROP TABLE messages;--"])
  func `text comes back as it was, byte by byte`(text: String) async throws {
    let owner = "o" + text
    var new = NewConversation(id: "c" + text, agent: "a" + text)
    new.variables = text
    let turn = TurnStart(
      .new(.chats, owner: owner, scope: text, new), "s" + text, message: user("m" + text, text))
    let begun = try await archive.beginning(turn)
    let ending = StoredEnding.failed(code: text, message: text)
    var end = TurnEnd("s" + text, rest: Array(text.utf8), ending: ending)
    end.conversation = begun.row
    end.finishReason = text
    _ = try await archive.finish(end)
    let record = try #require(try await archive.chat("c" + text, owner: owner))
    func bytes(_ text: String?) -> [UInt8]? { text.map { Array($0.utf8) } }
    #expect(bytes(record.messages.first?.text) == bytes(text))
    #expect(bytes(record.messages.first?.id) == bytes("m" + text))
    #expect(bytes(record.conversation.variables) == bytes(text))
    #expect(bytes(record.conversation.scope) == bytes(text))
    let stored = try await archive.stream("s" + text)
    #expect(stored?.ending == ending && stored?.finishReason == text)
    #expect(stored?.log == bytes(text))
  }

  @Test func `owners that only look alike are two`() async throws {
    _ = try await archive.turn(.newChat("c", owner: "e\u{301}"), "s")
    #expect(try await archive.chat("c", owner: "\u{E9}") == nil)
  }
}
