// A turn: what is written before a model is asked, while it answers, and when it has.

extension Archive {
  /// Writes down that a stream runs, with its conversation, its user's message and its idempotency
  /// key, and reads the history: all of it or, unless the answer is `begun`, nothing.
  ///
  /// The history holds at most `Bounds.recordBytes` of text: the newest messages that fit.
  public func begin(_ turn: TurnStart, _ reply: @escaping Reply<TurnBegun>) {
    writes.add(bytes: turn.byteCount, reply) { database throws(ArchiveError) in
      let answer = try database.begin(turn)
      if case .begun = answer { return .keep(answer) }
      return .undo(answer)
    }
  }

  /// Appends to the stored logs of running streams: to all of them, or to none and `.other` when
  /// one is unknown or has ended.
  public func journal(_ parts: [JournalPart], _ reply: @escaping Reply<Void>) {
    let bytes = parts.reduce(0) { $0 + $1.bytes.count }
    writes.add(bytes: bytes, reply) { database throws(ArchiveError) in
      for part in parts {
        guard let stream = try database.stream(part.streamID), stream.isRunning else {
          throw ArchiveError(.other, "journal: the stream \(part.streamID) does not run")
        }
        try database.append(part.bytes, to: stream.row)
      }
      return .keep(())
    }
  }

  /// Writes down how a stream ended, and what its conversation gets of it. The answer is the state
  /// of the conversation after that; nil when there is none (any more).
  ///
  /// A stream ends once: for one that has ended nothing is written. One that never began is
  /// `.other`.
  public func finish(_ end: TurnEnd, _ reply: @escaping Reply<Conversation?>) {
    let bytes = end.messages.reduce(end.rest.count) { $0 + $1.text.utf8.count }
    writes.add(bytes: bytes, reply) { database throws(ArchiveError) in
      .keep(try database.finish(end))
    }
  }

  /// Looks for a request that was here before: `repeated`, `conflict`, or nil. Streams that began
  /// before `after` (milliseconds since 1970) do not count.
  public func repeated(
    _ idempotency: Idempotency, after: Int64, _ reply: @escaping Reply<TurnBegun?>
  ) {
    reads.add(reply) { database throws(ArchiveError) in
      try database.repeated(idempotency, after: after)
    }
  }
}

// MARK: Beginning

extension TurnStart {
  /// Of what may be long in it.
  fileprivate var byteCount: Int {
    let text = message?.text.utf8.count ?? 0
    return switch place {
    case .new(_, _, _, let new), .session(_, let new): text + new.variables.utf8.count
    case .none, .existing: text
    }
  }
}

extension Database {
  private enum Placed {
    case nowhere
    case at(Conversation)
    case refused(TurnBegun)
  }

  fileprivate func begin(_ turn: TurnStart) throws(ArchiveError) -> TurnBegun {
    if let idempotency = turn.idempotency,
      let known = try repeated(idempotency, after: .min)
    {
      return known
    }
    var conversation: Conversation?
    switch try place(turn) {
    case .nowhere: break
    case .at(let found): conversation = found
    case .refused(let answer): return answer
    }
    var history: [StoredMessage] = []
    if let conversation {
      history = try self.history(of: conversation, limit: turn.historyLimit)
    }
    if let message = turn.message {
      guard let row = conversation?.row else {
        throw ArchiveError(.other, "begin: a message without a conversation")
      }
      try append(message, to: row)
      try run(.touch, [.integer(row), .integer(turn.now)])
      conversation?.updatedAt = turn.now
    }
    try run(
      .insertStream, [.text(turn.streamID), .integer(conversation?.row), .integer(turn.now)])
    if let idempotency = turn.idempotency {
      let stream = lastRow
      try run(
        .insertIdempotency,
        [.text(idempotency.key), .text(idempotency.fingerprint), .integer(stream)])
    }
    return .begun(conversation, history: history)
  }

  fileprivate func repeated(
    _ idempotency: Idempotency, after: Int64
  ) throws(ArchiveError) -> TurnBegun? {
    try first(.idempotency, [.text(idempotency.key), .integer(after)]) { row in
      row.text(0) == idempotency.fingerprint ? .repeated(streamID: row.text(1)) : .conflict
    }
  }

  private func place(_ turn: TurnStart) throws(ArchiveError) -> Placed {
    switch turn.place {
    case .none: return .nowhere
    case .new(let kind, let owner, let scope, let new):
      if let previous = new.previous {
        let found = try conversation(kind, previous, owner: owner)
        if found == nil { return .refused(.unknown) }
      }
      return .at(try open(kind, owner: owner, scope: scope, new, now: turn.now))
    case .existing(let kind, let id, let owner, let scope):
      guard let found = try conversation(kind, id, owner: owner, scope: scope) else {
        return .refused(.unknown)
      }
      if found.status != .inProgress { return .refused(.closed) }
      if !turn.agents.contains(found.agent) { return .refused(.agentUnavailable(found)) }
      return .at(found)
    case .session(let session, let new):
      guard var found = try first(.session, [.text(session)], Conversation.init) else {
        return .at(try open(.widget, owner: "", scope: session, new, now: turn.now))
      }
      if !turn.agents.contains(found.agent) {
        // The widget's agent is configured, not the conversation's.
        try run(.setAgent, [.integer(found.row), .text(new.agent)])
        found.agent = new.agent
      }
      return .at(found)
    }
  }

  private func open(
    _ kind: ConversationKind, owner: String, scope: String, _ new: NewConversation, now: Int64
  ) throws(ArchiveError) -> Conversation {
    try run(
      .insertConversation,
      [
        .integer(kind.rawValue), .text(new.id), .text(owner), .text(scope), .text(new.agent),
        .text(new.variables), .text(new.previous), .integer(now),
      ])
    return Conversation(
      row: lastRow, kind: kind, id: new.id, owner: owner, scope: scope, agent: new.agent,
      status: .inProgress, variables: new.variables, previous: new.previous, createdAt: now,
      updatedAt: now)
  }

  /// The newest messages of a conversation and, while there are fewer than `limit`, of those before
  /// it; oldest first. A chat that leads back to one that was read ends it.
  private func history(
    of conversation: Conversation, limit: Int
  ) throws(ArchiveError) -> [StoredMessage] {
    var room = MessageRoom(
      messages: min(limit, Bounds.recordMessages), bytes: Bounds.recordBytes)
    var newestFirst: [StoredMessage] = []
    var read: Set<Int64> = []
    var current = conversation
    while !room.isFull, read.count <= Bounds.previousChats, read.insert(current.row).inserted {
      let found = try newestMessages(of: current.row, in: &room)
      newestFirst += found
      guard let id = current.previous,
        let previous = try self.conversation(current.kind, id, owner: current.owner)
      else { break }
      current = previous
    }
    return newestFirst.reversed()
  }
}

// MARK: Running and ending

extension Database {
  fileprivate func stream(
    _ id: String
  ) throws(ArchiveError) -> (row: Int64, isRunning: Bool)? {
    try first(.runningStream, [.text(id)]) { ($0.integer(0), $0.integer(1) == 1) }
  }

  fileprivate func append(_ bytes: [UInt8], to stream: Int64) throws(ArchiveError) {
    if bytes.isEmpty { return }
    try run(.insertPart, [.integer(stream), .blob(bytes)])
  }

  fileprivate func finish(_ end: TurnEnd) throws(ArchiveError) -> Conversation? {
    guard let stream = try stream(end.streamID) else {
      throw ArchiveError(.other, "finish: the stream \(end.streamID) never began")
    }
    var conversation: Conversation?
    if let row = end.conversation { conversation = try self.conversation(row) }
    if !stream.isRunning { return conversation }

    try append(end.rest, to: stream.row)
    var reply: Int64?
    if let row = conversation?.row {
      for message in end.messages {
        let number = try append(message, to: row)
        if message.role == .assistant { reply = number }
      }
      if !end.messages.isEmpty { try run(.touch, [.integer(row), .integer(end.now)]) }
      if let status = end.status {
        try run(.settle, [.integer(row), .integer(status.rawValue)])
      }
    }
    try markFinished(stream.row, end, reply: reply)
    guard let row = conversation?.row else { return nil }
    if end.dropsIfEmpty, try isEmptyAndIdle(row) {
      try run(.deleteConversation, [.integer(row)])
    }
    return try self.conversation(row)
  }

  private func markFinished(
    _ stream: Int64, _ end: TurnEnd, reply: Int64?
  ) throws(ArchiveError) {
    let (number, code, message) = end.ending.stored
    try run(
      .finishStream,
      [
        .integer(stream), .integer(end.now), .integer(number), .text(code), .text(message),
        .text(end.finishReason), .integer(end.usage.map { Int64($0.prompt) }),
        .integer(end.usage.map { Int64($0.completion) }),
        .integer(end.usage.map { Int64($0.total) }), .integer(reply),
        .integer(Int64(end.continuations)),
      ])
  }

  /// Another stream that runs in it belongs to somebody who was told of it.
  private func isEmptyAndIdle(_ conversation: Int64) throws(ArchiveError) -> Bool {
    let values: [Value] = [.integer(conversation)]
    let message = try first(.newestMessages, values + [.integer(Int64(1))]) { _ in true }
    let stream = try first(.isInUse, values) { _ in true }
    return message == nil && stream == nil
  }
}

extension StoredEnding {
  /// As the columns `ending`, `code` and `message` hold it.
  var stored: (number: Int64, code: String?, message: String?) {
    switch self {
    case .done: (0, nil, nil)
    case .cancelled: (1, nil, nil)
    case .failed(let code, let message): (2, code, message)
    }
  }

  init(number: Int64, code: String?, message: String?) throws(ArchiveError) {
    switch number {
    case 0: self = .done
    case 1: self = .cancelled
    case 2: self = .failed(code: code ?? "", message: message ?? "")
    default: throw ArchiveError(.unusable, "the ending of a stream is damaged")
    }
  }
}
