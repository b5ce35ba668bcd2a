// The families of `/metrics` and of the dashboard, in the order of docs/metrics.md, which says of
// each what it means.
//
// Rule: a label's values come from here or from the configuration, never from a client, so that
// nobody can make time series. What is counted over all loops is the sum of their reports.

internal import Admission
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import Metrics
internal import StreamLog

struct MetricsPage {
  let reports: [LoopReport]
  let configuration: LiveConfiguration
  let shared: Shared
  /// On the loops' clock.
  let now: UInt64
  /// Of all loops.
  let figures: Figures

  init(
    _ reports: [LoopReport], _ configuration: LiveConfiguration, _ shared: Shared, now: UInt64
  ) {
    self.reports = reports.sorted { $0.loop < $1.loop }
    self.configuration = configuration
    self.shared = shared
    self.now = now
    figures = reports.reduce(into: Figures()) { $0.add($1.figures) }
  }

  func text(_ format: MetricsText.Format) -> [UInt8] {
    var text = MetricsText(format)
    write(to: &text)
    return text.finish()
  }

  func write(to text: inout some MetricsWriter) {
    appendRequests(to: &text)
    appendTraffic(to: &text)
    appendGenerations(to: &text)
    appendReaders(to: &text)
    appendUpstreams(to: &text)
    appendLimits(to: &text)
    appendArchive(to: &text)
    appendLoops(to: &text)
    appendConfiguration(to: &text)
    appendProcess(to: &text)
  }

  func sum(_ value: (LoopReport) -> Int) -> Int { reports.reduce(0) { $0 + value($1) } }

  private func appendRequests(to text: inout some MetricsWriter) {
    text.family("deltad_requests", .counter, "Requests, by API and status of the answer.")
    for (request, count) in figures.requests.sorted(by: { $0.key.order < $1.key.order }) {
      text.sample(["api": request.api.rawValue, "status": String(request.status)], count)
    }
    text.family("deltad_unfinished_answers", .counter, "Answers not sent whole, by reason.")
    for reason in Figures.unfinishedReasons {
      text.sample(["reason": reason], figures.unfinished[reason] ?? 0)
    }
    text.family("deltad_refusals", .counter, "Requests that a limit turned away, by limit.")
    for refusal in Figures.Refusal.allCases {
      text.sample(["limit": refusal.rawValue], figures.refusals[refusal] ?? 0)
    }
    text.family("deltad_refused_connections", .counter, "Connections turned away, by reason.")
    text.sample(["reason": "limit"], sum(\.refusedConnections))
    text.sample(["reason": "proxy_header"], sum(\.refusedProxyHeaders))
    text.single("deltad_connections", .gauge, "Client connections.", shared.connections.count)
  }

  private func appendTraffic(to text: inout some MetricsWriter) {
    text.single(
      "deltad_events_received", .counter, "Events of upstreams' answers.", figures.eventsReceived)
    text.single(
      "deltad_events_sent", .counter, "Events that readers of streams were given.",
      sum(\.traffic.eventsSent) + figures.delivered.events)
    text.single(
      "deltad_upstream_received_bytes", .counter, "Bodies of upstreams' answers.",
      sum(\.receivedBytes))
    text.single(
      "deltad_client_received_bytes", .counter, "What clients sent.", sum(\.traffic.receivedBytes))
    text.single(
      "deltad_client_sent_bytes", .counter, "What clients took.",
      sum(\.traffic.sentBytes) + figures.delivered.bytes)
  }

  private func appendGenerations(to text: inout some MetricsWriter) {
    func gauge(_ name: String, _ help: String, _ value: Int) {
      text.single(name, .gauge, help, value)
    }
    text.family("deltad_generations", .counter, "Generations that have ended, by how.")
    let ends = figures.generations.merging(["done": 0, "cancelled": 0]) { count, _ in count }
    for (end, count) in ends.sorted(by: { $0.key < $1.key }) {
      text.sample(["end": end], count)
    }
    text.family("deltad_generation_duration_seconds", .histogram, "From a request to its end.")
    text.sample([:], figures.durations)
    gauge("deltad_generations_running", "Generations under way.", shared.generations.running)
    gauge("deltad_generations_queued", "Generations that wait.", shared.generations.waiting)
    text.family(
      "deltad_first_event_seconds", .histogram,
      "From a request to the first event, by the upstream that brought it.")
    for (upstream, histogram) in figures.firstEvents.sorted(by: { $0.key < $1.key }) {
      text.sample(["upstream": upstream], histogram)
    }
    text.family(
      "deltad_event_delay_seconds", .histogram,
      "What the relay adds to an event: from reading it to the end of the turn that sends it.")
    text.sample([:], figures.delays)
  }

  private func appendReaders(to text: inout some MetricsWriter) {
    func gauge(_ name: String, _ help: String, _ value: Int) {
      text.single(name, .gauge, help, value)
    }
    gauge("deltad_streams", "Streams in memory, live and finished.", sum(\.streams))
    gauge("deltad_streams_live", "Streams that still grow.", sum(\.liveStreams))
    gauge("deltad_subscribers", "Readers of streams.", sum(\.subscribers))
    gauge(
      "deltad_connections_blocked", "Client connections that take no more at the moment.",
      sum(\.traffic.blockedConnections))
    text.family(
      "deltad_subscriber_lag_bytes", .histogram,
      "How far behind readers were that had to wait, when they take some again.")
    text.sample([:], reports.reduce(into: Histogram(.lag)) { $0.add($1.traffic.lag) })
    gauge("deltad_log_memory_bytes", "Memory of all logs.", shared.budget.used)
    gauge("deltad_log_memory_limit_bytes", "Limit of it.", shared.budget.limit)
  }

  private func appendUpstreams(to text: inout some MetricsWriter) {
    text.family("deltad_upstream_attempts", .counter, "Requests to upstreams, by outcome.")
    for (key, count) in figures.attempts.sorted(by: { $0.key.order < $1.key.order }) {
      text.sample(["upstream": key.name, "outcome": key.what], count)
    }
    text.family(
      "deltad_upstream_decisions", .counter, "What was done when an upstream did not answer.")
    for (key, count) in figures.decisions.sorted(by: { $0.key.order < $1.key.order }) {
      text.sample(["upstream": key.name, "decision": key.what], count)
    }
    text.family("deltad_upstream_circuit_state", .gauge, "1 for the state that its circuit is in.")
    for upstream in configuration.settings.upstreams {
      guard let health = configuration.health[upstream.name] else { continue }
      let current = health.circuit.name(now: now)
      for state in CircuitBreaker.State.names {
        text.sample(["upstream": upstream.name, "state": state], state == current ? 1 : 0)
      }
    }
    text.single(
      "deltad_upstream_transfers", .gauge, "Requests to upstreams under way.", sum(\.transfers))
  }

  private func appendLimits(to text: inout some MetricsWriter) {
    text.single(
      "deltad_address_slots", .gauge,
      "Addresses with requests under way, where these are limited.",
      shared.rates.addressesWithSlots)
    text.single(
      "deltad_key_slots", .gauge, "Requests under way with keys for which these are limited.",
      shared.rates.keySlots)
    text.single(
      "deltad_rate_addresses", .gauge, "Addresses that rate limits know.",
      shared.rates.knownAddresses)
  }
}

extension Figures.Request {
  fileprivate var order: String { "\(api.rawValue) \(status)" }
}

extension Figures.Upstream {
  fileprivate var order: (String, String) { (name, what) }
}
