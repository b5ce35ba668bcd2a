internal import JSONWire

/// `POST /v1/api/chat/{slug}`
public struct AgentQuestion: Equatable, Sendable {
  public var message: String
  public var streams: Bool
  /// Nil for a new conversation.
  public var conversationID: String?

  public init(_ body: Span<UInt8>) throws(Failure) {
    let fields = try RequestFields(body, ["message", "stream", "conversationId"])
    message = try fields.message()
    switch fields["stream"] {
    case nil, .null?: streams = false
    case .bool(let value)?: streams = value
    case .text?, .object?, .other?:
      throw Failure(.invalidRequest, "Stream field must be true or false", parameter: "stream")
    }
    conversationID = try fields.conversationID()
  }
}

/// `{"agent":SLUG,"message":…,"conversationId"?}`, by which the Streams API asks an agent.
public struct StreamQuestion: Equatable, Sendable {
  public var agent: String
  public var message: String
  /// Nil for a new conversation.
  public var conversationID: String?

  /// Nil for a body that names no agent: it asks a model.
  public init?(_ body: Span<UInt8>) throws(Failure) {
    let fields = try RequestFields(body, ["agent", "message", "conversationId"])
    switch fields["agent"] {
    case nil, .null?: return nil
    case .text(let slug)?: agent = slug
    case .bool?, .object?, .other?:
      throw Failure(.invalidRequest, "Agent field must be a string", parameter: "agent")
    }
    message = try fields.message()
    conversationID = try fields.conversationID()
  }
}

extension RequestFields {
  /// More than white space.
  fileprivate func message() throws(Failure) -> String {
    guard case .text(let text)? = self["message"],
      text.unicodeScalars.contains(where: { !$0.properties.isWhitespace })
    else { throw Failure(.invalidRequest, "Message field is required", parameter: "message") }
    return text
  }

  fileprivate func conversationID() throws(Failure) -> String? {
    switch self["conversationId"] {
    case nil, .null?: return nil
    case .text(let text)?: return text
    case .bool?, .object?, .other?:
      throw Failure(
        .invalidRequest, "ConversationId field must be a string or null",
        parameter: "conversationId")
    }
  }
}

/// `{"data":{"response","conversationId","metadata":{"model","tokens"}},"error":null}`
public enum AgentAnswers {
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - tokens: Of the question and the answer.
  public static func answer(
    text: [UInt8], conversationID: String, model: String, tokens: Int
  ) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("data")
    json.beginObject()
    json.key("response")
    json.string(utf8: text.span)
    json.key("conversationId")
    json.string(conversationID)
    json.key("metadata")
    json.beginObject()
    json.key("model")
    json.string(model)
    json.key("tokens")
    json.integer(tokens)
    json.endObject()
    json.endObject()
    json.key("error")
    json.null()
    json.endObject()
    return json.bytes
  }
}
