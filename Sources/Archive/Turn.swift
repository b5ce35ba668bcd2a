/// What is written down before a model is asked: the stream, the conversation that it belongs to,
/// and, where the API promises that, the user's message.
public struct TurnStart: Sendable {
  public enum Place: Sendable {
    /// The stream belongs to no conversation.
    case none
    /// Opens a conversation.
    case new(ConversationKind, owner: String, scope: String, NewConversation)
    /// Goes on with one; `scope` nil is any.
    case existing(ConversationKind, id: String, owner: String, scope: String?)
    /// The widget's: the one conversation of this session, opened if there is none.
    case session(String, NewConversation)
  }

  public var place: Place
  /// Opaque, unique.
  public var streamID: String
  /// Milliseconds since 1970, of the stream and of whatever is made with it.
  public var now: Int64
  /// The user's, when it is to be stored now whatever becomes of the answer.
  public var message: StoredMessage?
  /// How many of the newest messages before this one are wanted.
  public var historyLimit = 0
  /// The ids of the agents that answer; another one's conversation is not gone on with.
  public var agents: Set<String> = []
  public var idempotency: Idempotency?

  public init(_ place: Place, streamID: String, now: Int64) {
    self.place = place
    self.streamID = streamID
    self.now = now
  }
}

public struct NewConversation: Sendable {
  public var id: String
  public var agent: String
  public var variables = "{}"
  /// An existing chat of the same owner.
  public var previous: String?

  public init(id: String, agent: String) {
    self.id = id
    self.agent = agent
  }
}

/// A request that may come twice and is to be answered once.
public struct Idempotency: Sendable, Equatable {
  /// The client's key, with whatever tells clients and paths apart.
  public var key: String
  /// Of the body; another one under the same key is a mistake.
  public var fingerprint: String

  public init(key: String, fingerprint: String) {
    self.key = key
    self.fingerprint = fingerprint
  }
}

/// What became of the start of a turn. But for `begun` nothing has been written.
public enum TurnBegun: Sendable, Equatable {
  /// `history` is oldest first, at most `historyLimit` messages, without the new one: those of the
  /// conversation, before them those of its previous chats.
  case begun(Conversation?, history: [StoredMessage])
  /// The same request was here before: this is its stream.
  case repeated(streamID: String)
  /// The key was used with another body.
  case conflict
  /// There is no such conversation, or no such previous chat, of this owner and scope.
  case unknown
  /// The conversation's status is not `inProgress`.
  case closed
  /// The conversation's agent is none of `agents`.
  case agentUnavailable(Conversation)
}

/// How a stored stream ended.
public enum StoredEnding: Sendable, Equatable {
  case done
  case cancelled
  case failed(code: String, message: String)
}

public struct StoredUsage: Sendable, Equatable {
  public var prompt: Int
  public var completion: Int
  public var total: Int

  public init(prompt: Int, completion: Int, total: Int) {
    self.prompt = prompt
    self.completion = completion
    self.total = total
  }
}

/// What is written down when a stream has ended, in one transaction.
public struct TurnEnd: Sendable {
  public var streamID: String
  /// Milliseconds since 1970.
  public var now: Int64
  /// What the log has beyond the parts that were journaled.
  public var rest: [UInt8]
  public var ending: StoredEnding
  public var finishReason: String?
  public var usage: StoredUsage?
  /// How often an upstream went on with what another had broken off.
  public var continuations = 0
  /// The `row` of its conversation.
  public var conversation: Int64?
  /// To be appended to it, in this order.
  public var messages: [StoredMessage] = []
  /// The new status of a conversation that is in progress.
  public var status: ConversationStatus?
  /// Forget the conversation if it has no message: nobody was told of it.
  public var dropsIfEmpty = false

  public init(streamID: String, now: Int64, rest: [UInt8], ending: StoredEnding) {
    self.streamID = streamID
    self.now = now
    self.rest = rest
    self.ending = ending
  }
}

/// Some more bytes of a running stream's log.
public struct JournalPart: Sendable {
  public var streamID: String
  public var bytes: [UInt8]

  public init(streamID: String, bytes: [UInt8]) {
    self.streamID = streamID
    self.bytes = bytes
  }
}

/// A stream that has ended.
public struct StoredStream: Sendable, Equatable {
  public var id: String
  /// Milliseconds since 1970.
  public var createdAt: Int64
  public var finishedAt: Int64
  /// All parts of its log, joined.
  public var log: [UInt8]
  public var ending: StoredEnding
  public var finishReason: String?
  public var usage: StoredUsage?
  public var continuations = 0
  public var conversation: Conversation?
  /// The last message of the assistant that was stored with it.
  public var reply: StoredMessage?

  public init(
    id: String, createdAt: Int64, finishedAt: Int64, log: [UInt8], ending: StoredEnding,
    finishReason: String?, usage: StoredUsage?, conversation: Conversation?,
    reply: StoredMessage?
  ) {
    self.id = id
    self.createdAt = createdAt
    self.finishedAt = finishedAt
    self.log = log
    self.ending = ending
    self.finishReason = finishReason
    self.usage = usage
    self.conversation = conversation
    self.reply = reply
  }
}

/// What old rows go.
public struct Sweep: Sendable {
  /// Streams that finished before, milliseconds since 1970.
  public var streamsBefore: Int64
  /// Conversations whose last change was before; nil keeps all.
  public var conversationsBefore: Int64?
  /// Rows that one sweep deletes at most of each table.
  public var rows: Int

  public init(streamsBefore: Int64, conversationsBefore: Int64?, rows: Int) {
    self.streamsBefore = streamsBefore
    self.conversationsBefore = conversationsBefore
    self.rows = rows
  }
}
