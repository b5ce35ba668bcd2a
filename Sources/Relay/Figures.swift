internal import Admission
internal import ClientAPIs
internal import Configuration
internal import Downstream
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
  /// Answers that were not sent whole.
  private(set) var unfinished: [String: Int] = [:]
  private(set) var refusals: [Refusal: Int] = [:]
  /// By upstream and outcome.
  private(set) var attempts: [Upstream: Int] = [:]
  /// By upstream and decision.
  private(set) var decisions: [Upstream: Int] = [:]
  private(set) var generations: [String: Int] = [:]

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

  mutating func count(generation end: String) { generations[end, default: 0] += 1 }

  mutating func add(_ other: Figures) {
    requests.merge(other.requests, uniquingKeysWith: +)
    unfinished.merge(other.unfinished, uniquingKeysWith: +)
    refusals.merge(other.refusals, uniquingKeysWith: +)
    attempts.merge(other.attempts, uniquingKeysWith: +)
    decisions.merge(other.decisions, uniquingKeysWith: +)
    generations.merge(other.generations, uniquingKeysWith: +)
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
