// The widget's conversations, as its operator sees them: of all sessions.

extension Archive {
  /// The `limit` that changed last, newest change first. Each has its last message only, or none.
  public func widgetConversations(limit: Int, _ reply: @escaping Reply<ConversationPage>) {
    reads.add(reply) { database throws(ArchiveError) in
      let found = try database.conversations(.widgetConversations, [.integer(max(limit, 0))])
      return ConversationPage(
        records: try database.records(found, messages: 1),
        total: try database.count(.widget, owner: ""))
    }
  }

  /// One with its newest messages, at most `Bounds.recordMessages` and `Bounds.recordBytes`.
  public func widgetConversation(_ id: String, _ reply: @escaping Reply<ConversationRecord?>) {
    reads.add(reply) { database throws(ArchiveError) in
      let found = try database.first(.widgetConversation, [.text(id)], Conversation.init)
      guard let found else { return nil }
      return try database.record(found)
    }
  }
}
