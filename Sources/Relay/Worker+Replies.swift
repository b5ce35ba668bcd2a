// Answers that a model has made, in the shape of the API that was asked.

internal import Archive
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import HTTPWire
internal import StreamLog
internal import Upstream

extension Worker {
  // MARK: As it grows

  /// The stream from its first event on, for the one who asked.
  func follow(
    _ initiator: Generation.Initiator, _ stream: Stream, _ format: WireFormat, skipsUsage: Bool
  ) {
    let connection = initiator.connection
    let key = RenderingKey(format: format, isChunked: !connection.speaksHTTP10)
    let index = stream.rendering(for: key)
    let rendering = stream.renderings[index].rendering
    initiator.record.reads = key
    follow(
      connection, initiator.record, key, rendering, Place(stream, skipsUsage: skipsUsage),
      in: audience(of: stream, index))
    touch(stream)
  }

  /// Where a reader begins, and what its head says of the stream.
  struct Place {
    var id: StreamID
    var conversationID: String?
    var after = 0
    var offset = 0
    var skipsUsage: Bool

    init(_ stream: Stream, skipsUsage: Bool) {
      id = stream.id
      conversationID = stream.conversationID
      self.skipsUsage = skipsUsage
    }

    init(_ attach: Attach, conversationID: String?, offset: Int) {
      id = attach.id
      after = attach.after
      self.conversationID = conversationID
      self.offset = offset
      skipsUsage = false
      if case .follow(let skipsUsage, _) = attach.purpose { self.skipsUsage = skipsUsage }
    }
  }

  func follow(
    _ connection: Connection, _ record: RequestRecord, _ key: RenderingKey,
    _ rendering: Rendering, _ place: Place, in audience: Audience
  ) {
    record.follows = (rendering, place.after)
    var response = streamHead(key.format, place, record)
    var preamble: [UInt8] = []
    key.format.appendPreamble(
      conversationID: place.conversationID ?? place.id.text, returnAfter: timeToReturn,
      to: &preamble)
    if !preamble.isEmpty {
      response.body = key.isChunked ? ChunkFraming.chunk(preamble) : preamble
    }
    let framing: AnswerFraming = key.isChunked ? .chunked : .untilClose
    if connection.asksForHead { return connection.respondHead(response, framing: framing) }
    connection.follow(
      response, framing: framing,
      from: Cursor(rendering, at: place.offset, skippingOptional: place.skipsUsage),
      after: place.after, in: audience)
  }

  /// The head of a streaming answer.
  private func streamHead(
    _ format: WireFormat, _ place: Place, _ record: RequestRecord
  ) -> Response {
    var response = Response(status: 200)
    response.add("Content-Type", format.contentType.description)
    let caching = record.api == .widget ? "no-store, no-transform" : "no-cache, no-transform"
    response.add("Cache-Control", caching)
    response.add("X-Accel-Buffering", "no")
    response.add("X-Stream-Id", place.id.text)
    if record.api == .agents, let id = place.conversationID {
      response.add("X-Conversation-Id", id)
    }
    addAttempts(record, to: &response)
    return stamped(response, record)
  }

  // MARK: As a whole

  /// What an endpoint says of a stream that has ended.
  func wholeReply(_ stream: Stream, for endpoint: Endpoint) -> WholeReply {
    switch stream.ending {
    case .failed(let failure): return .failed(failure)
    case .cancelled: return .failed(Failure(.cancelled, "the generation was stopped"))
    case .done, nil: break
    }
    switch endpoint {
    case .createChat: return chatReply(stream, status: 201)
    case .respondChat: return chatReply(stream, status: 200)
    case .askAgent: return agentReply(stream)
    case .widgetMessage: return widgetReply(stream)
    default:
      return .answer(
        status: 200, contentType: "application/json",
        body: stream.wholeAnswer ?? stream.assembledCompletion())
    }
  }

  func deliver(_ reply: WholeReply, _ connection: Connection, _ record: RequestRecord) {
    switch reply {
    case .answer(let status, let contentType, let body):
      var response = Response(status: status, contentType: contentType, body: body)
      addStreamID(record, to: &response)
      respond(connection, record, response)
    case .failed(var failure):
      let payload = failure.payload
      failure.payload = nil
      var response = refusal(failure, record)
      // The provider's own words, for clients that speak its language.
      if let payload, record.api == .completions { response.body = payload }
      addStreamID(record, to: &response)
      connection.respond(response)
    }
  }

  /// What the upstream said, as it said it.
  func respond(_ initiator: Generation.Initiator, status: Int, _ fault: UpstreamFault) {
    guard !fault.body.isEmpty else {
      var failure = Failure(fault)
      failure.retryAfter = nil
      var response = refusal(failure, initiator.record)
      response.status = status
      initiator.record.status = status
      addRetryAfter(fault, to: &response)
      addStreamID(initiator.record, to: &response)
      return initiator.connection.respond(response)
    }
    var response = Response(status: status)
    response.add("Content-Type", Self.fieldValue(fault.contentType) ?? "application/json")
    response.body = fault.body
    addRetryAfter(fault, to: &response)
    addStreamID(initiator.record, to: &response)
    respond(initiator.connection, initiator.record, response)
  }

  private func addRetryAfter(_ fault: UpstreamFault, to response: inout Response) {
    if let wait = Self.fieldValue(fault.retryAfter) {
      response.add("Retry-After", wait)
    } else if let seconds = fault.secondsToWait {
      response.add("Retry-After", String(seconds))
    }
  }

  func addStreamID(_ record: RequestRecord, to response: inout Response) {
    if let id = record.streamID { response.add("X-Stream-Id", id.text) }
    addAttempts(record, to: &response)
  }

  /// Who answered, or was asked last, and how often it took.
  private func addAttempts(_ record: RequestRecord, to response: inout Response) {
    guard record.attempts > 0, let upstream = record.upstream else { return }
    response.add("X-Upstream", upstream)
    response.add("X-Upstream-Attempts", String(record.attempts))
  }

  /// What came from an upstream goes into a field only if it is visible ASCII.
  private static func fieldValue(_ text: String?) -> String? {
    guard let text, !text.isEmpty, text.utf8.count <= 128,
      text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
    else { return nil }
    return text
  }
}
