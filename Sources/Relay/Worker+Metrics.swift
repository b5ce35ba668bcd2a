// What the daemon says of itself: `/metrics` and `/readyz`. Each loop is asked for its figures; one
// that does not answer in time is left out, and the answer says so.

internal import Admission
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import HTTPWire
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
  /// What waits for the archive, for its turn or for a place.
  var expectations: Int
  var refusedConnections: Int
  var refusedProxyHeaders: Int
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

  func poll(within time: UInt64 = patience, _ done: @escaping ([LoopReport]) -> Void) {
    let ticket = nextPoll
    nextPoll += 1
    let poll = Poll(done)
    polls[ticket] = poll
    let timer = Timer { [unowned self] in self.finishPoll(ticket) }
    poll.timer = timer
    loop.arm(timer, after: time)
    for (index, mailbox) in shared.mailboxes.enumerated() where index != loop.index {
      mailbox.post(.report(ticket: ticket, loop: loop.index))
    }
    reported(ticket, report)
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

  var report: LoopReport {
    LoopReport(
      loop: loop.index, figures: figures, streams: streams.count,
      subscribers: streams.values.reduce(0) { $0 + $1.readers }, transfers: driver.activeTransfers,
      timers: loop.timerCount, watches: loop.watchCount, expectations: expectations.count,
      refusedConnections: server.refusedConnections,
      refusedProxyHeaders: server.refusedProxyHeaders)
  }

  // MARK: Who may know

  /// By address, or by a key that opens `admin`.
  private func mayKnow(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) -> Bool {
    switch connection.role {
    case .monitors: return true
    case .clients where record.client.isEmpty: return true
    case .clients, .proxies: break
    }
    if configuration.metricsAllow.contains(where: { $0.contains(record.client) }) { return true }
    guard let key = try? bearer(head, bytes) else { return false }
    return configuration.keys.name(of: bytes.extracting(key), for: .admin) != nil
  }

  // MARK: Readiness

  /// `GET /readyz`: whether new requests should come here; to those who may know it also how the
  /// upstreams do.
  func readiness(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    let now = loop.now
    let reason: ServiceReadiness =
      isDraining ? .draining : shared.budget.isExhausted ? .memory : .ready
    let upstreams = configuration.settings.upstreams.compactMap { upstream in
      configuration.health[upstream.name].map {
        ServiceReadiness.Upstream(name: upstream.name, circuit: $0.circuit.name(now: now))
      }
    }
    let details = mayKnow(head, bytes, connection, record) ? upstreams : []
    var response = Response(
      status: reason == .ready ? 200 : 503, contentType: "application/json",
      body: reason.body(details))
    response.add("Cache-Control", "no-store")
    if reason != .ready { response.add("Retry-After", "1") }
    respond(connection, record, response)
  }

  // MARK: Metrics

  /// `GET /metrics`
  func metrics(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    guard mayKnow(head, bytes, connection, record) else {
      return respond(
        connection, record,
        Failure(.forbidden, "metrics are for metrics.allow, or with a key that opens admin"))
    }
    let accept = head.first("accept", in: bytes).map { String(copying: bytes, $0) } ?? ""
    let format: MetricsText.Format =
      accept.contains("application/openmetrics-text") ? .openMetrics : .prometheus
    let identifier = connection.identifier
    poll { [unowned self] reports in
      guard let (connection, record) = self.request(identifier) else { return }
      var response = Response(
        status: 200, contentType: format.contentType, body: self.metrics(reports, format))
      response.add("Cache-Control", "no-store")
      self.respond(connection, record, response)
    }
  }

  private func metrics(_ reports: [LoopReport], _ format: MetricsText.Format) -> [UInt8] {
    var text = MetricsText(format)
    var figures = Figures()
    for report in reports { figures.add(report.figures) }
    appendRequests(figures, reports, to: &text)
    appendUpstreams(figures, to: &text)
    appendState(reports, to: &text)
    return text.finish()
  }

  private func appendRequests(
    _ figures: Figures, _ reports: [LoopReport], to text: inout MetricsText
  ) {
    text.family("deltad_requests", .counter, "Requests, by API and status of the answer.")
    for (request, count) in figures.requests.sorted(by: { $0.key.order < $1.key.order }) {
      text.sample(["api": request.api.rawValue, "status": String(request.status)], count)
    }
    text.family("deltad_unfinished_answers", .counter, "Answers not sent whole, by reason.")
    for (end, count) in figures.unfinished.sorted(by: { $0.key < $1.key }) {
      text.sample(["reason": end], count)
    }
    text.family("deltad_refusals", .counter, "Requests that a limit turned away, by limit.")
    for refusal in Figures.Refusal.allCases {
      text.sample(["limit": refusal.rawValue], figures.refusals[refusal] ?? 0)
    }
    text.family("deltad_refused_connections", .counter, "Connections turned away, by reason.")
    text.sample(["reason": "limit"], reports.reduce(0) { $0 + $1.refusedConnections })
    text.sample(["reason": "proxy_header"], reports.reduce(0) { $0 + $1.refusedProxyHeaders })
    text.family("deltad_generations", .counter, "Generations that have ended, by how.")
    for (end, count) in figures.generations.sorted(by: { $0.key < $1.key }) {
      text.sample(["end": end], count)
    }
  }

  private func appendUpstreams(_ figures: Figures, to text: inout MetricsText) {
    func append(_ counts: [Figures.Upstream: Int], _ label: StaticString) {
      let sorted = counts.sorted { ($0.key.name, $0.key.what) < ($1.key.name, $1.key.what) }
      for (key, count) in sorted {
        text.sample(
          label.description == "outcome"
            ? ["upstream": key.name, "outcome": key.what]
            : ["upstream": key.name, "decision": key.what], count)
      }
    }
    text.family("deltad_upstream_attempts", .counter, "Requests to upstreams, by outcome.")
    append(figures.attempts, "outcome")
    text.family(
      "deltad_upstream_decisions", .counter, "What was done when an upstream did not answer.")
    append(figures.decisions, "decision")
    text.family("deltad_upstream_circuit_state", .gauge, "1 for the state that its circuit is in.")
    for upstream in configuration.settings.upstreams {
      guard let health = configuration.health[upstream.name] else { continue }
      let current = health.circuit.name(now: loop.now)
      for state in CircuitBreaker.State.names {
        text.sample(["upstream": upstream.name, "state": state], state == current ? 1 : 0)
      }
    }
  }

  private func appendState(_ reports: [LoopReport], to text: inout MetricsText) {
    func gauge(_ name: String, _ help: String, _ value: Int) {
      text.single(name, .gauge, help, value)
    }
    func sum(_ value: (LoopReport) -> Int) -> Int { reports.reduce(0) { $0 + value($1) } }
    gauge("deltad_connections", "Client connections.", shared.connections.count)
    gauge("deltad_generations_running", "Generations under way.", shared.generations.running)
    gauge("deltad_generations_queued", "Generations that wait.", shared.generations.waiting)
    gauge("deltad_streams", "Streams in memory, live and finished.", sum(\.streams))
    gauge("deltad_subscribers", "Readers of streams.", sum(\.subscribers))
    gauge("deltad_upstream_transfers", "Requests to upstreams under way.", sum(\.transfers))
    gauge("deltad_expectations", "Steps that wait for something.", sum(\.expectations))
    gauge(
      "deltad_address_slots", "Addresses with requests under way, where these are limited.",
      shared.rates.addressesWithSlots)
    gauge(
      "deltad_key_slots", "Requests under way with keys for which these are limited.",
      shared.rates.keySlots)
    gauge(
      "deltad_rate_addresses", "Addresses that rate limits know.", shared.rates.knownAddresses)
    gauge("deltad_log_memory_bytes", "Memory of all logs.", shared.budget.used)
    gauge("deltad_log_memory_limit_bytes", "Limit of it.", shared.budget.limit)
    gauge("deltad_timers", "Timers that are armed.", sum(\.timers))
    gauge("deltad_watched_descriptors", "Descriptors that loops watch.", sum(\.watches))
    text.family("deltad_loop_up", .gauge, "1 for a loop that has answered.")
    for index in shared.mailboxes.indices {
      text.sample(
        ["loop": String(index)], reports.contains { $0.loop == index } ? 1 : 0)
    }
    gauge("process_start_time_seconds", "Since 1970.", shared.startedAt)
    if let memory = ProcessFigures.residentBytes {
      gauge("process_resident_memory_bytes", "Resident memory.", memory)
    }
    if let descriptors = ProcessFigures.openDescriptors {
      gauge("process_open_fds", "Open descriptors.", descriptors)
    }
  }
}

extension Figures.Request {
  fileprivate var order: String { "\(api.rawValue) \(status)" }
}

extension CircuitBreaker.State {
  static let names = ["closed", "open", "probing"]

  /// An open one whose pause is over lets the next request through.
  func name(now: UInt64) -> String {
    switch self {
    case .closed: "closed"
    case .open(let until): now < until ? "open" : "probing"
    case .probing: "probing"
    }
  }
}
