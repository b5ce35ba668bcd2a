internal import JSONWire
public import ModelFormats

/// `{"error":{"code","message","retryable"}}`
enum StreamsErrors {
  static func body(for failure: Failure) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("error")
    append(failure, to: &json)
    json.endObject()
    return json.bytes
  }

  static func append(_ failure: Failure, to json: inout JSONWriter) {
    json.beginObject()
    json.key("code")
    json.string("\(failure.code)")
    json.key("message")
    json.string(failure.message)
    json.key("retryable")
    json.bool(failure.isRetryable)
    json.endObject()
  }
}

/// What `GET /v1/streams/{id}` says of a stream as JSON.
public struct StreamSnapshot: Sendable {
  public enum Status: String, Sendable { case streaming, done, cancelled, error }

  public var id: String
  public var status: Status
  public var text: [UInt8]
  public var finishReason: String?
  public var usage: Usage?
  public var failure: Failure?
  /// How often an upstream went on with what another had broken off.
  public var continuations = 0
  /// ISO 8601, UTC, milliseconds.
  public var createdAt: String
  public var lastEventID: Int
  public var subscribers: Int

  public init(
    id: String, status: Status, text: [UInt8], finishReason: String?, usage: Usage?,
    failure: Failure?, createdAt: String, lastEventID: Int, subscribers: Int
  ) {
    self.id = id
    self.status = status
    self.text = text
    self.finishReason = finishReason
    self.usage = usage
    self.failure = failure
    self.createdAt = createdAt
    self.lastEventID = lastEventID
    self.subscribers = subscribers
  }

  public var body: [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("id")
    json.string(id)
    json.key("status")
    json.string(status.rawValue)
    json.key("text")
    json.string(utf8: text.span)
    json.key("finishReason")
    if let finishReason { json.string(finishReason) } else { json.null() }
    json.key("usage")
    StreamEvents.append(usage, to: &json)
    if continuations > 0 {
      json.key("continued")
      json.integer(continuations)
    }
    if let failure {
      json.key("error")
      StreamsErrors.append(failure, to: &json)
    }
    json.key("createdAt")
    json.string(createdAt)
    json.key("lastEventId")
    json.integer(lastEventID)
    json.key("subscribers")
    json.integer(subscribers)
    json.endObject()
    return json.bytes
  }

  /// The 202 answer to `POST /v1/streams`.
  /// - Parameter conversationID: Of an agent's turn.
  public static func accepted(
    id: String, createdAt: String, conversationID: String? = nil
  ) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("id")
    json.string(id)
    json.key("status")
    json.string(Status.streaming.rawValue)
    json.key("createdAt")
    json.string(createdAt)
    json.key("url")
    json.string("/v1/streams/\(id)")
    if let conversationID {
      json.key("conversationId")
      json.string(conversationID)
    }
    json.endObject()
    return json.bytes
  }
}
