internal import Configuration
internal import EventLoop
internal import ClientAPIs
internal import Downstream
internal import HTTPWire
internal import StreamLog

extension Worker {
  /// `POST /v1/streams`: a generation in the background.
  func createStream(_ body: Span<UInt8>, _ connection: Connection, _ record: RequestRecord) {
    do {
      let request = try CompletionsRequest(body)
      let stream = try generate(
        request, body, streams: true, policy: shared.settings.streams.whenUnread.streams, nil,
        record)
      let createdAt = WallClock.text(stream.createdAt)
      var response = Response(
        status: 202, contentType: "application/json",
        body: StreamSnapshot.accepted(id: stream.id.text, createdAt: createdAt))
      response.add("Location", "/v1/streams/\(stream.id.text)")
      response.add("X-Stream-Id", stream.id.text)
      respond(connection, record, response)
    } catch {
      respond(connection, record, error)
    }
  }

  /// `GET /v1/streams/{id}`: as events, or as a snapshot where JSON is all that is accepted.
  func readStream(
    _ text: String, _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection,
    _ record: RequestRecord
  ) {
    do throws(Failure) {
      guard let format = try format(head, bytes) else {
        return inquire(text, cancels: false, connection, record)
      }
      let after = try resumePosition(head, bytes)
      guard let id = StreamID(text), id.owner < shared.mailboxes.count else {
        throw Self.unknownStream
      }
      record.streamID = id
      let key = RenderingKey(format: format, isChunked: !connection.speaksHTTP10)
      let question = Attach(
        id: id, key: key, after: after, connection: connection.identifier, loop: loop.index)
      if id.owner == loop.index {
        attach(connection, record, place(question))
      } else {
        shared.mailboxes[id.owner].post(.attach(question))
      }
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
    case .unknown: respond(connection, record, Self.unknownStream)
    case .ahead:
      respond(
        connection, record,
        Failure(.invalidRequest, "the stream has no event with this id", parameter: "after"))
    case .past:
      var response = Response(status: 204)
      response.add("Cache-Control", "no-store")
      respond(connection, record, response)
    case .reading(let place, let rendering, let offset):
      let (id, key) = (place.id, place.key)
      record.reads = key
      record.follows = (rendering, place.after)
      var response = streamHead(key.format, id, record)
      var preamble: [UInt8] = []
      key.format.appendPreamble(streamID: id.text, to: &preamble)
      if !preamble.isEmpty {
        response.body = key.isChunked ? ChunkFraming.chunk(preamble) : preamble
      }
      let framing: AnswerFraming = key.isChunked ? .chunked : .untilClose
      if connection.asksForHead { return connection.respondHead(response, framing: framing) }
      let audience = audience(rendering, id, key)
      connection.follow(
        response, framing: framing,
        from: Cursor(rendering, at: offset, skippingOptional: false), in: audience)
      touch(audience)
    }
  }

  private func audience(_ rendering: Rendering, _ id: StreamID, _ key: RenderingKey) -> Audience {
    if id.owner == loop.index, let stream = streams[id],
      let index = stream.renderings.firstIndex(where: { $0.key == key })
    {
      return audience(of: stream, index)
    }
    return remoteAudience(rendering, key)
  }

  // MARK: Snapshots and stopping

  func inquire(
    _ text: String, cancels: Bool, _ connection: Connection, _ record: RequestRecord
  ) {
    guard let id = StreamID(text), id.owner < shared.mailboxes.count else {
      return respond(connection, record, Self.unknownStream)
    }
    record.streamID = id
    if id.owner == loop.index {
      answer(connection, record, cancels ? cancelled(id) : snapshot(id))
    } else {
      shared.mailboxes[id.owner].post(
        .inquire(
          id, cancels: cancels, connection: connection.identifier, loop: loop.index))
    }
  }

  func answer(_ connection: Connection, _ record: RequestRecord, _ snapshot: StreamSnapshot?) {
    guard let snapshot else { return respond(connection, record, Self.unknownStream) }
    var response = Response(status: 200, contentType: "application/json", body: snapshot.body)
    response.add("Cache-Control", "no-store")
    respond(connection, record, response)
  }
}
