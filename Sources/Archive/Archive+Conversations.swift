extension Archive {
  // MARK: Chats

  /// An owner's chat, with its messages.
  public func chat(
    _ id: String, owner: String, _ reply: @escaping Reply<ConversationRecord?>
  ) {
    read(reply) { database throws(ArchiveError) in
      guard let chat = try database.conversation(id, .chats, owner: owner, scope: nil) else {
        return nil
      }
      var bound = Database.Bound()
      return try database.record(chat, within: &bound)
    }
  }

  /// A page of an owner's chats, newest first, with their messages.
  /// - Parameters:
  ///   - status: Nil for all.
  ///   - page: From 0. Later pages cost more, as those before them are stepped over.
  public func chats(
    owner: String, status: ConversationStatus?, page: Int, size: Int,
    _ reply: @escaping Reply<ConversationPage>
  ) {
    read(reply) { database throws(ArchiveError) in
      let (limit, offset) = (Statement.Parameter.integer(size), page * size)
      let list: Statement
      let total: Statement
      if let status {
        let number = Statement.Parameter.integer(status.rawValue)
        list = try database.statement(.chatsByStatus)
          .bind(.text(owner), number, limit, .integer(offset))
        total = try database.statement(.countByStatus)
          .bind(.integer(ConversationKind.chats.rawValue), .text(owner), number)
      } else {
        list = try database.statement(.chats).bind(.text(owner), limit, .integer(offset))
        total = try database.statement(.countByOwner)
          .bind(.integer(ConversationKind.chats.rawValue), .text(owner))
      }
      return try database.page(list, total: total) { database, chat, bound throws(ArchiveError) in
        try database.record(chat, within: &bound)
      }
    }
  }

  /// Changes a chat that is in progress.
  /// - Parameters:
  ///   - agent: The id of its new agent; nil leaves the old one.
  ///   - variables: Makes new ones from the old; nil leaves those.
  public func updateChat(
    _ id: String, owner: String, agent: String?, now: Int64,
    variables: (@Sendable (String) -> String)?, _ reply: @escaping Reply<ChatChange>
  ) {
    write(reply) { database throws(ArchiveError) in
      guard var chat = try database.conversation(id, .chats, owner: owner, scope: nil) else {
        return .unknown
      }
      guard chat.status == .inProgress else { return .closed }
      if let agent {
        try database.statement(.setAgent).bind(.integer(chat.row), .text(agent)).run()
        chat.agent = agent
      }
      if let variables {
        chat.variables = variables(chat.variables)
        try database.statement(.setVariables)
          .bind(.integer(chat.row), .text(chat.variables)).run()
      }
      try database.statement(.touchConversation).bind(.integer(chat.row), .integer(now)).run()
      chat.updatedAt = now
      var bound = Database.Bound()
      return .changed(try database.record(chat, within: &bound))
    }
  }

  /// Ends a chat, whatever its status is; again is the same.
  public func endChat(
    _ id: String, owner: String, now: Int64, _ reply: @escaping Reply<ConversationRecord?>
  ) {
    write(reply) { database throws(ArchiveError) in
      guard var chat = try database.conversation(id, .chats, owner: owner, scope: nil) else {
        return nil
      }
      if chat.status != .ended {
        try database.statement(.setStatus).bind(
          .integer(chat.row), .integer(ConversationStatus.ended.rawValue), .integer(now)
        ).run()
        chat.status = .ended
        chat.updatedAt = now
      }
      var bound = Database.Bound()
      return try database.record(chat, within: &bound)
    }
  }

  // MARK: Widget

  /// The conversations that changed last, newest first, each with its last message only.
  public func widgetConversations(
    limit: Int, _ reply: @escaping Reply<ConversationPage>
  ) {
    read(reply) { database throws(ArchiveError) in
      let list = try database.statement(.widgetConversations).bind(.integer(limit))
      let total = try database.statement(.countByOwner)
        .bind(.integer(ConversationKind.widget.rawValue), .text(""))
      return try database.page(list, total: total) { database, found, _ throws(ArchiveError) in
        let newest = try database.statement(.newestMessages)
          .bind(.integer(found.row), .integer(1))
        let messages = try newest.step() ? [newest.message()] : []
        newest.reset()
        return ConversationRecord(conversation: found, messages: messages)
      }
    }
  }

  public func widgetConversation(
    _ id: String, _ reply: @escaping Reply<ConversationRecord?>
  ) {
    read(reply) { database throws(ArchiveError) in
      guard let found = try database.conversation(id, .widget, owner: "", scope: nil) else {
        return nil
      }
      var bound = Database.Bound()
      return try database.record(found, within: &bound)
    }
  }
}

extension Database {
  fileprivate func page(
    _ list: Statement, total: Statement,
    _ record: (Database, Conversation, inout Bound) throws(ArchiveError) -> ConversationRecord
  ) throws(ArchiveError) -> ConversationPage {
    var found: [Conversation] = []
    while try list.step() { found.append(list.conversation) }
    let count = try total.step() ? total.integer(0) : 0
    total.reset()
    var records: [ConversationRecord] = []
    var bound = Bound()
    for conversation in found { records.append(try record(self, conversation, &bound)) }
    return ConversationPage(records: records, total: Int(count))
  }
}
