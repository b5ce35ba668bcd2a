/// Every statement that runs more than once, so that a test can look at the plans of all.
///
/// Parameters are bound in the order of their numbers. Each statement finds its rows by an index.
enum SQL: CaseIterable {
  // Transactions.
  case begin, beginReading, commit, rollback
  case savepoint, rollbackToSavepoint, releaseSavepoint
  // Conversations.
  case conversation, ownedConversation, widgetConversation, session
  case insertConversation, deleteConversation
  case setAgent, touch, settle, changeChat, endChat
  case chats, chatsOfStatus, widgetConversations, count, countOfStatus
  // Messages.
  case insertMessage, newestMessages, message
  // Streams.
  case insertStream, runningStream, finishStream, storedStream, isInUse
  case insertPart, parts
  case insertIdempotency, idempotency
  // Recovery and retention.
  case failFirstTurns, interruptStreams
  case sweepStreams, oldConversations, sweepMessages, vacuum

  var text: String {
    switch self {
    case .begin: "BEGIN IMMEDIATE"
    case .beginReading: "BEGIN"
    case .commit: "COMMIT"
    case .rollback: "ROLLBACK"
    case .savepoint: "SAVEPOINT job"
    case .rollbackToSavepoint: "ROLLBACK TO job"
    case .releaseSavepoint: "RELEASE job"
    case .conversation, .ownedConversation, .widgetConversation, .session, .insertConversation,
      .deleteConversation, .setAgent, .touch, .settle, .changeChat, .endChat, .chats,
      .chatsOfStatus, .widgetConversations, .count, .countOfStatus:
      conversationText
    case .insertMessage, .newestMessages, .message: messageText
    case .insertStream, .runningStream, .finishStream, .storedStream, .isInUse, .insertPart,
      .parts, .insertIdempotency, .idempotency:
      streamText
    case .failFirstTurns, .interruptStreams, .sweepStreams, .oldConversations, .sweepMessages,
      .vacuum:
      maintenanceText
    }
  }

  private static let conversationColumns = """
    id, kind, name, owner, scope, agent, status, variables, previous, created_at, updated_at
    """

  private var conversationText: String {
    let select = "SELECT \(Self.conversationColumns) FROM conversations"
    return switch self {
    case .conversation: "\(select) WHERE id = ?1"
    case .ownedConversation:
      """
      \(select) WHERE name = ?1 AND kind = ?2 AND owner = ?3 AND (?4 IS NULL OR scope = ?4)
      """
    case .widgetConversation: "\(select) WHERE name = ?1 AND kind = 3"
    case .session: "\(select) WHERE scope = ?1 AND kind = 3"
    case .insertConversation:
      """
      INSERT INTO conversations (kind, name, owner, scope, agent, status, variables, previous,
      created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?8)
      """
    case .deleteConversation: "DELETE FROM conversations WHERE id = ?1"
    case .setAgent: "UPDATE conversations SET agent = ?2 WHERE id = ?1"
    case .touch: "UPDATE conversations SET updated_at = ?2 WHERE id = ?1"
    case .settle: "UPDATE conversations SET status = ?2 WHERE id = ?1 AND status = 0"
    case .changeChat:
      "UPDATE conversations SET agent = ?2, variables = ?3, updated_at = ?4 WHERE id = ?1"
    case .endChat:
      "UPDATE conversations SET status = 1, updated_at = ?2 WHERE id = ?1 AND status <> 1"
    case .chats:
      "\(select) WHERE kind = 1 AND owner = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3"
    case .chatsOfStatus:
      """
      \(select) WHERE kind = 1 AND owner = ?1 AND status = ?4 ORDER BY id DESC LIMIT ?2 OFFSET ?3
      """
    case .widgetConversations:
      "\(select) WHERE kind = 3 ORDER BY updated_at DESC, id DESC LIMIT ?1"
    case .count: "SELECT coalesce(sum(n), 0) FROM counts WHERE kind = ?1 AND owner = ?2"
    case .countOfStatus:
      "SELECT coalesce(sum(n), 0) FROM counts WHERE kind = ?1 AND owner = ?2 AND status = ?3"
    default: preconditionFailure("\(self) is not about conversations")
    }
  }

  private var messageText: String {
    let select = "SELECT name, role, created_at, text FROM messages"
    return switch self {
    case .insertMessage:
      """
      INSERT INTO messages (conversation, name, role, created_at, text)
      VALUES (?1, ?2, ?3, ?4, ?5)
      """
    case .newestMessages: "\(select) WHERE conversation = ?1 ORDER BY id DESC LIMIT ?2"
    case .message: "\(select) WHERE id = ?1"
    default: preconditionFailure("\(self) is not about messages")
    }
  }

  private var streamText: String {
    switch self {
    case .insertStream: "INSERT INTO streams (name, conversation, created_at) VALUES (?1, ?2, ?3)"
    case .runningStream: "SELECT id, finished_at IS NULL FROM streams WHERE name = ?1"
    case .finishStream:
      """
      UPDATE streams SET finished_at = ?2, ending = ?3, code = ?4, message = ?5,
      finish_reason = ?6, prompt = ?7, completion = ?8, total = ?9, reply = ?10,
      continuations = ?11 WHERE id = ?1
      """
    case .storedStream:
      """
      SELECT id, created_at, finished_at, ending, code, message, finish_reason, prompt,
      completion, total, conversation, reply, continuations FROM streams
      WHERE name = ?1 AND finished_at >= ?2
      """
    case .isInUse: "SELECT 1 FROM streams WHERE conversation = ?1 AND finished_at IS NULL LIMIT 1"
    case .insertPart: "INSERT INTO stream_parts (stream, bytes) VALUES (?1, ?2)"
    case .parts: "SELECT bytes FROM stream_parts WHERE stream = ?1 ORDER BY id"
    case .insertIdempotency:
      "INSERT INTO idempotency (key, fingerprint, stream) VALUES (?1, ?2, ?3)"
    case .idempotency:
      """
      SELECT i.fingerprint, s.name FROM idempotency AS i JOIN streams AS s ON s.id = i.stream
      WHERE i.key = ?1 AND s.created_at >= ?2
      """
    default: preconditionFailure("\(self) is not about streams")
    }
  }

  private var maintenanceText: String {
    switch self {
    case .failFirstTurns:
      """
      UPDATE conversations SET status = 2 WHERE id IN
      (SELECT conversation FROM streams WHERE finished_at IS NULL) AND kind = 1 AND status = 0
      AND NOT EXISTS
      (SELECT 1 FROM messages WHERE conversation = conversations.id AND role = 2)
      """
    case .interruptStreams:
      """
      UPDATE streams SET finished_at = ?1, ending = 2, code = ?2, message = ?3
      WHERE finished_at IS NULL
      """
    case .sweepStreams:
      """
      DELETE FROM streams WHERE id IN
      (SELECT id FROM streams WHERE finished_at < ?1 ORDER BY finished_at LIMIT ?2)
      """
    case .oldConversations:
      """
      SELECT id FROM conversations WHERE updated_at < ?1 AND NOT EXISTS
      (SELECT 1 FROM streams WHERE conversation = conversations.id AND finished_at IS NULL)
      ORDER BY updated_at LIMIT ?2
      """
    case .sweepMessages:
      """
      DELETE FROM messages WHERE id IN
      (SELECT id FROM messages WHERE conversation = ?1 ORDER BY id LIMIT ?2)
      """
    case .vacuum: "PRAGMA incremental_vacuum(\(Bounds.vacuumPages))"
    default: preconditionFailure("\(self) is not about maintenance")
    }
  }
}
