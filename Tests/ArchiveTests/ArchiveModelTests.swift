import TestSupport
import Testing

@testable import Archive

/// Random operations on an archive and on a model of it, which must always agree.
@Suite struct ArchiveModelTests {
  private struct Run {
    var archive: Archive
    var model = ArchiveModel()
    var random: SplitMix64
    /// A clock that now and then stands still, as clocks do.
    var now: Int64 = 1
    var made = 0

    init(_ archive: Archive, seed: UInt64) {
      self.archive = archive
      random = SplitMix64(seed: seed)
    }

    // Few names, so that they meet.
    mutating func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    mutating func owner() -> String { ["o", "p"][number(2)] }
    mutating func id() -> String { "c\(number(max(made, 1)))" }
    mutating func stream() -> String { "s\(number(max(made, 1)))" }
    mutating func bytes() -> [UInt8] { (0..<number(40)).map { _ in UInt8(number(256)) } }
    mutating func key() -> Idempotency {
      Idempotency(key: "k\(number(made / 4 + 1))", fingerprint: oneIn(8) ? "g" : "f")
    }
    mutating func oneIn(_ count: Int) -> Bool { random.oneIn(count) }
    mutating func status() -> ConversationStatus? {
      [nil, .inProgress, .ended, .error][number(4)]
    }

    mutating func message(_ role: MessageRole) -> StoredMessage {
      made += 1
      let text = String(repeating: "ä\0", count: number(9))
      return StoredMessage(id: "m\(made)", role: role, text: text, createdAt: now)
    }
  }

  @Test(arguments: 1...6)
  func `an archive agrees with its model`(seed: Int) async throws {
    let folder = try TemporaryFolder()
    let place = Archive.Place.file(folder.path("deltad.sqlite"))
    let archive = seed % 3 == 0 ? try Archive(place, now: 0) : try .inMemory()
    var run = Run(archive, seed: UInt64(seed))
    for _ in 0..<400 {
      run.now += Int64(run.number(3))
      switch run.number(20) {
      case 0..<7: try await begin(&run)
      case 7..<9: try await journal(&run)
      case 9..<13: try await finish(&run)
      case 13: try await change(&run)
      case 14 where run.oneIn(4): try await sweep(&run)
      case 15 where run.oneIn(10) && seed % 3 == 0: try reopen(&run, place)
      default: try await read(&run)
      }
    }
    for number in 0...run.made { try await compare(&run, number) }
    run.archive.close()
  }

  private func begin(_ run: inout Run) async throws {
    run.made += 1
    var new = NewConversation(id: "c\(run.made)", agent: ["a", "b"][run.number(2)])
    if run.oneIn(3) { new.previous = run.id() }
    let kind: ConversationKind = run.oneIn(4) ? .agents : .chats
    let owner = run.owner()
    var place = TurnStart.Place.none
    switch run.number(8) {
    case 0..<2: place = .new(kind, owner: owner, scope: "x", new)
    case 2..<5:
      place = .existing(kind, id: run.id(), owner: owner, scope: run.oneIn(4) ? "y" : nil)
    case 5..<7: place = .session("w\(run.number(5))", new)
    default: break
    }
    var turn = TurnStart(place, "s\(run.made)", now: run.now)
    turn.agents = run.oneIn(3) ? ["a"] : ["a", "b"]
    turn.historyLimit = run.number(12) - 1
    if run.oneIn(3) { turn.idempotency = run.key() }
    if case .none = place {} else if !run.oneIn(4) { turn.message = run.message(.user) }
    let found = try await run.archive.begin(turn)
    var row: Int64 = 0
    if case .begun(let conversation?, _) = found { row = conversation.row }
    #expect(found == run.model.begin(turn, row: row))
  }

  private func journal(_ run: inout Run) async throws {
    let parts = (0..<run.number(3)).map { _ in
      JournalPart(streamID: run.stream(), bytes: run.bytes())
    }
    let failure = await reason { run.archive.journal(parts, $0) }
    #expect(failure == (run.model.journal(parts) ? nil : .other))
  }

  private func finish(_ run: inout Run) async throws {
    let running = run.model.streams.filter { $0.end == nil }
    let any = run.oneIn(10) ? run.model.streams : running
    guard !any.isEmpty else { return }
    let stream = any[run.number(any.count)]
    let endings: [StoredEnding] = [.done, .cancelled, .failed(code: "c", message: "m")]
    var end = TurnEnd(
      stream.id, now: run.now, rest: run.bytes(), ending: endings[run.number(3)])
    end.conversation =
      run.model.conversations.first {
        $0.conversation.id == stream.conversation
      }?.conversation.row
    if run.oneIn(2) { end.messages.append(run.message(.user)) }
    if run.oneIn(2) { end.messages.append(run.message(.assistant)) }
    if run.oneIn(4) { end.status = run.status() }
    end.dropsIfEmpty = run.oneIn(2)
    let found = try await run.archive.finish(end)
    #expect(found == run.model.finish(end))
  }

  private func change(_ run: inout Run) async throws {
    let (id, owner, now) = (run.id(), run.owner(), run.now)
    if run.oneIn(3) {
      let found = try await answer { run.archive.endChat(id, owner: owner, now: now, $0) }
      #expect(found == run.model.endChat(id, owner, now: now))
      return
    }
    let agent = run.oneIn(2) ? "b" : nil
    let append: @Sendable (String) -> String = { $0 + "+" }
    let variables = run.oneIn(2) ? append : nil
    let found = try await answer {
      run.archive.updateChat(
        id, owner: owner, agent: agent, now: now, variables: variables, $0)
    }
    let added = variables == nil ? nil : "+"
    #expect(found == run.model.update(id, owner, agent: agent, now: now, variables: added))
  }

  private func sweep(_ run: inout Run) async throws {
    let streams = run.now - Int64(run.number(100))
    let conversations = run.oneIn(2) ? nil : run.now - Int64(run.number(200))
    let rows = 1 + run.number(4)
    while try await run.archive.sweep(
      streams: streams, conversations: conversations, rows: rows)
    {}
    run.model.sweep(streams: streams, conversations: conversations)
  }

  private func reopen(_ run: inout Run, _ place: Archive.Place) throws {
    run.archive.close()
    run.archive = try Archive(place, now: run.now)
    let interrupted = run.model.recover(now: run.now)
    #expect(run.archive.interruptedStreams == interrupted)
  }

  private func read(_ run: inout Run) async throws {
    let (owner, status, page, size) = (run.owner(), run.status(), run.number(3), run.number(5))
    let chats = try await answer {
      run.archive.chats(owner: owner, status: status, page: page, size: size, $0)
    }
    #expect(chats == run.model.chats(owner, status, page: page, size: size))
    let widget = try await answer { run.archive.widgetConversations(limit: size, $0) }
    #expect(widget == run.model.widgetConversations(limit: size))
    let (key, after) = (run.key(), run.now - Int64(run.number(100)))
    let repeated = try await answer { run.archive.repeated(key, after: after, $0) }
    #expect(repeated == run.model.repeated(key, after: after))
    try await compare(&run, run.number(run.made + 1))
  }

  private func compare(_ run: inout Run, _ number: Int) async throws {
    let owner = run.owner()
    let chat = try await run.archive.chat("c\(number)", owner: owner)
    #expect(chat == run.model.chat("c\(number)", owner))
    let after = run.oneIn(2) ? 0 : run.now - Int64(run.number(100))
    let stream = try await run.archive.stream("s\(number)", finishedAfter: after)
    #expect(stream == run.model.stream("s\(number)", finishedAfter: after))
  }
}
