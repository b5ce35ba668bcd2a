internal import Admission
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import Metrics
internal import Upstream

/// What one loop has counted since it started. Its thread's alone, so that counting costs no shared
/// memory; who wants the sum asks each loop for a copy.
struct Figures: Sendable {
  /// Why a client was turned away that asked for nothing wrong.
  enum Refusal: String, CaseIterable, Sendable {
    case addressRate = "address_rate"
    case addressStreams = "address_streams"
    case keyRate = "key_rate"
    case keyStreams = "key_streams"
    case queueFull = "queue_full"
    case queueTimeout = "queue_timeout"
    case memory
    case conversation
    case draining
  }

  struct Request: Hashable, Sendable {
    var api: API
    var status: Int
  }

  struct Upstream: Hashable, Sendable {
    var name: String
    var what: String
  }

  private(set) var requests: [Request: Int] = [:]
  static let unfinishedReasons = ["client_left", "closed", "stalled"]
  /// Answers that were not sent whole.
  private(set) var unfinished: [String: Int] = [:]
  private(set) var refusals: [Refusal: Int] = [:]
  /// By upstream and outcome.
  private(set) var attempts: [Upstream: Int] = [:]
  /// By upstream and decision.
  private(set) var decisions: [Upstream: Int] = [:]
  private(set) var generations: [String: Int] = [:]
  /// From a generation's beginning to its end.
  private(set) var durations = Histogram(.answer)
  /// From a generation's beginning to its first event, by the upstream that brought it.
  private(set) var firstEvents: [String: Histogram] = [:]
  /// Of upstreams' answers.
  private(set) var eventsReceived = 0
  /// What readers of streams were given, over all of them.
  private(set) var delivered = Audience.Delivery()
  /// What a turn takes without waiting.
  private(set) var turns = Histogram(.turn)
  /// From the start of the turn that read an event to its end, when it has been sent to readers on
  /// this loop.
  private(set) var delays = Histogram(.turn)

  mutating func count(request api: API, status: Int, _ end: ExchangeEnd) {
    requests[Request(api: api, status: status), default: 0] += 1
    switch end {
    case .completed: break
    case .clientLeft: unfinished["client_left", default: 0] += 1
    case .stalled: unfinished["stalled", default: 0] += 1
    case .closed: unfinished["closed", default: 0] += 1
    }
  }

  mutating func count(refusal: Refusal) { refusals[refusal, default: 0] += 1 }

  /// - Parameter fault: Nil when it answered.
  mutating func count(attemptAt upstream: String, _ fault: UpstreamFault?) {
    let outcome = fault?.outcome ?? "answered"
    attempts[Upstream(name: upstream, what: outcome), default: 0] += 1
  }

  /// Nobody wanted its answer any more, or there was no room for it.
  mutating func count(cancelledAt upstream: String) {
    attempts[Upstream(name: upstream, what: "cancelled"), default: 0] += 1
  }

  mutating func count(_ decision: Attempts.Decision, at upstream: String) {
    decisions[Upstream(name: upstream, what: decision.rawValue), default: 0] += 1
  }

  /// - Parameter duration: Nanoseconds, like all times here.
  mutating func count(generation end: String, after duration: UInt64) {
    generations[end, default: 0] += 1
    durations.observe(duration)
  }

  mutating func count(firstEvent duration: UInt64, from upstream: String) {
    firstEvents[upstream, default: Histogram(.wait)].observe(duration)
  }

  /// - Parameter events: Of upstreams, in this turn.
  mutating func count(turn duration: UInt64, events: Int) {
    turns.observe(duration)
    guard events > 0 else { return }
    eventsReceived += events
    delays.observe(duration, times: UInt64(events))
  }

  mutating func count(_ delivery: Audience.Delivery) {
    delivered.events += delivery.events
    delivered.bytes += delivery.bytes
  }

  mutating func add(_ other: Figures) {
    requests.merge(other.requests, uniquingKeysWith: +)
    unfinished.merge(other.unfinished, uniquingKeysWith: +)
    refusals.merge(other.refusals, uniquingKeysWith: +)
    attempts.merge(other.attempts, uniquingKeysWith: +)
    decisions.merge(other.decisions, uniquingKeysWith: +)
    generations.merge(other.generations, uniquingKeysWith: +)
    durations.add(other.durations)
    firstEvents.merge(other.firstEvents) { one, other in
      var sum = one
      sum.add(other)
      return sum
    }
    eventsReceived += other.eventsReceived
    count(other.delivered)
    turns.add(other.turns)
    delays.add(other.delays)
  }
}

extension UpstreamFault {
  /// Few and short, since each is a time series.
  fileprivate var outcome: String {
    switch kind {
    case .connect: "connect"
    case .tls: "tls"
    case .timeout(.connect): "timeout_connect"
    case .timeout(.firstEvent): "timeout_first_event"
    case .timeout(.idle): "timeout_idle"
    case .timeout(.total): "timeout_total"
    case .status(429): "status_429"
    case .status(let status): "status_\(status / 100)xx"
    case .cut: "cut"
    case .malformed: "malformed"
    case .tooLarge: "too_large"
    case .reported: "reported"
    }
  }
}
