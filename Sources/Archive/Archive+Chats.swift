// Chats as their owner lists, changes and ends them. Others' are as if they did not exist.
//
// A record holds the newest messages, at most `Bounds.recordMessages` and `Bounds.recordBytes`.

extension Archive {
  /// Nil when there is no such chat of this owner.
  public func chat(
    _ id: String, owner: String, _ reply: @escaping Reply<ConversationRecord?>
  ) {
    reads.add(reply) { database throws(ArchiveError) in
      guard let chat = try database.conversation(.chats, id, owner: owner) else { return nil }
      return try database.record(chat)
    }
  }

  /// One page of an owner's chats, newest first, with their messages: together at most
  /// `Bounds.pageBytes` of text. Cost: linear in all pages up to this one.
  ///
  /// - Parameters:
  ///   - status: Nil for all.
  ///   - page: From 0.
  ///   - size: Chats on a page.
  public func chats(
    owner: String, status: ConversationStatus?, page: Int, size: Int,
    _ reply: @escaping Reply<ConversationPage>
  ) {
    let size = max(size, 0)
    let (offset, isTooFar) = max(page, 0).multipliedReportingOverflow(by: size)
    reads.add(reply) { database throws(ArchiveError) in
      var values: [Value] = [
        .text(owner), .integer(size), .integer(isTooFar ? Int.max : offset),
      ]
      if let status { values.append(.integer(status.rawValue)) }
      let sql: SQL = status == nil ? .chats : .chatsOfStatus
      let chats = try database.conversations(sql, values)
      return ConversationPage(
        records: try database.records(chats),
        total: try database.count(.chats, owner: owner, status: status))
    }
  }

  /// Changes a chat that is in progress.
  ///
  /// - Parameters:
  ///   - agent: The new one; nil keeps the old.
  ///   - now: The time of the change, if anything is to be changed.
  ///   - variables: Makes the new from the old, on the archive's queue; nil keeps them. One that
  ///     makes nil refuses the change.
  public func updateChat(
    _ id: String, owner: String, agent: String?, now: Int64,
    variables: (@Sendable (String) -> String?)?, _ reply: @escaping Reply<ChatChange>
  ) {
    writes.add(reply) { database throws(ArchiveError) in
      guard var chat = try database.conversation(.chats, id, owner: owner) else {
        return .undo(.unknown)
      }
      if chat.status != .inProgress { return .undo(.closed) }
      if agent != nil || variables != nil {
        if let agent { chat.agent = agent }
        if let variables {
          guard let new = variables(chat.variables) else { return .undo(.refused) }
          chat.variables = new
        }
        chat.updatedAt = now
        try database.run(
          .changeChat,
          [.integer(chat.row), .text(chat.agent), .text(chat.variables), .integer(now)])
      }
      return .keep(.changed(try database.record(chat)))
    }
  }

  /// Ends a chat, whatever its status; one that has ended stays as it is. Nil when there is no such
  /// chat of this owner.
  public func endChat(
    _ id: String, owner: String, now: Int64, _ reply: @escaping Reply<ConversationRecord?>
  ) {
    writes.add(reply) { database throws(ArchiveError) in
      guard let row = try database.conversation(.chats, id, owner: owner)?.row else {
        return .undo(nil)
      }
      try database.run(.endChat, [.integer(row), .integer(now)])
      guard let chat = try database.conversation(row) else { return .undo(nil) }
      return .keep(try database.record(chat))
    }
  }
}
