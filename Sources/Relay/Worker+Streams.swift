internal import Configuration
internal import EventLoop
internal import ClientAPIs
internal import Downstream
internal import HTTPWire
internal import StreamLog

extension Worker {
  /// `POST /v1/streams`: a generation in the background, of a model or of an agent.
  func createStream(_ body: Span<UInt8>, _ connection: Connection, _ record: RequestRecord) {
    let policy = configuration.settings.streams.whenUnread.streams
    do {
      if let question = try StreamQuestion(body) {
        return start(
          try agentTurn(
            question.agent, question.message, question.conversationID, on: .streams, form: nil,
            policy: policy, try idempotency(record, body), connection, record))
      }
      let request = try CompletionsRequest(body)
      let target = try target(request.model, record)
      start(
        turn(
          request, target, body, true, nil, policy, try idempotency(record, body), connection,
          record))
    } catch {
      respond(connection, record, error)
    }
  }

  func respondAccepted(
    _ id: StreamID, createdAt: UInt64, _ conversationID: String?, _ connection: Connection,
    _ record: RequestRecord
  ) {
    var response = Response(
      status: 202, contentType: "application/json",
      body: StreamSnapshot.accepted(
        id: id.text, createdAt: WallClock.text(createdAt), conversationID: conversationID))
    response.add("Location", "/v1/streams/\(id.text)")
    response.add("X-Stream-Id", id.text)
    respond(connection, record, response)
  }

  /// `GET /v1/streams/{id}`: as events, or as a snapshot where JSON is all that is accepted.
  func readStream(
    _ text: String, _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection,
    _ record: RequestRecord
  ) {
    do throws(Failure) {
      guard let format = try format(head, bytes) else {
        return inquire(text, stops: false, connection, record)
      }
      let after = try resumePosition(head, bytes)
      guard let id = StreamID(text) else { throw Self.unknownStream }
      record.streamID = id
      let key = RenderingKey(format: format, isChunked: !connection.speaksHTTP10)
      ask(
        Attach(
          id: id, key: key, after: after, connection: connection.identifier, loop: loop.index))
    } catch {
      respond(connection, record, error)
    }
  }

  static let unknownStream = Failure(.notFound, "no stream has this id, or it has expired")

  /// Nil for a snapshot.
  private func format(_ head: RequestHead, _ bytes: Span<UInt8>) throws(Failure) -> WireFormat? {
    if let name = TargetPath.queryValue("format", query: head.query, in: bytes) {
      if name == "json" { return nil }
      guard let format = WireFormat(queryName: name) else {
        throw Failure(
          .invalidRequest, "format must be sse, openai, ndjson, chunk or json",
          parameter: "format")
      }
      return format
    }
    guard let field = head.first("accept", in: bytes) else { return .events }
    let accepted = String(copying: bytes, field).lowercased()
    if accepted.contains("text/event-stream") { return .events }
    if accepted.contains("application/x-ndjson") { return .lines }
    return accepted.contains("application/json") ? nil : .events
  }

  /// A reconnecting EventSource repeats its URL, `after` included: what it says it has had last
  /// counts more.
  private func resumePosition(
    _ head: RequestHead, _ bytes: Span<UInt8>
  ) throws(Failure) -> Int {
    var text: String?
    if let field = head.first("last-event-id", in: bytes), !field.isEmpty {
      text = String(copying: bytes, field)
    } else {
      text = TargetPath.queryValue("after", query: head.query, in: bytes)
    }
    guard let text else { return 0 }
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let after = Int(text) else {
      throw Failure(
        .invalidRequest, "the position to resume from must be a whole number", parameter: "after")
    }
    return after
  }

  /// The stream's owner has answered.
  func attach(_ connection: Connection, _ record: RequestRecord, _ answer: AttachAnswer) {
    switch answer {
    case .failed(let failure):
      if record.endpoint?.generates == true { return deliver(.failed(failure), connection, record) }
      respond(connection, record, failure)
    case .ahead:
      respond(
        connection, record,
        Failure(.invalidRequest, "the stream has no event with this id", parameter: "after"))
    case .past:
      var response = Response(status: 204)
      response.add("Cache-Control", "no-store")
      respond(connection, record, response)
    case .reading(let place, let rendering, let offset, let conversationID):
      record.reads = place.key
      record.streamID = place.id
      let audience = audience(rendering, place.id, place.key)
      follow(
        connection, record, place.key, rendering,
        Place(place, conversationID: conversationID, offset: offset), in: audience)
      touch(audience)
    case .waiting(let place): record.reads = place.key
    case .whole(let reply): deliver(reply, connection, record)
    case .acknowledged(let id, let createdAt, let conversationID):
      respondAccepted(id, createdAt: createdAt, conversationID, connection, record)
    }
  }

  private func audience(_ rendering: Rendering, _ id: StreamID, _ key: RenderingKey) -> Audience {
    if shared.owner(of: id) == loop.index, let stream = streams[id],
      let index = stream.renderings.firstIndex(where: { $0.key == key })
    {
      return audience(of: stream, index)
    }
    return remoteAudience(rendering, key)
  }

  // MARK: Snapshots and stopping

  func inquire(
    _ text: String, stops: Bool, _ connection: Connection, _ record: RequestRecord
  ) {
    guard let id = StreamID(text) else {
      return respond(connection, record, Self.unknownStream)
    }
    record.streamID = id
    let owner = shared.owner(of: id)
    let identifier = connection.identifier
    let authority = stops ? stopAuthority(of: record) : nil
    if owner == loop.index {
      snapshot(id, stoppedBy: authority) { [self] in answered(identifier, $0) }
    } else {
      shared.mailboxes[owner].post(
        .inquire(id, stoppedBy: authority, connection: identifier, loop: loop.index))
    }
  }

  func answer(
    _ connection: Connection, _ record: RequestRecord, _ snapshot: Result<StreamSnapshot, Failure>
  ) {
    switch snapshot {
    case .failure(let failure): respond(connection, record, failure)
    case .success(let snapshot):
      var response = Response(
        status: 200, contentType: "application/json", body: snapshot.body)
      response.add("Cache-Control", "no-store")
      respond(connection, record, response)
    }
  }
}
