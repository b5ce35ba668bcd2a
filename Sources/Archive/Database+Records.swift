// Rows as values.
extension Database {
  /// What one reading of messages takes at most: beyond either, older ones are left out, so that no
  /// conversation can use up the memory of a daemon.
  struct Bound {
    /// Of all conversations that are read together.
    var bytes = 16 << 20
    /// Of each.
    let messages = 10_000
  }

  // MARK: Conversations

  func conversation(_ sql: SQL, _ parameter: Statement.Parameter) throws(ArchiveError)
    -> Conversation?
  {
    let statement = try statement(sql).bind(parameter)
    guard try statement.step() else { return nil }
    defer { statement.reset() }
    return statement.conversation
  }

  /// The conversation of that name, if it is of this kind, owner and scope (nil: of any scope).
  func conversation(
    _ name: String, _ kind: ConversationKind, owner: String, scope: String?
  ) throws(ArchiveError) -> Conversation? {
    guard let found = try conversation(.conversationByName, .text(name)), found.kind == kind,
      found.owner == owner, scope == nil || found.scope == scope
    else { return nil }
    return found
  }

  // MARK: Messages

  /// The newest messages within the bound, oldest first.
  func record(_ conversation: Conversation, within bound: inout Bound) throws(ArchiveError)
    -> ConversationRecord
  {
    let statement = try statement(.newestMessages)
      .bind(.integer(conversation.row), .integer(bound.messages))
    var messages: [StoredMessage] = []
    while try statement.step() {
      let message = statement.message()
      bound.bytes -= message.text.utf8.count
      guard bound.bytes >= 0 || messages.isEmpty else { break }
      messages.append(message)
    }
    statement.reset()
    return ConversationRecord(conversation: conversation, messages: messages.reversed())
  }

  /// At most `limit` messages, oldest first: of the conversation, and before them of the chats that
  /// it names as previous.
  func history(of conversation: Conversation, limit: Int) throws(ArchiveError) -> [StoredMessage] {
    var messages: [StoredMessage] = []
    var next: Conversation? = conversation
    for _ in 0..<Self.previousChats {
      guard let current = next, messages.count < limit else { break }
      let statement = try statement(.newestMessages)
        .bind(.integer(current.row), .integer(limit - messages.count))
      while try statement.step() { messages.append(statement.message()) }
      guard let previous = current.previous else { break }
      next = try self.conversation(previous, .chats, owner: current.owner, scope: nil)
    }
    return messages.reversed()
  }

  /// How far the chain of previous chats is followed, this one included: a circle ends too.
  private static let previousChats = 9

  @discardableResult
  func append(_ message: StoredMessage, to conversation: Int64) throws(ArchiveError) -> Int64 {
    try statement(.insertMessage).bind(
      .integer(conversation), .text(message.id), .integer(message.role.rawValue),
      .text(message.text), .integer(message.createdAt)
    ).run()
    return lastInsertedRow
  }

  func has(_ sql: SQL, _ row: Int64) throws(ArchiveError) -> Bool {
    let statement = try statement(sql).bind(.integer(row))
    defer { statement.reset() }
    return try statement.step()
  }

  // MARK: Rows in batches

  /// The first column of all rows.
  func rows(_ sql: SQL, _ parameters: Statement.Parameter...) throws(ArchiveError) -> [Int64] {
    let statement = try statement(sql)
    for (index, parameter) in parameters.enumerated() {
      try statement.bind(parameter, at: index + 1)
    }
    var rows: [Int64] = []
    while try statement.step() { rows.append(statement.integer(0)) }
    return rows
  }
}

extension Statement {
  /// In the order of columns that all statements of conversations have.
  var conversation: Conversation {
    Conversation(
      row: integer(0), kind: ConversationKind(rawValue: Int(integer(1))) ?? .chats, id: text(2),
      owner: text(3), scope: text(4), agent: text(5),
      status: ConversationStatus(rawValue: Int(integer(6))) ?? .error, variables: text(7),
      previous: optionalText(8), createdAt: integer(9), updatedAt: integer(10))
  }

  func message(from column: CInt = 0) -> StoredMessage {
    StoredMessage(
      id: text(column), role: MessageRole(rawValue: Int(integer(column + 1))) ?? .user,
      text: text(column + 2), createdAt: integer(column + 3))
  }
}
