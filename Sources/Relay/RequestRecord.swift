internal import Admission
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import StreamLog

/// What is known of one request from its head to its end: whose answer it gets, which stream it
/// reads, and the line that the log gets.
final class RequestRecord: Exchange {
  let api: API
  let endpoint: Endpoint?
  /// As the client gave it, if it was fit, else made here.
  let requestID: String
  private unowned let worker: Worker
  let method: String
  /// As it was sent. Logs get less of it.
  let path: String
  /// Of the client, in network byte order; empty on a Unix-domain socket.
  let client: [UInt8]
  let startedAt: UInt64
  private(set) var headSentAt: UInt64?
  /// The name of the key that the request came with.
  var keyName: String?
  /// Tells it apart from the others of its loop, while it lives.
  var identifier: ObjectIdentifier { ObjectIdentifier(self) }
  /// To whom the conversations belong that it opens: the key's name, or nobody.
  var owner: String { keyName ?? "" }
  var idempotencyKey: String?
  /// What browsers are told, where pages of other origins may ask.
  var cors = CORSAnswer.none
  /// What is left of the limits that it counts for, by the names that answers give them.
  var rates: [(name: String, decision: RateDecision)] = []
  /// Its places among the requests of its client and of its key.
  var places: [PlaceHold] = []
  var bodyBytes = 0
  var status = 0
  /// The limit that turned it away.
  var refusedBy: Figures.Refusal?
  var model: String?
  var upstream: String?
  /// Requests that were made to upstreams for it.
  var attempts = 0
  var streamID: StreamID?
  /// What it follows, and behind which event it began.
  var follows: (rendering: Rendering, after: Int)?
  /// This request is counted among the stream's readers, in this wire format.
  var reads: RenderingKey?

  init(
    api: API, endpoint: Endpoint?, requestID: String, method: String, path: String,
    client: [UInt8], worker: Worker
  ) {
    self.api = api
    self.endpoint = endpoint
    self.requestID = requestID
    self.method = method
    self.path = path
    self.worker = worker
    self.client = client
    startedAt = worker.loop.now
  }

  func headSent() {
    if headSentAt == nil { headSentAt = worker.loop.now }
  }

  func ended(_ end: ExchangeEnd, bytesSent: Int, offset: Int?) {
    places = []
    if end == .clientLeft { worker.queuedClientLeft(self) }
    worker.figures.count(request: api, status: status, end)
    worker.exchangeEnded(self)
    let kind = status < 500 ? "request" : "failed request"
    guard let permit = worker.shared.log.permit(.info, "request", kind: kind) else { return }
    var fields: [(StaticString, Log.Value)] = [
      ("request", .text(requestID)), ("client", .text(PeerAddress.description(client))),
      ("api", .text(api.rawValue)), ("method", .text(method)),
      ("path", .text(worker.shownInLog(path: path))), ("status", .integer(status)),
    ]
    if let refusedBy { fields.append(("limit", .text(refusedBy.rawValue))) }
    if let keyName { fields.append(("key", .text(keyName))) }
    if let model { fields.append(("model", .text(model))) }
    if let upstream { fields.append(("upstream", .text(upstream))) }
    if let streamID { fields.append(("stream", .text(worker.shownInLog(streamID)))) }
    if let events = events(upTo: offset) { fields.append(("events", .integer(events))) }
    fields.append(("bytes", .integer(bytesSent)))
    if let headSentAt { fields.append(("first", .duration(headSentAt &- startedAt))) }
    fields.append(("duration", .duration(worker.loop.now &- startedAt)))
    fields.append(("end", .text("\(end)")))
    worker.shared.log.write(permit, fields)
  }

  /// Events that were given to the reader. Unknown for one who left early the stream of another
  /// loop: only its owner may look into a log that still grows.
  private func events(upTo offset: Int?) -> Int? {
    guard let offset, let follows, let streamID,
      streamID.owner == worker.loop.index || follows.rendering.progress.isClosed
    else { return nil }
    return max(0, follows.rendering.events(upTo: offset) - follows.after)
  }
}
