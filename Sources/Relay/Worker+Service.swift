internal import Configuration
internal import Admission
internal import ClientAPIs
internal import Downstream
internal import EventLoop
internal import HTTPWire
internal import JSONWire

extension Worker: Service {
  // MARK: With the body

  func serve(
    _ head: RequestHead, _ bytes: Span<UInt8>, body: Span<UInt8>, on connection: Connection
  ) {
    guard let record = connection.exchange as? RequestRecord, let endpoint = record.endpoint
    else { return }
    record.bodyBytes = body.count
    switch endpoint {
    case .options(let allow): respondOptions(allow, head, connection, record)
    case .health, .widgetHealth:
      let type: StaticString = endpoint == .health ? "application/json" : Self.widgetType
      var response = Response(
        status: 200, contentType: type, body: Array(#"{"status":"ok"}"#.utf8))
      response.add("Cache-Control", "no-store")
      respond(connection, record, response)
    case .readiness: readiness(head, bytes, connection, record)
    case .metrics: metrics(head, bytes, connection, record)
    case .dashboardEvents: watchDashboard(head, bytes, connection, record)
    case .file(let path): respondFile(path, head, bytes, connection, record)
    case .models, .model: listModels(endpoint, connection, record)
    case .completions: complete(body, connection, record)
    case .createStream: createStream(body, connection, record)
    case .readStream(let id): readStream(id, head, bytes, connection, record)
    case .cancelStream(let id): inquire(id, stops: true, connection, record)
    case .createChat: createChat(body, connection, record)
    case .respondChat: respondChat(body, connection, record)
    case .listChats: listChats(head, bytes, connection, record)
    case .readChat(let id): readChat(id, connection, record)
    case .updateChat(let id): updateChat(id, body, connection, record)
    case .endChat(let id): endChat(id, connection, record)
    case .askAgent(let slug): askAgent(slug, body, connection, record)
    case .widgetMessage: askWidget(body, streams: false, connection, record)
    case .widgetStream: askWidget(body, streams: true, connection, record)
    case .adminConversations: listWidgetConversations(head, bytes, connection, record)
    case .adminConversation(let id): readWidgetConversation(id, connection, record)
    }
  }

  /// What may be done here; for browsers also whether their page may.
  private func respondOptions(
    _ allow: String, _ head: RequestHead, _ connection: Connection, _ record: RequestRecord
  ) {
    var response = Response(status: 204)
    response.add("Allow", allow)
    if case .allowed = record.cors {
      let preflight = record.api.preflight
      response.add("Access-Control-Allow-Methods", preflight.methods)
      response.add("Access-Control-Allow-Headers", preflight.headers)
      // A reader that resumes asks as often as its network fails: not twice each time.
      response.add("Access-Control-Max-Age", "7200")
    }
    respond(connection, record, response)
  }

  /// The configured models, and the agents that answer as models.
  private func listModels(
    _ endpoint: Endpoint, _ connection: Connection, _ record: RequestRecord
  ) {
    if case .model(let name) = endpoint {
      do {
        let owner = try target(name, record).model.upstream
        let shown = ModelList.Model(
          id: name, owner: configuration.agents.agent(model: name)?.name ?? owner)
        respondJSON(connection, record, ModelList.body(shown, created: shared.startedAt))
      } catch {
        respond(connection, record, error)
      }
      return
    }
    let models = configuration.settings.models.filter { $0.id != "*" }.map {
      ModelList.Model(id: $0.id, owner: $0.upstream)
    }
    let agents = configuration.agents.all.filter {
      $0.isAnswering && $0.apis.contains(.completions)
    }
    .map { ModelList.Model(id: AgentDirectory.modelName(of: $0), owner: $0.name) }
    respondJSON(connection, record, ModelList.body(models + agents, created: shared.startedAt))
  }

  // MARK: Answers

  func refusal(
    _ fault: RequestFault, path: Span<UInt8>, on connection: Connection
  ) -> Response {
    let failure = Failure(status: fault.status, fault.reason)
    if let record = connection.exchange as? RequestRecord { return refusal(failure, record) }
    let path = String(copying: path, path.indices)
    let record = RequestRecord(
      api: Self.api(ofRaw: path), endpoint: nil, requestID: requestID(), method: "?", path: path,
      client: connection.peer.bytes, worker: self)
    connection.exchange = record
    try? checkRate(record, counts: false)
    return refusal(failure, record)
  }

  func refusal(_ failure: Failure, _ record: RequestRecord) -> Response {
    let answer = record.api.answer(
      to: failure, path: record.path, time: WallClock.text(WallClock.now))
    var response = Response(
      status: answer.status, contentType: answer.contentType, body: answer.body)
    if let allow = failure.allow { response.add("Allow", allow) }
    if let wait = failure.retryAfter { response.add("Retry-After", String(wait)) }
    if failure.reason == .invalidKey, record.api.takesBearerKeys {
      response.add("WWW-Authenticate", "Bearer")
    }
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
    record.cors.add(to: &response)
    if !record.rates.isEmpty { addRates(record, to: &response) }
    record.status = response.status
    record.headSent()
    return response
  }

  /// As the IETF draft has it (draft-ietf-httpapi-ratelimit-headers): the policies, and what is
  /// left of each for how many seconds. And as the Agents API has it: of the limit with least left;
  /// `Reset` is a point in time, in seconds since 1970.
  private func addRates(_ record: RequestRecord, to response: inout Response) {
    func seconds(_ nanoseconds: UInt64) -> UInt64 { (nanoseconds + 999_999_999) / 1_000_000_000 }
    // What was decided some time ago has recovered since.
    let age = loop.now &- record.startedAt
    func left(_ wait: UInt64) -> UInt64 { wait > age ? wait - age : 0 }
    let policies = record.rates.map { name, rate in
      "\"\(name)\";q=\(rate.limit);w=\(seconds(rate.period))"
    }
    let states = record.rates.map { name, rate in
      let wait = seconds(rate.isAllowed ? left(rate.resetAfter) : rate.retryAfter)
      return "\"\(name)\";r=\(rate.remaining);t=\(wait)"
    }
    response.add("RateLimit-Policy", policies.joined(separator: ", "))
    response.add("RateLimit", states.joined(separator: ", "))
    guard record.api == .agents,
      let rate = record.rates.map(\.decision).min(by: { $0.remaining < $1.remaining })
    else { return }
    response.add("X-RateLimit-Limit", String(rate.limit))
    response.add("X-RateLimit-Remaining", String(rate.remaining))
    response.add("X-RateLimit-Reset", String(seconds(WallClock.now + left(rate.resetAfter))))
  }
}

extension API {
  fileprivate var takesBearerKeys: Bool {
    switch self {
    case .completions, .streams, .agents, .operations: true
    case .chats, .widget: false
    }
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
