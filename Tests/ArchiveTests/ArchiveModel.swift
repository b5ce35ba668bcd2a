import Archive

/// What an archive must know, kept in the simplest way: nothing is ever looked up by an index.
struct ArchiveModel {
  struct Stream {
    var id: String
    var conversation: String?
    var createdAt: Int64
    var log: [UInt8] = []
    var end: (at: Int64, ending: StoredEnding)?
    var reply: StoredMessage?
  }

  /// In the order in which they were made.
  var conversations: [ConversationRecord] = []
  var streams: [Stream] = []
  var idempotency: [(key: Idempotency, stream: String)] = []

  private func index(_ id: String?) -> Int? {
    conversations.firstIndex { $0.conversation.id == id }
  }

  private func index(stream id: String) -> Int? { streams.firstIndex { $0.id == id } }

  private func runs(in id: String) -> Bool {
    streams.contains { $0.conversation == id && $0.end == nil }
  }

  private func owned(
    _ kind: ConversationKind, _ id: String, _ owner: String, _ scope: String?
  ) -> Int? {
    conversations.firstIndex {
      let found = $0.conversation
      return found.kind == kind && found.id == id && found.owner == owner
        && (scope == nil || found.scope == scope)
    }
  }

  // MARK: Turns

  /// - Parameter row: The number that the archive gave to a new conversation.
  mutating func begin(_ turn: TurnStart, row: Int64) -> TurnBegun {
    if let key = turn.idempotency, let known = idempotency.first(where: { $0.key.key == key.key }) {
      return known.key == key ? .repeated(streamID: known.stream) : .conflict
    }
    let before = conversations
    let placed: Int?
    switch turn.place {
    case .none: placed = nil
    case .new(let kind, let owner, let scope, let new):
      if let previous = new.previous, owned(kind, previous, owner, nil) == nil { return .unknown }
      placed = open(kind, owner, scope, new, turn.now, row)
    case .existing(let kind, let id, let owner, let scope):
      guard let found = owned(kind, id, owner, scope) else { return .unknown }
      let conversation = conversations[found].conversation
      if conversation.status != .inProgress { return .closed }
      if !turn.agents.contains(conversation.agent) { return .agentUnavailable(conversation) }
      placed = found
    case .session(let session, let new):
      let found = conversations.firstIndex {
        $0.conversation.kind == .widget && $0.conversation.scope == session
      }
      placed = found ?? open(.widget, "", session, new, turn.now, row)
      if let placed, !turn.agents.contains(conversations[placed].conversation.agent) {
        conversations[placed].conversation.agent = new.agent
      }
    }
    let history = placed.map { self.history($0, turn.historyLimit, in: before) } ?? []
    if let placed, let message = turn.message {
      conversations[placed].messages.append(message)
      conversations[placed].conversation.updatedAt = turn.now
    }
    let conversation = placed.map { conversations[$0].conversation }
    streams.append(
      Stream(id: turn.streamID, conversation: conversation?.id, createdAt: turn.now))
    if let key = turn.idempotency { idempotency.append((key, turn.streamID)) }
    return .begun(conversation, history: history)
  }

  private mutating func open(
    _ kind: ConversationKind, _ owner: String, _ scope: String, _ new: NewConversation,
    _ now: Int64, _ row: Int64
  ) -> Int {
    let conversation = Conversation(
      row: row, kind: kind, id: new.id, owner: owner, scope: scope, agent: new.agent,
      status: .inProgress, variables: new.variables, previous: new.previous, createdAt: now,
      updatedAt: now)
    conversations.append(ConversationRecord(conversation: conversation, messages: []))
    return conversations.count - 1
  }

  private func history(
    _ start: Int, _ limit: Int, in before: [ConversationRecord]
  ) -> [StoredMessage] {
    var all: [StoredMessage] = []
    var current = conversations[start].conversation
    for _ in 0...8 {
      all = (before.first { $0.conversation.id == current.id }?.messages ?? []) + all
      guard let previous = current.previous,
        let index = owned(current.kind, previous, current.owner, nil)
      else { break }
      current = conversations[index].conversation
    }
    return all.suffix(max(limit, 0))
  }

  /// False when one of them does not run.
  mutating func journal(_ parts: [JournalPart]) -> Bool {
    let before = streams
    for part in parts {
      guard let index = index(stream: part.streamID), streams[index].end == nil else {
        streams = before
        return false
      }
      streams[index].log += part.bytes
    }
    return true
  }

  mutating func finish(_ end: TurnEnd) -> Conversation? {
    guard let stream = index(stream: end.streamID) else { return nil }
    let place = conversations.firstIndex { $0.conversation.row == end.conversation }
    if streams[stream].end != nil { return place.map { conversations[$0].conversation } }
    streams[stream].log += end.rest
    streams[stream].end = (end.now, end.ending)
    guard let place else { return nil }
    streams[stream].reply = end.messages.last { $0.role == .assistant }
    conversations[place].messages += end.messages
    if !end.messages.isEmpty { conversations[place].conversation.updatedAt = end.now }
    if let status = end.status, conversations[place].conversation.status == .inProgress {
      conversations[place].conversation.status = status
    }
    let conversation = conversations[place].conversation
    if end.dropsIfEmpty, conversations[place].messages.isEmpty, !runs(in: conversation.id) {
      forget(conversation.id)
      return nil
    }
    return conversation
  }

  private mutating func forget(_ id: String) {
    conversations.removeAll { $0.conversation.id == id }
    for index in streams.indices where streams[index].conversation == id {
      streams[index].conversation = nil
      streams[index].reply = nil
    }
  }

  // MARK: Changes

  mutating func update(
    _ id: String, _ owner: String, agent: String?, now: Int64, variables: String?
  ) -> ChatChange {
    guard let index = owned(.chats, id, owner, nil) else { return .unknown }
    if conversations[index].conversation.status != .inProgress { return .closed }
    if let agent { conversations[index].conversation.agent = agent }
    if let variables { conversations[index].conversation.variables += variables }
    if agent != nil || variables != nil { conversations[index].conversation.updatedAt = now }
    return .changed(conversations[index])
  }

  mutating func endChat(_ id: String, _ owner: String, now: Int64) -> ConversationRecord? {
    guard let index = owned(.chats, id, owner, nil) else { return nil }
    if conversations[index].conversation.status != .ended {
      conversations[index].conversation.status = .ended
      conversations[index].conversation.updatedAt = now
    }
    return conversations[index]
  }

  /// All that is old, however much it is.
  mutating func sweep(streams before: Int64, conversations changed: Int64?) {
    let gone = Set(streams.filter { $0.end.map { $0.at < before } ?? false }.map(\.id))
    streams.removeAll { gone.contains($0.id) }
    idempotency.removeAll { gone.contains($0.stream) }
    guard let changed else { return }
    for record in conversations
    where record.conversation.updatedAt < changed && !runs(in: record.conversation.id) {
      forget(record.conversation.id)
    }
  }

  /// As at the next start.
  mutating func recover(now: Int64) -> Int {
    let running = streams.indices.filter { streams[$0].end == nil }
    for index in running {
      streams[index].end = (
        now,
        .failed(
          code: "interrupted", message: "the daemon stopped before the answer was complete")
      )
      guard let place = self.index(streams[index].conversation) else { continue }
      let record = conversations[place]
      if record.conversation.kind == .chats, record.conversation.status == .inProgress,
        !record.messages.contains(where: { $0.role == .assistant })
      {
        conversations[place].conversation.status = .error
      }
    }
    return running.count
  }

  // MARK: Reads

  func chat(_ id: String, _ owner: String) -> ConversationRecord? {
    owned(.chats, id, owner, nil).map { conversations[$0] }
  }

  func chats(
    _ owner: String, _ status: ConversationStatus?, page: Int, size: Int
  ) -> ConversationPage {
    let all = conversations.filter {
      $0.conversation.kind == .chats && $0.conversation.owner == owner
        && (status == nil || $0.conversation.status == status)
    }
    let records = all.reversed().dropFirst(page * size).prefix(size)
    return ConversationPage(records: Array(records), total: all.count)
  }

  func widgetConversations(limit: Int) -> ConversationPage {
    let all = conversations.filter { $0.conversation.kind == .widget }
    let sorted = all.sorted {
      ($0.conversation.updatedAt, $0.conversation.row)
        > ($1.conversation.updatedAt, $1.conversation.row)
    }
    let records = sorted.prefix(limit).map {
      ConversationRecord(conversation: $0.conversation, messages: $0.messages.suffix(1))
    }
    return ConversationPage(records: records, total: all.count)
  }

  func stream(_ id: String, finishedAfter: Int64) -> StoredStream? {
    guard let index = index(stream: id), let end = streams[index].end, end.at >= finishedAfter
    else { return nil }
    let stream = streams[index]
    return StoredStream(
      id: id, createdAt: stream.createdAt, finishedAt: end.at, log: stream.log,
      ending: end.ending, finishReason: nil, usage: nil,
      conversation: self.index(stream.conversation).map { conversations[$0].conversation },
      reply: stream.reply)
  }

  func repeated(_ key: Idempotency, after: Int64) -> TurnBegun? {
    guard let known = idempotency.first(where: { $0.key.key == key.key }),
      let stream = index(stream: known.stream), streams[stream].createdAt >= after
    else { return nil }
    return known.key == key ? .repeated(streamID: known.stream) : .conflict
  }
}
