// Rows as values, and the reads that several operations share.

extension Conversation {
  /// Of `SQL.conversationColumns`.
  init(_ row: Row) throws(ArchiveError) {
    guard let kind = ConversationKind(rawValue: Int(truncatingIfNeeded: row.integer(1))),
      let status = ConversationStatus(rawValue: Int(truncatingIfNeeded: row.integer(6)))
    else { throw ArchiveError(.unusable, "conversation \(row.integer(0)) is damaged") }
    self.init(
      row: row.integer(0), kind: kind, id: row.text(2), owner: row.text(3), scope: row.text(4),
      agent: row.text(5), status: status, variables: row.text(7), previous: row.optionalText(8),
      createdAt: row.integer(9), updatedAt: row.integer(10))
  }
}

extension StoredMessage {
  init(_ row: Row) throws(ArchiveError) {
    guard let role = MessageRole(rawValue: Int(truncatingIfNeeded: row.integer(1))) else {
      throw ArchiveError(.unusable, "the role of a message is damaged")
    }
    self.init(id: row.text(0), role: role, text: row.text(3), createdAt: row.integer(2))
  }
}

/// What an answer may still hold of messages. The first is taken however long it is, so that a
/// conversation is never without its newest one; the first that does not fit is the end of it, so
/// that there are no gaps.
struct MessageRoom {
  private(set) var messages: Int
  private(set) var usedBytes = 0
  private let bytes: Int
  private(set) var isFull: Bool

  init(messages: Int, bytes: Int) {
    self.messages = messages
    self.bytes = bytes
    isFull = messages <= 0 || bytes <= 0
  }

  /// True when a text of this many bytes has got its place.
  mutating func take(_ size: Int) -> Bool {
    if isFull || (usedBytes > 0 && usedBytes + size > bytes) {
      isFull = true
      return false
    }
    messages -= 1
    usedBytes += size
    isFull = messages <= 0 || usedBytes >= bytes
    return true
  }
}

extension Database {
  func conversation(_ row: Int64) throws(ArchiveError) -> Conversation? {
    try first(.conversation, [.integer(row)], Conversation.init)
  }

  /// The conversation of this kind and name, if it is this owner's and, unless nil, of this scope.
  func conversation(
    _ kind: ConversationKind, _ id: String, owner: String, scope: String? = nil
  ) throws(ArchiveError) -> Conversation? {
    try first(
      .ownedConversation, [.text(id), .integer(kind.rawValue), .text(owner), .text(scope)],
      Conversation.init)
  }

  /// The newest messages, newest first, as many as there is room for.
  func newestMessages(
    of conversation: Int64, in room: inout MessageRoom
  ) throws(ArchiveError) -> [StoredMessage] {
    if room.isFull { return [] }
    var found: [StoredMessage] = []
    let values: [Value] = [.integer(conversation), .integer(room.messages)]
    try each(.newestMessages, values) { row throws(ArchiveError) in
      guard room.take(row.byteCount(3)) else { return false }
      found.append(try StoredMessage(row))
      return true
    }
    return found
  }

  /// A conversation with its newest messages, at most `Bounds.recordMessages` and `recordBytes`.
  func record(_ conversation: Conversation) throws(ArchiveError) -> ConversationRecord {
    var room = MessageRoom(messages: Bounds.recordMessages, bytes: Bounds.recordBytes)
    let messages = try newestMessages(of: conversation.row, in: &room)
    return ConversationRecord(conversation: conversation, messages: messages.reversed())
  }

  /// The same for all of a page, of which each has at most `messages`, and together
  /// `Bounds.pageBytes`: older conversations go without when newer ones have used that up.
  func records(
    _ conversations: [Conversation], messages: Int = Bounds.recordMessages
  ) throws(ArchiveError) -> [ConversationRecord] {
    var bytes = Bounds.pageBytes
    var records: [ConversationRecord] = []
    for conversation in conversations {
      var room = MessageRoom(messages: messages, bytes: min(bytes, Bounds.recordBytes))
      let found = try newestMessages(of: conversation.row, in: &room)
      bytes -= room.usedBytes
      records.append(ConversationRecord(conversation: conversation, messages: found.reversed()))
    }
    return records
  }

  func conversations(_ sql: SQL, _ values: [Value]) throws(ArchiveError) -> [Conversation] {
    var found: [Conversation] = []
    try each(sql, values) { row throws(ArchiveError) in
      found.append(try Conversation(row))
      return true
    }
    return found
  }

  /// How many of a kind and owner there are; of any status when that is nil.
  func count(
    _ kind: ConversationKind, owner: String, status: ConversationStatus? = nil
  ) throws(ArchiveError) -> Int {
    var values: [Value] = [.integer(kind.rawValue), .text(owner)]
    if let status { values.append(.integer(status.rawValue)) }
    let sql: SQL = status == nil ? .count : .countOfStatus
    return try first(sql, values) { Int($0.integer(0)) } ?? 0
  }

  /// Appends a message and returns its number.
  @discardableResult
  func append(_ message: StoredMessage, to conversation: Int64) throws(ArchiveError) -> Int64 {
    try run(
      .insertMessage,
      [
        .integer(conversation), .text(message.id), .integer(message.role.rawValue),
        .integer(message.createdAt), .text(message.text),
      ])
    return lastRow
  }
}
