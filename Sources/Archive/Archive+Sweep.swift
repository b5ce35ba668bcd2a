// Retention: what is old goes, a bounded piece at a time, so that no sweep holds up the turns.

extension Archive {
  /// Deletes streams with their logs and idempotency keys, and conversations with their messages;
  /// then gives free pages back to the file system. What runs, and the conversation it runs in, is
  /// never deleted. A conversation with more messages than the sweep may delete loses its oldest
  /// ones first.
  ///
  /// The answer is true when there may be more to delete.
  public func sweep(_ sweep: Sweep, _ reply: @escaping Reply<Bool>) {
    writes.add(reply) { database throws(ArchiveError) in
      let rows = max(sweep.rows, 0)
      var mayBeMore = try database.sweepStreams(before: sweep.streamsBefore, rows)
      if let before = sweep.conversationsBefore {
        let more = try database.sweepConversations(before: before, rows)
        mayBeMore = mayBeMore || more
      }
      try database.run(.vacuum)
      return .keep(mayBeMore)
    }
  }
}

extension Database {
  /// True when as many went as may.
  fileprivate func sweepStreams(before: Int64, _ rows: Int) throws(ArchiveError) -> Bool {
    try run(.sweepStreams, [.integer(before), .integer(rows)])
    return rows > 0 && changes == rows
  }

  /// True when as many conversations or messages went as may.
  fileprivate func sweepConversations(before: Int64, _ rows: Int) throws(ArchiveError) -> Bool {
    var old: [Int64] = []
    try each(.oldConversations, [.integer(before), .integer(rows)]) { row in
      old.append(row.integer(0))
      return true
    }
    var messages = rows
    for conversation in old {
      try run(.sweepMessages, [.integer(conversation), .integer(messages)])
      messages -= changes
      // It may have more, or it may be the end of it: the next sweep will see.
      if messages == 0 { return true }
      try run(.deleteConversation, [.integer(conversation)])
    }
    return rows > 0 && old.count == rows
  }
}
