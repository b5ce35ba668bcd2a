extension Archive {
  /// Writes down that a turn begins, or why it does not.
  public func begin(_ turn: TurnStart, _ reply: @escaping Reply<TurnBegun>) {
    write(isKept: \.isBegun, reply) { database throws(ArchiveError) in
      try database.begin(turn)
    }
  }

  /// Writes down what running streams have said by now: all parts, or none.
  public func journal(_ parts: [JournalPart], _ reply: @escaping Reply<Void>) {
    let bytes = parts.reduce(0) { $0 + $1.bytes.count }
    write(bytes: bytes, reply) { database throws(ArchiveError) in
      for part in parts {
        guard let stream = try database.stream(part.streamID), stream.finishedAt == nil else {
          continue
        }
        try database.append(part.bytes, to: stream.row)
      }
    }
  }

  /// Writes down how a stream ended and what its turn leaves. The answer is the conversation's
  /// state after it. A stream that has ended already keeps its first end.
  public func finish(_ end: TurnEnd, _ reply: @escaping Reply<Conversation?>) {
    write(bytes: end.rest.count, reply) { database throws(ArchiveError) in
      try database.finish(end)
    }
  }

  /// Whether a request was here before, its stream being one that runs or finished at `after` or
  /// later (milliseconds since 1970). Nil: it was not.
  public func repeated(
    _ idempotency: Idempotency, after: Int64, _ reply: @escaping Reply<TurnBegun?>
  ) {
    read(reply) { database throws(ArchiveError) in
      try database.repeated(idempotency, after: after)
    }
  }
}

extension TurnBegun {
  fileprivate var isBegun: Bool {
    if case .begun = self { return true }
    return false
  }
}

extension Database {
  fileprivate func begin(_ turn: TurnStart) throws(ArchiveError) -> TurnBegun {
    if let idempotency = turn.idempotency, let before = try repeated(idempotency, after: nil) {
      return before
    }
    var conversation: Conversation?
    switch turn.place {
    case .none: break
    case .new(let kind, let owner, let scope, let new):
      if let previous = new.previous,
        try self.conversation(previous, kind, owner: owner, scope: nil) == nil
      {
        return .unknown
      }
      conversation = try open(kind, owner: owner, scope: scope, new, turn.now)
    case .existing(let kind, let id, let owner, let scope):
      guard let found = try self.conversation(id, kind, owner: owner, scope: scope) else {
        return .unknown
      }
      guard found.status == .inProgress else { return .closed }
      guard turn.agents.contains(found.agent) else { return .agentUnavailable(found) }
      conversation = found
    case .session(let session, let new): conversation = try openSession(session, new, turn)
    }
    var history: [StoredMessage] = []
    if let found = conversation {
      history = try self.history(of: found, limit: turn.historyLimit)
      if let message = turn.message {
        try append(message, to: found.row)
        try statement(.touchConversation).bind(.integer(found.row), .integer(turn.now)).run()
        conversation?.updatedAt = turn.now
      }
    }
    try insertStream(turn, conversation?.row)
    return .begun(conversation, history: history)
  }

  private func open(
    _ kind: ConversationKind, owner: String, scope: String, _ new: NewConversation, _ now: Int64
  ) throws(ArchiveError) -> Conversation {
    try statement(.insertConversation).bind(
      .integer(kind.rawValue), .text(new.id), .text(owner), .text(scope), .text(new.agent),
      .text(new.variables), .text(new.previous), .integer(now)
    ).run()
    return Conversation(
      row: lastInsertedRow, kind: kind, id: new.id, owner: owner, scope: scope, agent: new.agent,
      status: .inProgress, variables: new.variables, previous: new.previous, createdAt: now,
      updatedAt: now)
  }

  /// The widget's agent is configured, and not the conversation's: a change is taken over.
  private func openSession(
    _ session: String, _ new: NewConversation, _ turn: TurnStart
  ) throws(ArchiveError) -> Conversation {
    guard var found = try conversation(.conversationBySession, .text(session)) else {
      return try open(.widget, owner: "", scope: session, new, turn.now)
    }
    if !turn.agents.contains(found.agent) {
      try statement(.setAgent).bind(.integer(found.row), .text(new.agent)).run()
      found.agent = new.agent
    }
    return found
  }

  private func insertStream(_ turn: TurnStart, _ conversation: Int64?) throws(ArchiveError) {
    try statement(.insertStream).bind(
      .text(turn.streamID), conversation.map { .integer($0) } ?? .null, .integer(turn.now)
    ).run()
    let stream = lastInsertedRow
    if let idempotency = turn.idempotency {
      try statement(.insertRequest).bind(
        .text(idempotency.key), .text(idempotency.fingerprint), .integer(stream)
      ).run()
    }
  }

  fileprivate func repeated(
    _ idempotency: Idempotency, after: Int64?
  ) throws(ArchiveError) -> TurnBegun? {
    let statement = try statement(.request).bind(.text(idempotency.key))
    guard try statement.step() else { return nil }
    defer { statement.reset() }
    if let after, !statement.isNull(2), statement.integer(2) < after { return nil }
    return statement.text(0) == idempotency.fingerprint
      ? .repeated(streamID: statement.text(1)) : .conflict
  }

  fileprivate func finish(_ end: TurnEnd) throws(ArchiveError) -> Conversation? {
    guard let stream = try stream(end.streamID) else {
      throw ArchiveError(.other, "finishing a stream that has not begun")
    }
    guard stream.finishedAt == nil else {
      guard let row = stream.conversation else { return nil }
      return try conversation(.conversationByRow, .integer(row))
    }
    try append(end.rest, to: stream.row)
    var reply: Int64?
    if let row = end.conversation {
      for message in end.messages {
        let appended = try append(message, to: row)
        if message.role == .assistant { reply = appended }
      }
    }
    try finish(stream.row, end, reply: reply)
    guard let row = end.conversation else { return nil }
    return try settle(row, end)
  }

  private func finish(
    _ stream: Int64, _ end: TurnEnd, reply: Int64?
  ) throws(ArchiveError) {
    var (ending, code, message): (Int, String?, String?) = (StoredEnding.doneNumber, nil, nil)
    switch end.ending {
    case .done: break
    case .cancelled: ending = StoredEnding.cancelledNumber
    case .failed(let failure, let words):
      (ending, code, message) = (StoredEnding.failedNumber, failure, words)
    }
    try statement(.finishStream).bind(
      .integer(stream), .integer(end.now), .integer(ending), .text(code), .text(message),
      .text(end.finishReason), .integer(end.usage?.prompt), .integer(end.usage?.completion),
      .integer(end.usage?.total), reply.map { .integer($0) } ?? .null
    ).run()
  }

  /// What the end of a turn changes of its conversation.
  private func settle(_ row: Int64, _ end: TurnEnd) throws(ArchiveError) -> Conversation? {
    if !end.messages.isEmpty {
      try statement(.touchConversation).bind(.integer(row), .integer(end.now)).run()
    }
    guard let conversation = try conversation(.conversationByRow, .integer(row)) else { return nil }
    if end.dropsIfEmpty, try !has(.hasMessage, row) {
      try statement(.leaveConversation).bind(.integer(row)).run()
      try statement(.deleteConversation).bind(.integer(row)).run()
      return nil
    }
    if let status = end.status, conversation.status == .inProgress {
      try statement(.setStatus).bind(
        .integer(row), .integer(status.rawValue), .integer(end.now)
      ).run()
      return try self.conversation(.conversationByRow, .integer(row))
    }
    return conversation
  }
}
