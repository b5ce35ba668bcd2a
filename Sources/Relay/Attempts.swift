// Which upstream a generation asks, and what it does when one does not answer.
//
// Rules: only a request of whose answer nothing has come is made again. Each upstream gets its
// retries, then the next one is asked; one whose circuit is open is passed over. An answer that
// broke off goes on at the next one that can do that, the first coming behind the last, no more
// often than there are upstreams. All attempts together have the time that the first upstream may
// take. It decides, and does nothing: the generation asks, waits and tells.

internal import Admission
internal import Configuration
internal import EventLoop
internal import ModelFormats
internal import Upstream

struct Attempts {
  /// One of the upstreams of a model.
  struct Candidate {
    var name: String
    var source: Worker.Source
    var health: UpstreamHealth
    var continuation = Settings.Continuation.off
  }

  enum Step {
    /// Ask the current candidate now.
    case ask
    /// Ask it again after so many nanoseconds.
    case wait(UInt64)
    /// Nobody is left. Nanoseconds after which it is worth trying again, where that is known.
    case giveUp(retryAfter: UInt64?)
  }

  /// What was done when an upstream did not answer.
  enum Decision: String, Sendable {
    /// The same one is asked again.
    case retry
    /// It would be asked again, if it had not been so often.
    case budgetSpent = "budget_spent"
    /// The next one is asked.
    case fallback
    /// It is passed over, having failed of late.
    case circuitOpen = "circuit_open"
    /// Another goes on with an answer that it broke off.
    case continuation
    /// Nobody is left, or it would help nothing.
    case giveUp = "give_up"
  }

  private let candidates: [Candidate]
  /// Since somebody looked, with the upstreams that they are about.
  private var decisions: [(decision: Decision, upstream: String)] = []
  private var position = 0
  private var retriesMade = 0
  /// Times that somebody was to go on with an answer.
  private(set) var continuations = 0
  /// Requests that were made, over all upstreams.
  private(set) var made = 0
  /// On the loop's clock.
  private(set) var deadline = UInt64.max
  /// The current attempt has told the upstream's health how it does.
  private var isReported = true
  private var shortestRefusal: UInt64?

  /// - Parameter candidates: At least one, in the order in which they are asked.
  init(_ candidates: [Candidate]) {
    self.candidates = candidates
  }

  var current: Candidate { candidates[min(position, candidates.count - 1)] }

  /// The first step.
  mutating func begin(now: UInt64) -> Step {
    if case .provider(let provider, _) = current.source {
      deadline = now &+ provider.timeouts.total
    }
    return admitted(now: now)
  }

  /// The wait is over.
  mutating func resume(now: UInt64) -> Step { admitted(now: now) }

  /// From the current candidate on, the first whose circuit is closed.
  private mutating func admitted(now: UInt64) -> Step {
    while position < candidates.count {
      switch current.health.admit(now: now) {
      case .allowed:
        made += 1
        isReported = false
        return .ask
      case .refused(let wait):
        decisions.append((.circuitOpen, current.name))
        if continuations > 0 { return goOn(now: now) }
        shortestRefusal = min(wait, shortestRefusal ?? .max)
        next()
      }
    }
    return .giveUp(retryAfter: shortestRefusal)
  }

  private mutating func next() {
    position += 1
    retriesMade = 0
  }

  /// The current attempt failed, and nothing of its answer has come.
  /// - Parameter random: Uniform in [0, 1).
  mutating func failed(_ fault: UpstreamFault, now: UInt64, random: Double) -> Step {
    report(fault, now: now)
    let failure = RetryPolicy.Failure(fault)
    let timeLeft = deadline > now ? deadline - now : 0
    let verdict = current.health.policy.decide(
      failure, retriesMade: retriesMade, timeLeft: timeLeft, random: random)
    switch verdict {
    // Another may take what this one refuses: that the last message is the assistant's, perhaps.
    case .final where continuations > 0: return goOn(now: now)
    case .final:
      decisions.append((.giveUp, current.name))
      return .giveUp(retryAfter: nil)
    case .retry(let delay):
      guard current.health.takeRetry(now: now) else {
        decisions.append((.budgetSpent, current.name))
        return elsewhere(timeLeft: timeLeft, now: now)
      }
      decisions.append((.retry, current.name))
      retriesMade += 1
      return .wait(delay)
    case .elsewhere: return elsewhere(timeLeft: timeLeft, now: now)
    }
  }

  private mutating func elsewhere(timeLeft: UInt64, now: UInt64) -> Step {
    if continuations > 0 { return goOn(now: now) }
    let failed = current.name
    next()
    let step = timeLeft > 0 ? admitted(now: now) : .giveUp(retryAfter: nil)
    if case .ask = step {
      decisions.append((.fallback, failed))
    } else {
      decisions.append((.giveUp, failed))
    }
    return step
  }

  /// What was decided since the last time, in order.
  mutating func takeDecisions() -> [(decision: Decision, upstream: String)] {
    defer { decisions = [] }
    return decisions
  }

  // MARK: An answer that broke off

  /// Somebody could go on with it.
  var canContinue: Bool {
    continuations < candidates.count && candidates.contains { $0.continuation != .off }
  }

  /// The current attempt broke off inside its answer, which has been reported. Going on with its
  /// own answer counts as a retry of the upstream; of another one it is a request like any other.
  mutating func goOn(now: UInt64) -> Step {
    let broken = current.name
    guard canContinue, deadline > now else {
      decisions.append((.giveUp, broken))
      return .giveUp(retryAfter: nil)
    }
    continuations += 1
    retriesMade = 0
    for _ in candidates {
      position = (min(position, candidates.count - 1) + 1) % candidates.count
      guard current.continuation != .off else { continue }
      guard case .allowed = current.health.admit(now: now) else {
        decisions.append((.circuitOpen, current.name))
        continue
      }
      isReported = false
      guard current.name != broken || current.health.takeRetry(now: now) else {
        decisions.append((.budgetSpent, current.name))
        end(now: now)
        continue
      }
      decisions.append((.continuation, current.name))
      made += 1
      return .ask
    }
    decisions.append((.giveUp, broken))
    return .giveUp(retryAfter: nil)
  }

  // MARK: How the upstream does

  /// It answers.
  mutating func hasAnswer() {
    guard !isReported else { return }
    isReported = true
    current.health.succeeded()
  }

  /// It failed, before or inside its answer.
  mutating func report(_ fault: UpstreamFault, now: UInt64) {
    guard fault.isUpstreams else { return end(now: now) }
    isReported = true
    current.health.failed(now: now)
  }

  /// The attempt is over, by no fault of the upstream's.
  mutating func end(now: UInt64) {
    guard !isReported else { return }
    isReported = true
    current.health.ended(now: now)
  }
}

extension RetryPolicy.Failure {
  init(_ fault: UpstreamFault) {
    let wait = fault.wait
    switch fault.kind {
    case .status(let status):
      self.init(status: status, shouldRetry: fault.shouldRetry, retryAfter: wait)
    case .connect, .timeout, .cut: self.init(status: nil)
    case .tls, .malformed:
      self.init(status: nil)
      isOfThisServer = true
    // About the request, and not about who was asked.
    case .tooLarge, .reported: self.init(status: nil, shouldRetry: false)
    }
  }
}

extension UpstreamFault {
  /// What the upstream asks for, nanoseconds.
  var wait: UInt64? {
    RetryAfter.parse(
      milliseconds: retryAfterMilliseconds, seconds: retryAfter,
      now: Int(WallClock.now / 1_000_000_000))
  }

  /// The same for a client, rounded up.
  var secondsToWait: Int? { wait.map { Int(($0 + 999_999_999) / 1_000_000_000) } }

  /// Its circuit breaker counts it: not what the request brought about.
  /// Inside an answer: the upstream broke down, and another may well go on.
  var isBreakdown: Bool {
    switch kind {
    case .cut, .malformed, .timeout(.idle): true
    case .reported: reportsBreakdown
    case .connect, .tls, .timeout, .status, .tooLarge: false
    }
  }

  /// The error object is about the server and not about the request: by its number, or by a word
  /// that providers use (OpenAI, Anthropic, OpenRouter and vLLM say some of these).
  private var reportsBreakdown: Bool {
    guard let event = try? ModelFormat.openAIChat.read(body.span), let error = event.error else {
      return false
    }
    let values = [error.type, error.code].compactMap(\.self).map { range in
      String(decoding: body[range], as: UTF8.self).filter { $0 != "\"" }.lowercased()
    }
    return values.contains { value in
      if let number = Int(value) { return number == 408 || number == 429 || number >= 500 }
      return ["server_error", "internal", "overloaded", "unavailable", "api_error"].contains {
        value.contains($0)
      }
    }
  }

  fileprivate var isUpstreams: Bool {
    switch kind {
    case .status(let status): status == 408 || status >= 500
    case .connect, .tls, .timeout, .cut, .malformed: true
    case .tooLarge, .reported: false
    }
  }
}
