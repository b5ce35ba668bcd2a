internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import StreamLog
internal import Upstream

extension Worker {
  /// `POST /v1/chat/completions`
  func complete(_ body: Span<UInt8>, _ connection: Connection, _ record: RequestRecord) {
    do {
      let request = try CompletionsRequest(body)
      let initiator = Generation.Initiator(
        connection: connection, record: record, wantsWhole: !request.streams,
        skipsUsage: !request.wantsUsage)
      _ = try generate(
        request, body, streams: request.streams,
        policy: shared.settings.streams.whenUnread.completions, initiator, record)
    } catch {
      respond(connection, record, error)
    }
  }

  /// Starts a generation, with whoever asked as its first reader.
  func generate(
    _ request: CompletionsRequest, _ body: Span<UInt8>, streams: Bool,
    policy: Settings.UnreadPolicy, _ initiator: Generation.Initiator?, _ record: RequestRecord
  ) throws(Failure) -> Stream {
    record.model = request.model
    guard let model = model(request.model), let source = sources[model.upstream] else {
      throw Failure(
        .modelNotFound, "The model `\(request.model)` does not exist", parameter: "model")
    }
    record.upstream = model.upstream
    guard !isDraining else {
      throw Failure(.shuttingDown, "the server is shutting down", retryAfter: 1)
    }
    guard hasMemory(), !shared.budget.isExceeded else {
      throw Failure(.overloaded, "the memory for streams is used up", retryAfter: 1)
    }
    guard shared.takeGeneration() else {
      throw Failure(.overloaded, "too many generations at one time", retryAfter: 1)
    }

    let stream = makeStream()
    record.streamID = stream.id
    if initiator != nil {
      record.reads = .first
      stream.readers = 1
    }
    let generation = Generation(
      stream: stream, model: request.model, upstream: model.upstream, policy: policy,
      initiator: initiator, worker: self)
    began(generation)
    generation.start { generation in
      switch source {
      case .provider(let provider, let asksUsage):
        let body = request.upstreamBody(
          from: body, model: model.upstreamModel, streams: streams, asksUsage: asksUsage)
        return Transfer(body, to: provider, on: driver, receiver: generation)
      case .demo(let pace):
        return DemoModel(
          question: request.question, model: request.model,
          created: Int(stream.createdAt / 1_000_000_000), pace: pace, loop: loop,
          receiver: generation)
      }
    }
    return stream
  }

  // MARK: Answering the one who asked

  /// The stream from its first event on.
  func follow(_ initiator: Generation.Initiator, _ stream: Stream) {
    let connection = initiator.connection
    let key = RenderingKey(format: .openAI, isChunked: !connection.speaksHTTP10)
    let index = stream.rendering(for: key)
    let rendering = stream.renderings[index].rendering
    initiator.record.reads = key
    initiator.record.follows = (rendering, 0)
    let cursor = Cursor(rendering, at: 0, skippingOptional: initiator.skipsUsage)
    connection.follow(
      streamHead(key.format, stream.id, initiator.record),
      framing: key.isChunked ? .chunked : .untilClose, from: cursor,
      in: audience(of: stream, index))
    touch(stream)
  }

  /// The whole answer as one object.
  func respond(_ initiator: Generation.Initiator, _ body: [UInt8]) {
    var response = Response(status: 200, contentType: "application/json", body: body)
    addStreamID(initiator.record, to: &response)
    respond(initiator.connection, initiator.record, response)
  }

  func respond(_ initiator: Generation.Initiator, _ failure: Failure) {
    var failure = failure
    let payload = failure.payload
    failure.payload = nil
    var response = refusal(failure, initiator.record)
    if let payload { response.body = payload }
    addStreamID(initiator.record, to: &response)
    initiator.connection.respond(response)
  }

  /// What the upstream said, as it said it.
  func respond(_ initiator: Generation.Initiator, status: Int, _ fault: UpstreamFault) {
    guard !fault.body.isEmpty else {
      var response = refusal(Failure(fault), initiator.record)
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
    if let wait = Self.fieldValue(fault.retryAfter) { response.add("Retry-After", wait) }
  }

  private func addStreamID(_ record: RequestRecord, to response: inout Response) {
    if let id = record.streamID { response.add("X-Stream-Id", id.text) }
  }

  /// What came from an upstream goes into a field only if it is visible ASCII.
  private static func fieldValue(_ text: String?) -> String? {
    guard let text, !text.isEmpty, text.utf8.count <= 128,
      text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
    else { return nil }
    return text
  }

  /// The head of a streaming answer.
  func streamHead(_ format: WireFormat, _ id: StreamID, _ record: RequestRecord) -> Response {
    var response = Response(status: 200)
    response.add("Content-Type", format.contentType.description)
    response.add("Cache-Control", "no-cache, no-transform")
    response.add("X-Accel-Buffering", "no")
    response.add("X-Stream-Id", id.text)
    return stamped(response, record)
  }
}
