internal import JSONWire

/// A chat as its readers see it.
public struct ChatView: Sendable {
  public var chatID: String
  /// ISO 8601, UTC, milliseconds.
  public var createdAt: String
  public var status: ChatStatus
  public var agent: AgentView
  /// A JSON object.
  public var variables: String
  public var messages: [MessageView]

  public init(
    chatID: String, createdAt: String, status: ChatStatus, agent: AgentView, variables: String,
    messages: [MessageView]
  ) {
    self.chatID = chatID
    self.createdAt = createdAt
    self.status = status
    self.agent = agent
    self.variables = variables
    self.messages = messages
  }
}

public struct AgentView: Sendable {
  public var name: String
  public var agentID: String
  public var status: String

  public init(name: String, agentID: String, status: String) {
    self.name = name
    self.agentID = agentID
    self.status = status
  }
}

public struct MessageView: Sendable {
  public var id: String
  public var isAssistant: Bool
  public var text: String

  public init(id: String, isAssistant: Bool, text: String) {
    self.id = id
    self.isAssistant = isAssistant
    self.text = text
  }
}

/// The bodies that the Chats API answers with.
public enum ChatAnswers {
  /// The answer to a message: `{chatId,createdAt,status,response,agent}`.
  public static func completion(_ chat: ChatView, reply: MessageView) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("chatId")
    json.string(chat.chatID)
    json.key("createdAt")
    json.string(chat.createdAt)
    json.key("status")
    json.string(chat.status.rawValue)
    json.key("response")
    append([reply], to: &json)
    json.key("agent")
    append(chat.agent, to: &json)
    json.endObject()
    return json.bytes
  }

  /// One chat with all that was said in it.
  public static func record(_ chat: ChatView) -> [UInt8] {
    var json = JSONWriter()
    append(chat, to: &json)
    return json.bytes
  }

  /// `{data,page,size,totalCount,totalCounts,totalPages,hasNext,hasPrevious}`
  /// - Parameters:
  ///   - page: From 0.
  ///   - total: Of all pages.
  public static func page(_ chats: [ChatView], page: Int, size: Int, total: Int) -> [UInt8] {
    let pages = (total + size - 1) / size
    var json = JSONWriter()
    json.beginObject()
    json.key("data")
    json.beginArray()
    for chat in chats { append(chat, to: &json) }
    json.endArray()
    for (name, number) in [
      ("page", page), ("size", size), ("totalCount", total), ("totalCounts", total),
      ("totalPages", pages),
    ] {
      json.key(text: name)
      json.integer(number)
    }
    json.key("hasNext")
    json.bool(page + 1 < pages)
    json.key("hasPrevious")
    json.bool(page > 0)
    json.endObject()
    return json.bytes
  }

  private static func append(_ chat: ChatView, to json: inout JSONWriter) {
    json.beginObject()
    json.key("chatId")
    json.string(chat.chatID)
    json.key("agent")
    append(chat.agent, to: &json)
    json.key("createdAt")
    json.string(chat.createdAt)
    json.key("status")
    json.string(chat.status.rawValue)
    json.key("transcript")
    json.string(utf8: transcript(chat.messages).span)
    json.key("response")
    append(chat.messages.last(where: \.isAssistant).map { [$0] } ?? [], to: &json)
    json.key("messages")
    append(chat.messages, to: &json)
    json.key("dynamicVariables")
    json.raw(chat.variables.utf8.span)
    json.endObject()
  }

  private static func append(_ agent: AgentView, to json: inout JSONWriter) {
    json.beginObject()
    json.key("name")
    json.string(agent.name)
    json.key("agentId")
    json.string(agent.agentID)
    json.key("status")
    json.string(agent.status)
    json.endObject()
  }

  private static func append(_ messages: [MessageView], to json: inout JSONWriter) {
    json.beginArray()
    for message in messages {
      json.beginObject()
      json.key("id")
      json.string(message.id)
      json.key("role")
      json.string(message.isAssistant ? "assistant" : "user")
      json.key("type")
      json.string("message")
      json.key("content")
      json.beginArray()
      json.string(message.text)
      json.endArray()
      json.endObject()
    }
    json.endArray()
  }

  /// One line a message: a line end within one is a blank there.
  private static func transcript(_ messages: [MessageView]) -> [UInt8] {
    var transcript: [UInt8] = []
    for message in messages {
      if !transcript.isEmpty { transcript.append(10) }
      transcript += (message.isAssistant ? "Agent: " : "User: ").utf8
      var last: UInt8 = 0
      for byte in message.text.utf8 {
        if byte == 10, last == 13 {
          last = byte
          continue
        }
        transcript.append(byte == 10 || byte == 13 ? 0x20 : byte)
        last = byte
      }
    }
    return transcript
  }
}
