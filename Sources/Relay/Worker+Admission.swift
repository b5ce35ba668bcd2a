// What is decided on the head alone, in this order: origin, route, rate, key, content type. Each
// refusal is in the shape of the API that the path belongs to.

internal import Admission
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import HTTPWire

extension Worker {
  func admit(
    _ head: RequestHead, _ bytes: Span<UInt8>, on connection: Connection
  ) -> HeadVerdict {
    let method = String(copying: bytes, head.methodRange)
    let path = String(copying: bytes, head.path)
    let decoded = path == "*" ? [path] : TargetPath.segments(head.path, in: bytes)
    let route = Route(
      method: method, segments: decoded ?? Self.rawSegments(path), isDecoded: decoded != nil,
      files: WebFile.paths)
    var endpoint: Endpoint?
    let outcome = connection.role == .monitors ? route.outcomeForMonitors : route.outcome
    if case .found(let found) = outcome { endpoint = found }
    let record = RequestRecord(
      api: route.api, endpoint: endpoint, requestID: requestID(head, bytes), method: method,
      path: path, client: client(head, bytes, connection.peer), worker: self)
    connection.exchange = record
    if !configuration.settings.cors.origins.isEmpty {
      record.cors = configuration.settings.cors.answer(
        origin: text("origin", head, bytes), host: text("host", head, bytes))
      if case .allowed = record.cors, endpoint?.isForOperators == true {
        record.cors = .sameOrigin
      }
    }
    do throws(Failure) {
      try checkRate(record, counts: false)
      if case .blocked = record.cors {
        throw Failure(.blockedOrigin, "pages of this origin may not ask")
      }
      try admit(head, bytes, outcome, record)
    } catch {
      return .refuse(refusal(error, record))
    }
    return .proceed(bodyLimit: configuration.settings.limits.bodyBytes)
  }

  /// Of a path that is perhaps not all there: enough to answer in the shape of its API.
  static func api(ofRaw path: String) -> API {
    Route(method: "?", segments: rawSegments(path), isDecoded: false).api
  }

  private static func rawSegments(_ path: String) -> [String] {
    path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
  }

  private func text(
    _ name: StaticString, _ head: RequestHead, _ bytes: Span<UInt8>
  ) -> String? {
    head.first(name, in: bytes).map { String(copying: bytes, $0) }
  }

  private func admit(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ outcome: Route.Outcome, _ record: RequestRecord
  ) throws(Failure) {
    let endpoint: Endpoint
    switch outcome {
    case .notFound: throw Failure(.notFound, "there is nothing at this path")
    case .methodNotAllowed(let allow):
      throw Failure(.methodNotAllowed, "this path takes only: \(allow)", allow: allow)
    case .found(let found): endpoint = found
    }
    if endpoint.isLimited {
      try checkRate(record, counts: true)
      try takeSlot(shared.rates.takeSlot(record.client), record, of: "address")
    }
    if let scopes = scopes(of: endpoint) { try checkKey(head, bytes, scopes, record) }
    if endpoint.isLimited, let key = record.keyName { try checkLimits(of: key, record) }
    record.idempotencyKey = text("idempotency-key", head, bytes)
    guard endpoint.takesBody, let type = head.first("content-type", in: bytes),
      !Self.isJSON(bytes.extracting(type))
    else { return }
    throw Failure(.unsupportedMediaType, "the body must be application/json")
  }

  private static let jsonType = Array("application/json".utf8)

  /// With or without parameters (RFC 9110, section 8.3.1).
  private static func isJSON(_ type: Span<UInt8>) -> Bool {
    guard type.count >= jsonType.count else { return false }
    for index in jsonType.indices {
      let byte = type[index]
      let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
      guard lower == jsonType[index] else { return false }
    }
    guard type.count > jsonType.count else { return true }
    return type[jsonType.count] == UInt8(ascii: ";") || type[jsonType.count] == 0x20
  }

  // MARK: Rate

  func checkRate(_ record: RequestRecord, counts: Bool) throws(Failure) {
    guard let bucket = record.rateBucket,
      let decision = shared.rates.decide(bucket, record.client, now: loop.now, counts: counts)
    else { return }
    record.rates = [(bucket.rawValue, decision)]
    if counts { try pass(decision, .addressRate, record, "too many requests from this address") }
  }

  private func checkLimits(of key: String, _ record: RequestRecord) throws(Failure) {
    if let decision = shared.rates.take(key: key, now: loop.now) {
      record.rates.append(("key", decision))
      try pass(decision, .keyRate, record, "too many requests with this key")
    }
    try takeSlot(shared.rates.takeSlot(key: key), record, of: "key")
  }

  private func pass(
    _ decision: RateDecision, _ refusal: Figures.Refusal, _ record: RequestRecord,
    _ message: String
  ) throws(Failure) {
    guard !decision.isAllowed else { return }
    count(refusal, record)
    let seconds = (decision.retryAfter + 999_999_999) / 1_000_000_000
    throw Failure(.rateLimited, message, retryAfter: max(Int(seconds), 1))
  }

  private func takeSlot(
    _ place: Rates.Place, _ record: RequestRecord, of whom: String
  ) throws(Failure) {
    switch place {
    case .taken(let slot): record.places.append(PlaceHold(slot, of: shared.rates))
    case .unlimited: break
    case .full:
      count(whom == "key" ? .keyStreams : .addressStreams, record)
      throw Failure(
        .rateLimited, "too many requests of this \(whom) at one time", retryAfter: 1)
    }
  }

  func proxyHeader(
    _ bytes: Span<UInt8>, from peer: PeerAddress
  ) throws(ProxyHeaderFault) -> (client: PeerAddress?, consumed: Int)? {
    guard peer.bytes.isEmpty || configuration.proxies.contains(where: { $0.contains(peer.bytes) })
    else { throw refused("not one of trustedProxies", peer) }
    do throws(ProxyHeaderError) {
      guard let (header, consumed) = try ProxyHeader.parse(bytes) else { return nil }
      guard case .client(let address, let port) = header else { return (nil, consumed) }
      return (PeerAddress(address, port: port), consumed)
    } catch {
      throw refused("\(error)", peer)
    }
  }

  private func refused(_ reason: String, _ peer: PeerAddress) -> ProxyHeaderFault {
    if let permit = shared.log.permit(.debug, "proxyHeader") {
      shared.log.write(
        permit, [("peer", .text(peer.description)), ("refused", .text(reason))])
    }
    return ProxyHeaderFault()
  }

  /// Who asks: the peer, or whom one of our proxies names.
  private func client(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ peer: PeerAddress
  ) -> [UInt8] {
    let isOld = configuration.settings.clientField == .forwardedFor
    let field: StaticString = isOld ? "x-forwarded-for" : "forwarded"
    guard head.count(of: field, in: bytes) > 0 else { return peer.bytes }
    return ForwardedClient.address(
      peer: peer.bytes, isOld ? .forwardedFor : .forwarded,
      values: head.all(field, in: bytes).map { String(copying: bytes, $0) },
      proxies: configuration.proxies)
  }

  // MARK: Key

  /// A key must open one of these for this endpoint; nil for one that needs none.
  private func scopes(of endpoint: Endpoint) -> [KeyScope]? {
    switch endpoint {
    case .completions: [.completions]
    case .models, .model: [.completions, .streams]
    case .createStream: [.streams]
    // Or any key: whether it may stop this one, the stream's owner knows.
    case .cancelStream: [.streams, []]
    // The widget's is in web pages.
    case .readStream:
      configuration.settings.streams.requireKeyToRead
        ? [.streams, .completions, .chats, .agents] : nil
    case .createChat, .respondChat, .listChats, .readChat, .updateChat, .endChat: [.chats]
    case .askAgent: [.agents]
    case .widgetMessage, .widgetStream: [.widget]
    case .adminConversations, .adminConversation: [.admin]
    case .health, .readiness, .metrics, .dashboardEvents, .file, .options, .widgetHealth: nil
    }
  }

  private func checkKey(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ scopes: [KeyScope], _ record: RequestRecord
  ) throws(Failure) {
    let keys = configuration.keys
    let scope = scopes[0]
    if scope == .admin {
      guard keys.opens(.admin) else {
        throw Failure(.notConfigured, "ADMIN_API_KEY is not configured on this deployment")
      }
    } else if keys.isEmpty {
      return
    }
    let key = try presentedKey(head, bytes, scope)
    let names = scopes.map { keys.name(of: bytes.extracting(key), for: $0) }
    guard let name = names.lazy.compactMap(\.self).first else {
      throw Failure(.invalidKey, "the API key is not valid")
    }
    record.keyName = name
  }

  /// Which streams the asker may stop.
  func stopAuthority(of record: RequestRecord) -> StopAuthority {
    guard let name = record.keyName, !configuration.keys.opens(.streams, name: name) else {
      return .all
    }
    return .own(keyName: name)
  }

  /// Where the key stands in the head. A field that comes twice is refused: a proxy and we might
  /// mean different ones.
  private func presentedKey(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ scope: KeyScope
  ) throws(Failure) -> Range<Int> {
    switch scope {
    case .chats: return try field("x-api-key", head, bytes)
    case .admin: return try field("x-admin-api-key", head, bytes)
    case .widget:
      // The second name counts only when the first is not there at all.
      let hasFirst = head.count(of: "x-api-key", in: bytes) > 0
      return try field(hasFirst ? "x-api-key" : "x-widget-api-key", head, bytes)
    default: return try bearer(head, bytes)
    }
  }

  private func field(
    _ name: StaticString, _ head: RequestHead, _ bytes: Span<UInt8>
  ) throws(Failure) -> Range<Int> {
    guard head.count(of: name, in: bytes) <= 1 else {
      throw Failure(.invalidKey, "more than one \(name) field")
    }
    guard let field = head.first(name, in: bytes) else {
      throw Failure(.invalidKey, "no API key: send it as \(name): KEY")
    }
    return field
  }

  func bearer(
    _ head: RequestHead, _ bytes: Span<UInt8>
  ) throws(Failure) -> Range<Int> {
    guard head.count(of: "authorization", in: bytes) <= 1 else {
      throw Failure(.invalidKey, "more than one Authorization field")
    }
    guard let field = head.first("authorization", in: bytes) else {
      throw Failure(.invalidKey, "no API key: send it as Authorization: Bearer KEY")
    }
    let scheme = "bearer "
    let start = field.lowerBound + scheme.utf8.count
    guard start < field.upperBound,
      String(copying: bytes, field.lowerBound..<start).lowercased() == scheme
    else { throw Failure(.invalidKey, "the API key is not valid") }
    return start..<field.upperBound
  }

  // MARK: Ids

  /// The client's own, if it is one that logs can bear.
  private func requestID(_ head: RequestHead, _ bytes: Span<UInt8>) -> String {
    if let field = head.first("x-request-id", in: bytes), (1...128).contains(field.count),
      field.allSatisfy({ bytes[$0] > 0x20 && bytes[$0] < 0x7F && bytes[$0] != 0x22 })
    {
      return String(copying: bytes, field)
    }
    return requestID()
  }

  /// Not a secret, and not repeated: a step of SplitMix64 from a random start. Of 15 letters, which
  /// a String holds in itself.
  func requestID() -> String {
    requestNumber &+= 0x9E37_79B9_7F4A_7C15
    var word = requestNumber
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return "req_" + Identifiers.letters(of: word ^ word >> 31)
  }

  /// An id is a permission to read: logs get enough of it to tell streams apart.
  func shownInLog(_ id: StreamID) -> String {
    String(id.text.prefix(StreamID.prefix.utf8.count + 9))
  }

  /// Whatever a path is, a stream's id may be in it, encoded or misplaced: every segment is cut.
  func shownInLog(path: String) -> String {
    // What could not be read at all.
    if path.isEmpty { return "?" }
    let length = StreamID.prefix.utf8.count + 9
    let segments = path.prefix(200).split(separator: "/", omittingEmptySubsequences: false)
    return segments.map { String($0.prefix(length)) }.joined(separator: "/")
  }
}

extension Endpoint {
  /// What those may read who are at a certain address: a page of another origin in their browser is
  /// not meant.
  fileprivate var isForOperators: Bool {
    switch self {
    case .metrics, .readiness, .dashboardEvents: true
    default: false
    }
  }

  /// Requests that a client's rate is for, and that hold one of its places.
  fileprivate var isLimited: Bool {
    if case .readStream = self { return true }
    return generates
  }

  /// Requests with a JSON body.
  fileprivate var takesBody: Bool {
    if case .updateChat = self { return true }
    return generates
  }
}
