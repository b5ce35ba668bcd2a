import Archive
import Testing

@Suite struct TurnBeginTests {
  private let archive: Archive

  init() throws { archive = try .inMemory() }

  @Test func `a stream without a conversation begins`() async throws {
    #expect(try await archive.begin(TurnStart(.none, "s")) == .begun(nil, history: []))
  }

  @Test func `a new conversation is as it was asked for`() async throws {
    var new = NewConversation(id: "c", agent: "a")
    new.variables = #"{"x":1}"#
    let place = TurnStart.Place.new(.agents, owner: "o", scope: "slug", new)
    let begun = try await archive.beginning(TurnStart(place, "s", now: 7))
    #expect(
      begun
        == Conversation(
          row: begun.row, kind: .agents, id: "c", owner: "o", scope: "slug", agent: "a",
          status: .inProgress, variables: #"{"x":1}"#, previous: nil, createdAt: 7,
          updatedAt: 7))
  }

  @Test func `the user's message is stored with the beginning, and changes the chat`() async throws
  {
    _ = try await archive.beginning(TurnStart(.newChat("c"), "s1", now: 1))
    let turn = TurnStart(.chat("c"), "s2", now: 9, message: user("m", "hello", at: 8))
    let begun = try await archive.beginning(turn)
    #expect(begun.updatedAt == 9)
    let record = try await archive.chat("c")
    #expect(record?.messages == [user("m", "hello", at: 8)])
    #expect(record?.conversation == begun)
  }

  @Test func `newer conversations have larger rows, also when newer ones have gone`() async throws {
    let first = try await archive.beginning(TurnStart(.newChat("c1"), "s1"))
    let second = try await archive.beginning(TurnStart(.newChat("c2"), "s2"))
    let end = TurnEnd("s2", conversation: second.row, dropsIfEmpty: true)
    #expect(try await archive.finish(end) == nil)
    let third = try await archive.beginning(TurnStart(.newChat("c3"), "s3"))
    #expect(first.row < second.row && second.row < third.row)
  }

  @Test func `only the owner, of the right kind and scope, goes on with a conversation`()
    async throws
  {
    let new = NewConversation(id: "c", agent: "a")
    let place = TurnStart.Place.new(.agents, owner: "o", scope: "slug", new)
    let begun = try await archive.beginning(TurnStart(place, "s"))
    let wrong: [TurnStart.Place] = [
      .existing(.agents, id: "x", owner: "o", scope: nil),
      .existing(.agents, id: "c", owner: "p", scope: nil),
      .existing(.agents, id: "c", owner: "o", scope: "other"),
      .existing(.chats, id: "c", owner: "o", scope: nil),
    ]
    for (number, place) in wrong.enumerated() {
      #expect(try await archive.begin(TurnStart(place, "w\(number)")) == .unknown)
    }
    for scope in [nil, "slug"] {
      let right = TurnStart.Place.existing(.agents, id: "c", owner: "o", scope: scope)
      #expect(try await archive.beginning(TurnStart(right, "s-\(scope ?? "")")) == begun)
    }
  }

  @Test func `one that is not in progress is closed, before its agent is looked at`() async throws {
    let row = try await archive.beginning(TurnStart(.newChat("c"), "s1")).row
    _ = try await archive.finish(TurnEnd("s1", conversation: row, status: .error))
    #expect(try await archive.begin(TurnStart(.chat("c"), "s2", agents: [])) == .closed)
    _ = try await answer { archive.endChat("c", owner: "o", now: 3, $0) }
    #expect(try await archive.begin(TurnStart(.chat("c"), "s3")) == .closed)
  }

  @Test func `one whose agent does not answer is not gone on with`() async throws {
    let begun = try await archive.beginning(TurnStart(.newChat("c"), "s1"))
    let turn = TurnStart(.chat("c"), "s2", message: user("m"), agents: ["b"])
    #expect(try await archive.begin(turn) == .agentUnavailable(begun))
    #expect(try await archive.chat("c")?.messages == [])
  }

  @Test(arguments: ["x", "others", "agents"])
  func `a previous chat must be one of the same kind and owner`(previous: String) async throws {
    _ = try await archive.turn(.newChat("others", owner: "p"), "s1")
    let agents = TurnStart.Place.new(
      .agents, owner: "o", scope: "", NewConversation(id: "agents", agent: "a"))
    _ = try await archive.turn(agents, "s2")
    let turn = TurnStart(.newChat("c", previous: previous), "s3", message: user("m"))
    #expect(try await archive.begin(turn) == .unknown)
    #expect(try await archive.chat("c") == nil)
  }

  @Test func `a widget session has one conversation, whatever its status`() async throws {
    let first = try await archive.beginning(TurnStart(.widget("w", id: "c1"), "s1"))
    #expect(first.kind == .widget && first.scope == "w" && first.owner == "" && first.id == "c1")
    _ = try await archive.finish(TurnEnd("s1", conversation: first.row, status: .ended))
    let again = try await archive.beginning(TurnStart(.widget("w", id: "c2"), "s2"))
    #expect(again.row == first.row && again.id == "c1" && again.status == .ended)
    let other = try await archive.beginning(TurnStart(.widget("v", id: "c3"), "s3"))
    #expect(other.row != first.row)
  }

  @Test func `a widget session goes over to the agent that answers now`() async throws {
    _ = try await archive.beginning(TurnStart(.widget("w", id: "c", agent: "old"), "s1"))
    let kept = TurnStart(.widget("w", id: "c", agent: "new"), "s2", agents: ["old", "new"])
    #expect(try await archive.beginning(kept).agent == "old")
    let turned = TurnStart(.widget("w", id: "c", agent: "new"), "s3", agents: ["new"])
    #expect(try await archive.beginning(turned).agent == "new")
    #expect(try await answer { archive.widgetConversation("c", $0) }?.conversation.agent == "new")
  }

  @Test func `an id that is taken is an error, and nothing of the turn is written`() async throws {
    _ = try await archive.turn(.newChat("c"), "s")
    let taken: [TurnStart] = [
      TurnStart(.newChat("d"), "s"), TurnStart(.newChat("c"), "t"),
      TurnStart(.newChat("d"), "t", message: user("sq")),
      TurnStart(.none, "t", message: user("m")),
    ]
    for turn in taken { #expect(await reason { archive.begin(turn, $0) } == .other) }
    #expect(try await archive.chat("d") == nil)
    #expect(try await archive.begin(TurnStart(.newChat("d"), "t", message: user("m"))) != .unknown)
  }

  @Test func `an error names the statement, and no text`() async throws {
    _ = try await archive.turn(.newChat("c"), "s")
    let turn = TurnStart(.chat("c"), "t", message: user("sq", "secret words"))
    guard case .failure(let error) = await result({ archive.begin(turn, $0) }) else {
      Issue.record("a message's id was used twice")
      return
    }
    #expect(error.description.hasPrefix("insertMessage: UNIQUE constraint failed: messages.name"))
    #expect(!error.description.contains("secret"))
  }
}
