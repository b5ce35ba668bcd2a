/// Every statement of the archive, in one place: a test asks SQLite how it would run each, and none
/// may go through a whole table.
enum SQL: String, CaseIterable {
  // MARK: Transactions
  case begin = "BEGIN IMMEDIATE"
  case commit = "COMMIT"
  case rollback = "ROLLBACK"
  case savepoint = "SAVEPOINT job"
  case release = "RELEASE job"
  case rollbackToSavepoint = "ROLLBACK TO job"

  // MARK: Conversations
  case insertConversation = """
    INSERT INTO conversations
      (kind, name, owner, scope, agent, status, variables, previous, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?8)
    """
  case conversationByName = """
    SELECT id, kind, name, owner, scope, agent, status, variables, previous, created_at, updated_at
      FROM conversations WHERE name = ?1
    """
  case conversationByRow = """
    SELECT id, kind, name, owner, scope, agent, status, variables, previous, created_at, updated_at
      FROM conversations WHERE id = ?1
    """
  case conversationBySession = """
    SELECT id, kind, name, owner, scope, agent, status, variables, previous, created_at, updated_at
      FROM conversations WHERE kind = 3 AND scope = ?1
    """
  case chats = """
    SELECT id, kind, name, owner, scope, agent, status, variables, previous, created_at, updated_at
      FROM conversations WHERE kind = 1 AND owner = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3
    """
  case chatsByStatus = """
    SELECT id, kind, name, owner, scope, agent, status, variables, previous, created_at, updated_at
      FROM conversations WHERE kind = 1 AND owner = ?1 AND status = ?2
      ORDER BY id DESC LIMIT ?3 OFFSET ?4
    """
  case widgetConversations = """
    SELECT id, kind, name, owner, scope, agent, status, variables, previous, created_at, updated_at
      FROM conversations WHERE kind = 3 ORDER BY updated_at DESC, id DESC LIMIT ?1
    """
  case countByOwner = "SELECT total(number) FROM counts WHERE kind = ?1 AND owner = ?2"
  case countByStatus = """
    SELECT total(number) FROM counts WHERE kind = ?1 AND owner = ?2 AND status = ?3
    """
  case touchConversation = "UPDATE conversations SET updated_at = ?2 WHERE id = ?1"
  case setStatus = "UPDATE conversations SET status = ?2, updated_at = ?3 WHERE id = ?1"
  case setAgent = "UPDATE conversations SET agent = ?2 WHERE id = ?1"
  case setVariables = "UPDATE conversations SET variables = ?2 WHERE id = ?1"
  case deleteConversation = "DELETE FROM conversations WHERE id = ?1"

  // MARK: Messages
  case insertMessage = """
    INSERT INTO messages (conversation, name, role, text, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
    """
  case newestMessages = """
    SELECT name, role, text, created_at FROM messages WHERE conversation = ?1
      ORDER BY id DESC LIMIT ?2
    """
  case messageByRow = "SELECT name, role, text, created_at FROM messages WHERE id = ?1"
  case hasMessage = "SELECT 1 FROM messages WHERE conversation = ?1 LIMIT 1"
  case hasReply = "SELECT 1 FROM messages WHERE conversation = ?1 AND role = 2 LIMIT 1"
  case deleteMessages = """
    DELETE FROM messages WHERE id IN
      (SELECT id FROM messages WHERE conversation = ?1 ORDER BY id LIMIT ?2)
    """
  case forgetReplies = """
    UPDATE streams SET reply = NULL WHERE reply IN
      (SELECT id FROM messages WHERE conversation = ?1 ORDER BY id LIMIT ?2)
    """

  // MARK: Streams
  case insertStream = "INSERT INTO streams (name, conversation, created_at) VALUES (?1, ?2, ?3)"
  case streamByName = """
    SELECT id, conversation, reply, created_at, finished_at, ending, code, message, finish_reason,
      prompt_tokens, completion_tokens, total_tokens FROM streams WHERE name = ?1
    """
  case finishStream = """
    UPDATE streams SET finished_at = ?2, ending = ?3, code = ?4, message = ?5, finish_reason = ?6,
      prompt_tokens = ?7, completion_tokens = ?8, total_tokens = ?9, reply = ?10 WHERE id = ?1
    """
  case leaveConversation = "UPDATE streams SET conversation = NULL WHERE conversation = ?1"
  case runningStreams = """
    SELECT id, conversation FROM streams WHERE finished_at IS NULL ORDER BY id LIMIT ?1
    """
  case isAnswered = """
    SELECT 1 FROM streams WHERE conversation = ?1 AND finished_at IS NULL LIMIT 1
    """
  case insertPart = "INSERT INTO stream_parts (stream, bytes) VALUES (?1, ?2)"
  case parts = "SELECT bytes FROM stream_parts WHERE stream = ?1 ORDER BY id"
  case expiredStreams = """
    SELECT id FROM streams WHERE finished_at < ?1 ORDER BY finished_at LIMIT ?2
    """
  case deleteParts = "DELETE FROM stream_parts WHERE stream = ?1"
  case deleteRequest = "DELETE FROM repeatable_requests WHERE stream = ?1"
  case deleteStream = "DELETE FROM streams WHERE id = ?1"

  // MARK: Requests that may come twice
  case insertRequest = """
    INSERT INTO repeatable_requests (key, fingerprint, stream) VALUES (?1, ?2, ?3)
    """
  case request = """
    SELECT fingerprint, name, finished_at FROM repeatable_requests
      JOIN streams ON streams.id = stream WHERE key = ?1
    """

  // MARK: Retention
  case expiredConversations = """
    SELECT id FROM conversations WHERE updated_at < ?1 ORDER BY updated_at LIMIT ?2
    """
}
