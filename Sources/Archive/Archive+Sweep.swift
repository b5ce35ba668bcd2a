extension Archive {
  /// Deletes some of what is too old, at most `rows` rows of each table, so that turns do not wait
  /// long behind it. True: there may be more. What runs is never too old.
  public func sweep(_ sweep: Sweep, _ reply: @escaping Reply<Bool>) {
    write(reply) { database throws(ArchiveError) in
      let streams = try database.sweepStreams(sweep)
      let conversations = try database.sweepConversations(sweep)
      // Gives some of the free pages back to the file system.
      try database.execute("PRAGMA incremental_vacuum(\(Database.pagesAtOnce))")
      return streams || conversations
    }
  }
}

extension Database {
  fileprivate static let pagesAtOnce = 1000

  fileprivate func sweepStreams(_ sweep: Sweep) throws(ArchiveError) -> Bool {
    let expired = try rows(
      .expiredStreams, .integer(sweep.streamsBefore), .integer(sweep.rows))
    for stream in expired {
      for sql in [SQL.deleteParts, .deleteRequest, .deleteStream] {
        try statement(sql).bind(.integer(stream)).run()
      }
    }
    return expired.count == sweep.rows
  }

  /// A conversation with more messages than one sweep takes is emptied over several.
  fileprivate func sweepConversations(_ sweep: Sweep) throws(ArchiveError) -> Bool {
    guard let before = sweep.conversationsBefore else { return false }
    var left = sweep.rows
    for row in try rows(.expiredConversations, .integer(before), .integer(sweep.rows)) {
      guard left > 0 else { return true }
      if try has(.isAnswered, row) { continue }
      let parameters: [Statement.Parameter] = [.integer(row), .integer(left)]
      try statement(.forgetReplies).bind(parameters[0], parameters[1]).run()
      try statement(.deleteMessages).bind(parameters[0], parameters[1]).run()
      left -= changes
      guard try !has(.hasMessage, row) else { return true }
      try statement(.leaveConversation).bind(.integer(row)).run()
      try statement(.deleteConversation).bind(.integer(row)).run()
      left -= 1
    }
    return left <= 0
  }
}
