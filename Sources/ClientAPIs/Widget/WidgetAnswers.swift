internal import JSONWire

/// The body of the Widget API's questions. Lengths are in UTF-16 code units.
public struct WidgetQuestion: Equatable, Sendable {
  public var sessionID: String
  /// Never trimmed; blanks are a message.
  public var message: String

  private static let sessionLength = 1...128
  private static let messageLength = 1...4000

  public init(_ body: Span<UInt8>) throws(Failure) {
    let fields = try RequestFields(body, ["sessionId", "message"])
    guard case .text(let session)? = fields["sessionId"],
      case .text(let message)? = fields["message"],
      Self.sessionLength.contains(session.utf8.count), session.utf8.allSatisfy(Self.isSessionByte),
      Self.messageLength.contains(message.utf16.count)
    else { throw Failure(.invalidRequest, "sessionId or message is not what it must be") }
    sessionID = session
    self.message = message
  }

  private static func isSessionByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: ":"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

/// A widget's conversation, for administrators. Times are in milliseconds since 1970.
public struct WidgetConversationView: Sendable {
  public var id: String
  public var sessionID: String
  public var createdAt: Int64
  public var updatedAt: Int64
  public var lastMessage: String?

  public init(
    id: String, sessionID: String, createdAt: Int64, updatedAt: Int64, lastMessage: String?
  ) {
    self.id = id
    self.sessionID = sessionID
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.lastMessage = lastMessage
  }
}

public struct WidgetMessageView: Sendable {
  public var id: String
  public var isAssistant: Bool
  public var content: String
  /// Milliseconds since 1970.
  public var createdAt: Int64

  public init(id: String, isAssistant: Bool, content: String, createdAt: Int64) {
    self.id = id
    self.isAssistant = isAssistant
    self.content = content
    self.createdAt = createdAt
  }
}

/// The bodies that the Widget API answers with.
public enum WidgetAnswers {
  /// Said and stored in place of an empty answer.
  private static let emptyAnswer = "I could not generate a response right now."
  /// In UTF-16 code units.
  private static let lastMessageLength = 500

  /// What is said, and stored, of what the model said: trimmed, or a sentence when nothing is left.
  public static func replyText(_ text: [UInt8]) -> String {
    let message = trimmed(text)
    return message.isEmpty ? emptyAnswer : message
  }

  public static func message(conversationID: String, text: String) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("conversationId")
    json.string(conversationID)
    json.key("message")
    json.string(text)
    json.endObject()
    return json.bytes
  }

  public static func conversations(_ views: [WidgetConversationView], total: Int) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("conversations")
    json.beginArray()
    for view in views { append(view, to: &json) }
    json.endArray()
    json.key("total")
    json.integer(total)
    json.endObject()
    return json.bytes
  }

  public static func conversation(
    _ view: WidgetConversationView, messages: [WidgetMessageView]
  ) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("conversation")
    append(view, to: &json)
    json.key("messages")
    json.beginArray()
    for message in messages { append(message, of: view.id, to: &json) }
    json.endArray()
    json.endObject()
    return json.bytes
  }

  private static func append(_ view: WidgetConversationView, to json: inout JSONWriter) {
    json.beginObject()
    json.key("_id")
    json.string(view.id)
    json.key("_creationTime")
    json.integer(Int(view.createdAt))
    json.key("sessionId")
    json.string(view.sessionID)
    json.key("createdAt")
    json.integer(Int(view.createdAt))
    json.key("updatedAt")
    json.integer(Int(view.updatedAt))
    json.key("lastMessage")
    if let last = view.lastMessage {
      json.string(prefix(of: last, units: lastMessageLength))
    } else {
      json.null()
    }
    json.endObject()
  }

  private static func append(
    _ message: WidgetMessageView, of conversation: String, to json: inout JSONWriter
  ) {
    json.beginObject()
    json.key("_id")
    json.string(message.id)
    json.key("role")
    json.string(message.isAssistant ? "assistant" : "user")
    json.key("content")
    json.string(message.content)
    json.key("createdAt")
    json.integer(Int(message.createdAt))
    json.key("_creationTime")
    json.integer(Int(message.createdAt))
    json.key("conversationId")
    json.string(conversation)
    json.endObject()
  }

  /// At most so many UTF-16 code units, and no half of a surrogate pair.
  private static func prefix(of text: String, units: Int) -> String {
    var prefix = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      count += UTF16.width(scalar)
      if count > units { break }
      prefix.append(scalar)
    }
    return String(prefix)
  }

  /// Without the white space and line ends at both ends that ECMAScript's `trim` takes away.
  private static func trimmed(_ text: [UInt8]) -> String {
    let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
    let isBlank: (Unicode.Scalar) -> Bool = {
      $0.properties.generalCategory == .spaceSeparator || $0.value == 0xFEFF
        || (0x09...0x0D).contains($0.value) || $0.value == 0x2028 || $0.value == 0x2029
    }
    guard let first = scalars.firstIndex(where: { !isBlank($0) }),
      let last = scalars.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(String.UnicodeScalarView(scalars[first...last]))
  }
}
