/// Which client API a conversation belongs to. The numbers are stored.
public enum ConversationKind: Int, Sendable { case chats = 1, agents = 2, widget = 3 }

/// The numbers are stored.
public enum ConversationStatus: Int, Sendable { case inProgress = 0, ended = 1, error = 2 }

/// The numbers are stored.
public enum MessageRole: Int, Sendable { case user = 1, assistant = 2 }

/// One message of a conversation.
public struct StoredMessage: Sendable, Equatable {
  /// Opaque, unique among all messages.
  public var id: String
  public var role: MessageRole
  public var text: String
  /// Milliseconds since 1970.
  public var createdAt: Int64

  public init(id: String, role: MessageRole, text: String, createdAt: Int64) {
    self.id = id
    self.role = role
    self.text = text
    self.createdAt = createdAt
  }
}

/// A conversation without its messages.
public struct Conversation: Sendable, Equatable {
  /// SQLite's own number for it: newer ones have larger ones.
  public var row: Int64
  public var kind: ConversationKind
  /// What clients call it; opaque, unique.
  public var id: String
  /// The name of the key that opened it; empty without keys. Others do not see it, the widget's
  /// apart, whose conversations belong to their session alone.
  public var owner: String
  /// Agents: the slug. Widget: the session. Chats: empty.
  public var scope: String
  /// The id of the agent that answers.
  public var agent: String
  public var status: ConversationStatus
  /// A JSON object.
  public var variables: String
  /// The id of the chat whose messages come before this one's.
  public var previous: String?
  /// Milliseconds since 1970.
  public var createdAt: Int64
  public var updatedAt: Int64

  public init(
    row: Int64, kind: ConversationKind, id: String, owner: String, scope: String, agent: String,
    status: ConversationStatus, variables: String, previous: String?, createdAt: Int64,
    updatedAt: Int64
  ) {
    self.row = row
    self.kind = kind
    self.id = id
    self.owner = owner
    self.scope = scope
    self.agent = agent
    self.status = status
    self.variables = variables
    self.previous = previous
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}

/// A conversation with its messages, oldest first.
public struct ConversationRecord: Sendable, Equatable {
  public var conversation: Conversation
  public var messages: [StoredMessage]

  public init(conversation: Conversation, messages: [StoredMessage]) {
    self.conversation = conversation
    self.messages = messages
  }
}

/// One page of a list, newest first.
public struct ConversationPage: Sendable, Equatable {
  public var records: [ConversationRecord]
  /// Of all pages.
  public var total: Int

  public init(records: [ConversationRecord], total: Int) {
    self.records = records
    self.total = total
  }
}

/// What became of a change to a chat.
public enum ChatChange: Sendable, Equatable {
  case changed(ConversationRecord)
  /// There are no new variables for it.
  case refused
  /// There is no such chat of this owner.
  case unknown
  /// Its status is not `inProgress`.
  case closed
}
