import Testing

@testable import Archive

/// A statement that walks through a table is fast in every test and slow in every archive.
@Suite struct QueryPlanTests {
  private func plan(_ text: String) throws -> [String] {
    let archive = try Archive.inMemory()
    return try archive.writes.withDatabase { database in
      // The plan is the fourth column; this makes it the first, and one text.
      var steps: [String] = []
      try database.eachOnce("EXPLAIN QUERY PLAN " + text) { row in
        steps.append(row.text(3))
        return true
      }
      return steps
    }
  }

  @Test(arguments: SQL.allCases.filter { !$0.text.hasPrefix("PRAGMA") })
  func `every statement finds its rows by an index, and sorts nothing`(sql: SQL) throws {
    var steps = try plan(sql.text)
    // Walks through an index of these conversations alone, in its order, and stops at the limit.
    if sql == .widgetConversations {
      #expect(steps == ["SCAN conversations USING INDEX widget_by_change"])
      steps = ["SEARCH"]
    }
    #expect(steps.filter { $0.hasPrefix("SCAN") || $0.contains("TEMP B-TREE") } == [])
    if ["SELECT", "UPDATE", "DELETE"].contains(where: { sql.text.hasPrefix($0) }) {
      #expect(!steps.isEmpty)
    }
  }

  @Test(arguments: [
    (SQL.chats, "chats_by_owner"), (.chatsOfStatus, "chats_by_status"),
    (.session, "widget_by_session"), (.widgetConversations, "widget_by_change"),
    (.newestMessages, "messages_by_conversation"), (.parts, "stream_parts_by_stream"),
    (.oldConversations, "conversations_by_change"), (.interruptStreams, "streams_by_finish"),
    (.sweepStreams, "streams_by_finish"), (.isInUse, "streams_by_conversation"),
  ])
  func `an index is used for what it was made for`(sql: SQL, index: String) throws {
    #expect(try plan(sql.text).contains { $0.contains(" \(index)") })
  }

  @Test(arguments: [
    "SELECT 1 FROM messages WHERE conversation = ?1",
    "SELECT 1 FROM streams WHERE conversation = ?1",
    "SELECT 1 FROM stream_parts WHERE stream = ?1",
    "SELECT 1 FROM idempotency WHERE stream = ?1",
  ])
  func `what refers to a row that is deleted is found by an index`(text: String) throws {
    #expect(try plan(text).filter { $0.hasPrefix("SCAN") } == [])
  }

  @Test func `the test sees a walk through a table`() throws {
    let steps = try plan("SELECT 1 FROM messages ORDER BY text")
    #expect(steps.contains { $0.hasPrefix("SCAN") })
    #expect(steps.contains { $0.contains("TEMP B-TREE") })
  }
}
