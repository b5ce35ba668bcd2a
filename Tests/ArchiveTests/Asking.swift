import Archive
import Testing

/// Asks, and waits for the answer.
func answer<Answer: Sendable>(
  _ ask: (@escaping Archive.Reply<Answer>) -> Void
) async throws -> Answer {
  try await result(ask).get()
}

/// The same for what may fail. A second reply would end the test.
func result<Answer: Sendable>(
  _ ask: (@escaping Archive.Reply<Answer>) -> Void
) async -> Result<Answer, ArchiveError> {
  await withCheckedContinuation { continuation in
    ask { continuation.resume(returning: $0) }
  }
}

/// The reason for which asking failed; nil when it did not.
func reason<Answer: Sendable>(
  _ ask: (@escaping Archive.Reply<Answer>) -> Void
) async -> ArchiveError.Reason? {
  switch await result(ask) {
  case .success: nil
  case .failure(let error): error.reason
  }
}

func user(_ id: String, _ text: String = "question", at time: Int64 = 1) -> StoredMessage {
  StoredMessage(id: id, role: .user, text: text, createdAt: time)
}

func assistant(_ id: String, _ text: String = "answer", at time: Int64 = 2) -> StoredMessage {
  StoredMessage(id: id, role: .assistant, text: text, createdAt: time)
}

extension TurnStart.Place {
  static func newChat(
    _ id: String, owner: String = "o", agent: String = "a", previous: String? = nil
  ) -> TurnStart.Place {
    var new = NewConversation(id: id, agent: agent)
    new.previous = previous
    return .new(.chats, owner: owner, scope: "", new)
  }

  static func chat(_ id: String, owner: String = "o") -> TurnStart.Place {
    .existing(.chats, id: id, owner: owner, scope: nil)
  }

  static func widget(_ session: String, id: String, agent: String = "a") -> TurnStart.Place {
    .session(session, NewConversation(id: id, agent: agent))
  }
}

extension TurnStart {
  init(
    _ place: Place, _ stream: String, now: Int64 = 1, message: StoredMessage? = nil,
    history: Int = 0, agents: Set<String> = ["a"], idempotency: Idempotency? = nil
  ) {
    self.init(place, streamID: stream, now: now)
    self.message = message
    self.agents = agents
    self.idempotency = idempotency
    historyLimit = history
  }
}

extension TurnEnd {
  init(
    _ stream: String, now: Int64 = 2, rest: [UInt8] = [], ending: StoredEnding = .done,
    conversation: Int64? = nil, messages: [StoredMessage] = [],
    status: ConversationStatus? = nil, dropsIfEmpty: Bool = false
  ) {
    self.init(streamID: stream, now: now, rest: rest, ending: ending)
    self.conversation = conversation
    self.messages = messages
    self.status = status
    self.dropsIfEmpty = dropsIfEmpty
  }
}

extension Archive {
  static func inMemory() throws -> Archive { try Archive(.memory, now: 0) }

  func begin(_ turn: TurnStart) async throws -> TurnBegun {
    try await answer { begin(turn, $0) }
  }

  /// Begins what must begin in a conversation.
  func beginning(_ turn: TurnStart) async throws -> Conversation {
    guard case .begun(let conversation?, _) = try await begin(turn) else {
      throw ArchiveError(.other, "the turn \(turn.streamID) did not begin")
    }
    return conversation
  }

  func history(_ turn: TurnStart) async throws -> [String] {
    guard case .begun(_, let history) = try await begin(turn) else {
      throw ArchiveError(.other, "the turn \(turn.streamID) did not begin")
    }
    return history.map(\.id)
  }

  func finish(_ end: TurnEnd) async throws -> Conversation? {
    try await answer { finish(end, $0) }
  }

  /// A whole turn: `place` with one question and one answer, named `stream` + "q" and "a".
  @discardableResult
  func turn(
    _ place: TurnStart.Place, _ stream: String, now: Int64 = 1
  ) async throws -> Conversation {
    let question = user(stream + "q", at: now)
    let row = try await beginning(TurnStart(place, stream, now: now, message: question)).row
    let reply = assistant(stream + "a", at: now)
    let end = TurnEnd(stream, now: now, conversation: row, messages: [reply])
    return try #require(try await finish(end))
  }

  func chat(_ id: String, owner: String = "o") async throws -> ConversationRecord? {
    try await answer { chat(id, owner: owner, $0) }
  }

  func stream(_ id: String, finishedAfter: Int64 = 0) async throws -> StoredStream? {
    try await answer { stream(id, finishedAfter: finishedAfter, $0) }
  }

  func sweep(streams: Int64, conversations: Int64? = nil, rows: Int) async throws -> Bool {
    let old = Sweep(streamsBefore: streams, conversationsBefore: conversations, rows: rows)
    return try await answer { sweep(old, $0) }
  }
}
