internal import JSONWire
internal import Configuration
internal import EventLoop
internal import Admission
internal import ClientAPIs
internal import Downstream
internal import HTTPWire
internal import Synchronization

extension Worker: Service {
  // MARK: From the head

  /// Order of the checks: route, key, content type, body size. Each is answered in the shape of
  /// the API that the path belongs to.
  func admit(
    _ head: RequestHead, _ bytes: Span<UInt8>, on connection: Connection
  ) -> HeadVerdict {
    let method = String(copying: bytes, head.methodRange)
    let path = String(copying: bytes, head.path)
    let segments = TargetPath.segments(head.path, in: bytes) ?? [path]
    let route = Route(method: method, segments: segments)
    var endpoint: Endpoint?
    if case .found(let found) = route.outcome { endpoint = found }
    let record = RequestRecord(
      api: route.api, endpoint: endpoint, requestID: requestID(head, bytes), method: method,
      path: shownInLog(path: path), connection: connection, worker: self)
    connection.exchange = record
    do {
      try admit(head, bytes, route, record)
    } catch {
      return .refuse(refusal(error, record))
    }
    return .proceed(bodyLimit: shared.settings.limits.bodyBytes)
  }

  private func admit(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ route: Route, _ record: RequestRecord
  ) throws(Failure) {
    switch route.outcome {
    case .notFound: throw Failure(.notFound, "there is nothing at this path")
    case .methodNotAllowed(let allow):
      throw Failure(.methodNotAllowed, "this path takes only: \(allow)", allow: allow)
    case .found(.options), .found(.health), .found(.index): return
    case .found(.readStream) where !shared.settings.streams.requireKeyToRead: return
    case .found: break
    }
    if route.api.needsKey { try checkKey(head, bytes, record) }
    if head.method == .post, let type = head.first("content-type", in: bytes) {
      let value = String(copying: bytes, type).lowercased()
      let essence = value.prefix { $0 != ";" && $0 != " " }
      guard essence == "application/json" else {
        throw Failure(.unsupportedMediaType, "the body must be application/json")
      }
    }
  }

  private func checkKey(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ record: RequestRecord
  ) throws(Failure) {
    guard !shared.secrets.keys.isEmpty else { return }
    guard head.count(of: "authorization", in: bytes) <= 1 else {
      throw Failure(.invalidKey, "more than one Authorization field")
    }
    guard let field = head.first("authorization", in: bytes) else {
      throw Failure(.invalidKey, "no API key: send it as Authorization: Bearer KEY")
    }
    let scheme = "bearer "
    let start = field.lowerBound + scheme.utf8.count
    guard start < field.upperBound,
      String(copying: bytes, field.lowerBound..<start).lowercased() == scheme,
      let name = shared.secrets.keys.name(of: bytes.extracting(start..<field.upperBound))
    else { throw Failure(.invalidKey, "the API key is not valid") }
    record.keyName = name
  }

  /// The client's own, if it is one that logs can bear.
  private func requestID(_ head: RequestHead, _ bytes: Span<UInt8>) -> String {
    if let field = head.first("x-request-id", in: bytes), (1...128).contains(field.count),
      field.allSatisfy({ bytes[$0] > 0x20 && bytes[$0] < 0x7F && bytes[$0] != 0x22 })
    {
      return String(copying: bytes, field)
    }
    return "req_" + String(UInt64.random(in: .min ... .max), radix: 36)
  }

  /// An id is a permission to read: logs get enough of it to tell streams apart.
  func shownInLog(_ id: StreamID) -> String {
    String(id.text.prefix(StreamID.prefix.utf8.count + 9))
  }

  /// Whatever a path is, a stream's id may be in it, encoded or misplaced: every segment is cut.
  private func shownInLog(path: String) -> String {
    let length = StreamID.prefix.utf8.count + 9
    let segments = path.prefix(200).split(separator: "/", omittingEmptySubsequences: false)
    return segments.map { String($0.prefix(length)) }.joined(separator: "/")
  }

  // MARK: With the body

  func serve(
    _ head: RequestHead, _ bytes: Span<UInt8>, body: Span<UInt8>, on connection: Connection
  ) {
    guard let record = connection.exchange as? RequestRecord, let endpoint = record.endpoint
    else { return }
    switch endpoint {
    case .options(let allow):
      var response = Response(status: 204)
      response.add("Allow", allow)
      respond(connection, record, response)
    case .health:
      var response = Response(
        status: 200, contentType: "application/json", body: Array(#"{"status":"ok"}"#.utf8))
      response.add("Cache-Control", "no-store")
      respond(connection, record, response)
    case .index: respond(connection, record, indexPage())
    case .models:
      let models = shared.settings.models.filter { $0.id != "*" }.map {
        ModelList.Model(id: $0.id, owner: $0.upstream)
      }
      respondJSON(connection, record, ModelList.body(models, created: shared.startedAt))
    case .model(let name):
      guard let model = model(name) else {
        let failure = Failure(
          .modelNotFound, "The model `\(name)` does not exist", parameter: "model")
        return respond(connection, record, failure)
      }
      let shown = ModelList.Model(id: name, owner: model.upstream)
      respondJSON(connection, record, ModelList.body(shown, created: shared.startedAt))
    case .completions: complete(body, connection, record)
    case .createStream: createStream(body, connection, record)
    case .readStream(let id): readStream(id, head, bytes, connection, record)
    case .cancelStream(let id): inquire(id, cancels: true, connection, record)
    }
  }

  // MARK: Answers

  func refusal(_ fault: RequestFault, on connection: Connection) -> Response {
    let failure = Failure(status: fault.status, fault.reason)
    if let record = connection.exchange as? RequestRecord { return refusal(failure, record) }
    let record = RequestRecord(
      api: .operations, endpoint: nil, requestID: requestID(), method: "?", path: "?",
      connection: connection, worker: self)
    connection.exchange = record
    return refusal(failure, record)
  }

  private func requestID() -> String {
    "req_" + String(UInt64.random(in: .min ... .max), radix: 36)
  }

  func refusal(_ failure: Failure, _ record: RequestRecord) -> Response {
    var response = Response(
      status: failure.status, contentType: "application/json",
      body: record.api.body(for: failure))
    if let allow = failure.allow { response.add("Allow", allow) }
    if let wait = failure.retryAfter { response.add("Retry-After", String(wait)) }
    if failure.reason == .invalidKey { response.add("WWW-Authenticate", "Bearer") }
    return stamped(response, record)
  }

  func respondJSON(_ connection: Connection, _ record: RequestRecord, _ body: [UInt8]) {
    respond(
      connection, record, Response(status: 200, contentType: "application/json", body: body))
  }

  func respond(_ connection: Connection, _ record: RequestRecord, _ failure: Failure) {
    connection.respond(refusal(failure, record))
  }

  func respond(_ connection: Connection, _ record: RequestRecord, _ response: Response) {
    connection.respond(stamped(response, record))
  }

  /// The fields that every answer has; the record learns the status.
  func stamped(_ response: Response, _ record: RequestRecord) -> Response {
    guard record.status == 0 else { return response }
    var response = response
    response.add("X-Request-Id", record.requestID)
    record.status = response.status
    record.headSent()
    return response
  }
}

extension String {
  /// Invalid UTF-8 becomes U+FFFD.
  init(copying bytes: Span<UInt8>, _ range: Range<Int>) {
    var copy: [UInt8] = []
    copy.append(copying: bytes.extracting(range))
    self = String(decoding: copy, as: UTF8.self)
  }
}
