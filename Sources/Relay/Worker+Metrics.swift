// What the daemon says of itself: `/metrics` and `/readyz`. Each loop is asked for its figures; one
// that does not answer in time is left out, and the answer says so.

internal import Admission
internal import ClientAPIs
internal import Configuration
internal import Archive
internal import Downstream
internal import EventLoop
internal import HTTPWire
internal import Metrics
internal import StreamLog
internal import Upstream

/// What a loop counted, and what it has now.
struct LoopReport: Sendable {
  var loop: Int
  var figures: Figures
  var streams: Int
  var subscribers: Int
  var transfers: Int
  var timers: Int
  var watches: Int
  var liveStreams: Int
  var traffic: Traffic
  /// From upstreams.
  var receivedBytes: Int
  /// What waits for the archive, for its turn or for a place.
  var expectations: Int
  var refusedConnections: Int
  var refusedProxyHeaders: Int
  /// Those that still grow, the newest first; empty unless asked for.
  var newest: [LiveStream]
}

/// A question to all loops, on its way.
final class Poll {
  var reports: [LoopReport] = []
  var timer: Timer?
  let done: ([LoopReport]) -> Void

  init(_ done: @escaping ([LoopReport]) -> Void) {
    self.done = done
  }
}

extension Worker {
  // MARK: Asking all loops

  /// How long a loop may take to answer.
  static let patience: UInt64 = 2_000_000_000

  /// - Parameter listing: The newest streams are asked for, too.
  func poll(
    within time: UInt64 = patience, listing lists: Bool = false,
    _ done: @escaping ([LoopReport]) -> Void
  ) {
    let ticket = nextPoll
    nextPoll += 1
    let poll = Poll(done)
    polls[ticket] = poll
    let timer = Timer { [unowned self] in self.finishPoll(ticket) }
    poll.timer = timer
    loop.arm(timer, after: time)
    for (index, mailbox) in shared.mailboxes.enumerated() where index != loop.index {
      mailbox.post(.report(ticket: ticket, lists: lists, loop: loop.index))
    }
    reported(ticket, report(listing: lists))
  }

  func reported(_ ticket: UInt64, _ report: LoopReport) {
    guard let poll = polls[ticket] else { return }
    poll.reports.append(report)
    if poll.reports.count == shared.mailboxes.count { finishPoll(ticket) }
  }

  private func finishPoll(_ ticket: UInt64) {
    guard let poll = polls.removeValue(forKey: ticket) else { return }
    if let timer = poll.timer { loop.disarm(timer) }
    poll.done(poll.reports)
  }

  func report(listing lists: Bool) -> LoopReport {
    LoopReport(
      loop: loop.index, figures: figures, streams: streams.count,
      subscribers: streams.values.reduce(0) { $0 + $1.readers }, transfers: driver.activeTransfers,
      timers: loop.timerCount, watches: loop.watchCount, liveStreams: liveStreams,
      traffic: server.traffic, receivedBytes: driver.receivedBytes,
      expectations: expectations.count,
      refusedConnections: server.refusedConnections,
      refusedProxyHeaders: server.refusedProxyHeaders, newest: lists ? newestStreams() : [])
  }

  // MARK: Who may know

  /// By address, or by a key that opens `admin`.
  func mayKnow(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) -> Bool {
    if connection.role != .proxies && record.client.isEmpty { return true }
    let isKnown =
      connection.role == .monitors
      || configuration.metricsAllow.contains { $0.contains(record.client) }
    let isFromHere = Self.loopback.contains { $0.contains(record.client) }
    if isKnown, !isFromHere || namesThisMachine(head, bytes) { return true }
    guard let key = try? bearer(head, bytes) else { return false }
    return configuration.keys.name(of: bytes.extracting(key), for: .admin) != nil
  }

  static let whoMayKnow =
    "metrics.allow (from the loopback with a Host without a domain), or with a key that opens admin"

  private static let loopback = ["127.0.0.0/8", "::1"].compactMap { AddressBlock($0) }

  /// Pages that have had a name of theirs point here ("DNS rebinding") come from the loopback, too,
  /// and name a host with a domain.
  private func namesThisMachine(_ head: RequestHead, _ bytes: Span<UInt8>) -> Bool {
    guard let field = head.first("host", in: bytes) else { return true }
    let host = String(copying: bytes, field).lowercased()
    if IPAddress.parse(host) != nil { return true }
    let parts = host.prefix { $0 != ":" }.split(separator: ".")
    return parts.count == 1 || parts.last == "localhost"
      || parts.elementsEqual(["localhost", "localdomain"])
  }

  // MARK: Readiness

  /// `GET /readyz`: whether new requests should come here; to those who may know it also how the
  /// upstreams do.
  func readiness(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    let reason = readiness
    let details = mayKnow(head, bytes, connection, record) ? upstreams : []
    var response = Response(
      status: reason == .ready ? 200 : 503, contentType: "application/json",
      body: reason.body(details))
    response.add("Cache-Control", "no-store")
    if reason != .ready { response.add("Retry-After", "1") }
    respond(connection, record, response)
  }

  private var upstreams: [ServiceReadiness.Upstream] {
    configuration.settings.upstreams.compactMap { upstream in
      configuration.health[upstream.name].map {
        ServiceReadiness.Upstream(name: upstream.name, circuit: $0.circuit.name(now: loop.now))
      }
    }
  }

  var readiness: ServiceReadiness {
    if isDraining { return .draining }
    if shared.budget.isExhausted { return .memory }
    if shared.archive.isFailing { return .archive }
    let upstreams = upstreams
    let areAllOpen = upstreams.allSatisfy { $0.circuit == CircuitBreaker.State.openName }
    return areAllOpen && !upstreams.isEmpty ? .upstreams : .ready
  }

  // MARK: Metrics

  /// `GET /metrics`
  func metrics(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    guard mayKnow(head, bytes, connection, record) else {
      return respond(
        connection, record,
        Failure(.forbidden, "metrics are for \(Self.whoMayKnow)"))
    }
    let accept = head.first("accept", in: bytes).map { String(copying: bytes, $0) } ?? ""
    let format: MetricsText.Format =
      accept.contains("application/openmetrics-text") ? .openMetrics : .prometheus
    let identifier = connection.identifier
    poll { [unowned self] reports in
      guard let (connection, record) = self.request(identifier) else { return }
      let page = MetricsPage(reports, self.configuration, self.shared, now: self.loop.now)
      var response = Response(
        status: 200, contentType: format.contentType, body: page.text(format))
      response.add("Cache-Control", "no-store")
      self.respond(connection, record, response)
    }
  }
}

extension CircuitBreaker.State {
  static let names = ["closed", openName, "probing"]
  static let openName = "open"

  /// An open one whose pause is over lets the next request through.
  func name(now: UInt64) -> String {
    switch self {
    case .closed: "closed"
    case .open(let until): now < until ? Self.openName : "probing"
    case .probing: "probing"
    }
  }
}
