// One request to upstream, until its terminal event: what the daemon owes its readers.
//
// It stands between an upstream, which tells it events, and a stream, to which it appends them. It
// belongs to the daemon and not to the socket that asked: the one who asked is a reader like any
// other, but that it waits for the first event to learn whether there is an answer at all.
//
// Rules: exactly one terminal event ends the stream, whatever happens. Before the first event an
// upstream's refusal is the answer to the one who asked; after it, a failure is an event. What is
// stored is stored before readers are told: the end of a kept generation goes by the archive. Only
// a cancelled one has nothing to wait for.

internal import JSONWire
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import ModelFormats
internal import StreamLog
internal import Upstream

final class Generation: AnswerReceiver {
  let stream: Stream
  let model: String
  /// Of the request that began it.
  private let requestID: String
  private let api: API
  /// Of the one with which it was asked for.
  let keyName: String?
  private var attempts: Attempts
  private unowned let worker: Worker
  private let policy: Settings.UnreadPolicy
  let startedAt: UInt64
  private var firstEventAt: UInt64?
  /// Something of the answer has come, not only its beginning.
  private var hasContent = false
  /// The current attempt has brought something of it.
  private var attemptHasContent = false
  /// What the chunks of the attempts have in common, once one has followed another's.
  private var identity: ChunkIdentity?
  /// Whether the request is one whose answer can be continued. Nil when nobody could.
  private var isContinuable: (() -> Bool)?
  private let maximumBytes: Int
  /// What the log held when its memory was last asked for: that changes by segments.
  private var heldBytes = 0
  /// The places of the request that began it.
  private var places: [PlaceHold]
  /// Told when nobody goes on with what it broke off.
  private var breakage: UpstreamFault?
  private var hasAttemptEnded = false
  private var answering: (any Answering)?
  private var ask: Ask?
  private var retryTimer: Timer?
  /// The upstream's one object was none that answers: said at its end, which comes next.
  private var answerFault: UpstreamFault?
  /// Who asked, as long as it waits for the first event or the whole answer.
  private var initiator: Initiator?
  /// What there is to store, where anything is.
  let keeper: Keeper?
  /// The line of its conversation's turns, which goes on when this one has been stored.
  let line: String?
  /// Those who joined and wait for the whole answer, on any loop.
  private var waiters: [Waiter] = []
  private var graceTimer: Timer?
  private var heartbeatTimer: Timer?
  /// It takes no more events; its end may still be on its way to the archive.
  private(set) var isOver = false

  /// A connection whose answer has not begun.
  struct Initiator {
    var connection: Connection
    var record: RequestRecord
    var form: ReplyForm

    var format: WireFormat? {
      if case .stream(let format, _) = form { return format }
      return nil
    }
  }

  /// A connection that waits for the whole answer, and what it asked for.
  struct Waiter {
    var connection: UInt64
    var loop: Int
    var endpoint: Endpoint
  }

  init(
    stream: Stream, model: String, requestID: String, api: API, keyName: String?,
    attempts: Attempts, policy: Settings.UnreadPolicy,
    initiator: Initiator?, keeper: Keeper?, line: String?, places: [PlaceHold],
    isContinuable: (() -> Bool)?, worker: Worker
  ) {
    self.places = places
    self.isContinuable = isContinuable
    maximumBytes = worker.configuration.settings.streams.streamBytes
    self.stream = stream
    self.model = model
    self.requestID = requestID
    self.api = api
    self.keyName = keyName
    self.attempts = attempts
    self.policy = policy
    self.initiator = initiator
    self.keeper = keeper
    self.worker = worker
    self.line = line
    startedAt = worker.loop.now
  }

  /// What the one who asked is told before the model is asked.
  func begin() {
    switch initiator?.format {
    case .lines:
      beginStreaming()
      worker.flushNow(stream)
    case .openAI, .events, .chunks: armHeartbeat()
    case nil: break
    }
  }

  /// - Parameter soFar: What has been said, for an answer that goes on.
  typealias Ask = (
    Generation, Attempts.Candidate, _ deadline: UInt64, _ soFar: [UInt8]
  ) -> any Answering

  /// Asks the first upstream, and others as it becomes necessary; `ask` may end the generation
  /// before it returns.
  func start(_ ask: @escaping Ask) {
    self.ask = ask
    let step = attempts.begin(now: worker.loop.now)
    take(step, nil)
  }

  /// - Parameter fault: Why it has come to this step.
  private func take(_ step: Attempts.Step, _ fault: UpstreamFault?) {
    noteDecisions()
    switch step {
    case .ask: attempt()
    case .wait(let delay):
      let timer = Timer { [unowned self] in
        let step = self.attempts.resume(now: self.worker.loop.now)
        self.take(step, fault)
      }
      retryTimer = timer
      worker.loop.arm(timer, after: delay)
    case .giveUp(let wait):
      guard var fault else { return end(.failed(.upstreamsResting(wait))) }
      // A circuit's wait, where the upstream named none.
      if fault.wait == nil, let wait {
        fault.retryAfter = String(max(1, (wait + 999_999_999) / 1_000_000_000))
      }
      refuse(breakage ?? fault)
    }
  }

  /// Counts what was decided; in words for the log.
  @discardableResult
  private func noteDecisions() -> String {
    let decisions = attempts.takeDecisions()
    for (decision, upstream) in decisions { worker.figures.count(decision, at: upstream) }
    return decisions.map { "\($0.decision.rawValue):\($0.upstream)" }.joined(separator: ",")
  }

  private func attempt() {
    guard let ask, !isOver else { return }
    initiator?.record.upstream = attempts.current.name
    initiator?.record.attempts = attempts.made
    (attemptHasContent, hasAttemptEnded) = (false, false)
    let number = attempts.made
    if stream.sequence > 0, identity == nil { identity = stream.identity() }
    let soFar = attempts.continuations > 0 ? stream.answerText() : []
    let answering = ask(self, attempts.current, attempts.deadline, soFar)
    if isOver { return answering.cancel() }
    // It may have failed at once, and another may be under way.
    if attempts.made == number, !hasAttemptEnded { self.answering = answering }
  }

  // MARK: From upstream

  func received(_ event: ModelEvent, _ payload: Span<UInt8>) {
    guard !isOver else { return }
    take(event) {
      if identity != nil { append(adopted: event, payload) } else { stream.append(event, payload) }
    }
  }

  @inline(__always)
  private func take(_ event: ModelEvent, _ keep: () -> Void) {
    if !attemptHasContent, event.isContent { contentBegins() }
    keep()
    if firstEventAt == nil { firstEventCame() }
    worker.eventCame(to: stream)
    if let initiator { beginStreaming(initiator, with: event) }
    if stream.bytes > maximumBytes {
      fail(Failure(.upstreamFailed, "the answer is larger than one stream may be"))
    } else if stream.log.rendering.held != heldBytes {
      heldBytes = stream.log.rendering.held
      if !worker.hasMemory() {
        fail(Failure(.overloaded, "the memory for streams is used up"))
      }
    }
  }

  private func firstEventCame() {
    firstEventAt = worker.loop.now
    worker.figures.count(
      firstEvent: worker.loop.now &- startedAt, from: attempts.current.name)
  }

  private func beginStreaming(_ initiator: Initiator, with event: ModelEvent) {
    switch initiator.format {
    // A failure before the first text is still an answer with a status.
    case .chunks: if event.text != nil { beginStreaming() }
    case .openAI, .events, .lines: beginStreaming()
    case nil: break
    }
  }

  private func contentBegins() {
    (hasContent, attemptHasContent) = (true, true)
    attempts.hasAnswer()
    if attempts.continuations > 0, breakage != nil { stream.continuations += 1 }
    breakage = nil
    if isContinuable?() != true { (ask, isContinuable) = (nil, nil) }
  }

  /// An event of an attempt behind the first that has said something, as one of the same stream.
  /// How an answer begins has been said before.
  private func append(adopted event: ModelEvent, _ payload: Span<UInt8>) {
    guard let identity, event.isContent || event.usage != nil || !identity.hasRole else { return }
    let chunk = identity.adopt(payload)
    self.identity?.learn(chunk.span)
    if let event = try? ModelFormat.openAIChat.read(chunk.span) { stream.append(event, chunk.span) }
  }

  func received(answer: Span<UInt8>) {
    guard !isOver else { return }
    if isReadByInitiatorAlone, let event = CompletionAnswer.event(of: answer) {
      var whole: [UInt8] = []
      whole.append(copying: answer)
      return take(event) { stream.fold(whole, event) }
    }
    var chunk: [UInt8] = []
    do {
      switch try CompletionAnswer.chunk(from: answer, into: &chunk) {
      case .fault:
        var payload: [UInt8] = []
        payload.append(copying: answer)
        // A line end to event streams, and white space to JSON.
        for index in payload.indices where payload[index] == 13 { payload[index] = 32 }
        var fault = UpstreamFault(.reported, "the upstream reported an error")
        fault.body = payload
        answerFault = fault
      case .chunk:
        let event = try ModelFormat.openAIChat.read(chunk.span)
        guard event.kind == .content else {
          answerFault = Self.noCompletion
          return
        }
        var whole: [UInt8] = []
        whole.append(copying: answer)
        if !hasContent { stream.keep(whole) }
        received(event, chunk.span)
      }
    } catch {
      answerFault = Self.noCompletion
    }
  }

  /// Nothing has been said, and who asked wants nothing but the answer as it comes.
  private var isReadByInitiatorAlone: Bool {
    guard case .whole? = initiator?.form else { return false }
    return keeper == nil && waiters.isEmpty && stream.isUntouched
  }

  private static let noCompletion = UpstreamFault(
    .malformed, "the upstream's answer is not a chat completion")

  func ended(_ outcome: AnswerOutcome) {
    // It ends by itself, and may keep its connection for the next request.
    answering = nil
    hasAttemptEnded = true
    var outcome = outcome
    if let fault = answerFault { outcome = .failed(fault) }
    answerFault = nil
    switch outcome {
    case .complete:
      attempts.hasAnswer()
      worker.figures.count(attemptAt: attempts.current.name, nil)
      end(.done(finishReason: stream.finishReason))
    case .failed(let fault):
      worker.figures.count(attemptAt: attempts.current.name, fault)
      let (now, upstream, made) = (worker.loop.now, attempts.current.name, attempts.made)
      if !attemptHasContent, !isOver {
        let step = attempts.failed(fault, now: now, random: Double.random(in: 0..<1))
        logFault(fault, upstream, made, step)
        return take(step, fault)
      }
      attempts.report(fault, now: now)
      let step = goOn(fault)
      logFault(fault, upstream, made, step)
      take(step, fault)
    }
  }

  /// An upstream broke off inside its answer.
  private func goOn(_ fault: UpstreamFault) -> Attempts.Step {
    breakage = fault
    guard !isOver, fault.isBreakdown, isContinuable != nil, stream.finishReason == nil,
      stream.continuableText() != nil
    else {
      worker.figures.count(.giveUp, at: attempts.current.name)
      return .giveUp(retryAfter: nil)
    }
    return attempts.goOn(now: worker.loop.now)
  }

  /// The last upstream's refusal is the answer, unless there is one that broke off.
  private func refuse(_ fault: UpstreamFault) {
    if !hasContent, let initiator, initiator.record.api == .completions,
      case .status(let status) = fault.kind, (400...599).contains(status)
    {
      self.initiator = nil
      for place in places { place.letGo() }
      worker.respond(initiator, status: status, fault)
    }
    end(.failed(Failure(fault)))
  }

  // MARK: From the daemon

  /// Stops it on somebody's wish. What was delivered stays.
  func cancel() {
    end(.cancelled)
  }

  /// False when it has come to its end before.
  @discardableResult
  func fail(_ failure: Failure) -> Bool {
    guard !isOver else { return false }
    end(.failed(failure))
    return true
  }

  /// The number of readers has changed.
  func readersChanged() {
    guard !isOver, policy == .cancel else { return }
    if stream.readers > 0 {
      if let graceTimer { worker.loop.disarm(graceTimer) }
    } else {
      let timer = graceTimer ?? Timer { [unowned self] in self.cancel() }
      graceTimer = timer
      worker.loop.arm(
        timer, after: worker.configuration.settings.streams.whenUnread.grace.nanoseconds)
    }
  }

  /// The one who asked has gone before its answer began.
  func initiatorLeft(_ record: RequestRecord) {
    if initiator?.record === record { initiator = nil }
  }

  private func end(_ ending: Ending) {
    guard !isOver else { return }
    isOver = true
    if answering != nil { worker.figures.count(cancelledAt: attempts.current.name) }
    answering?.cancel()
    answering = nil
    ask = nil
    attempts.end(now: worker.loop.now)
    for timer in [graceTimer, heartbeatTimer, retryTimer] {
      if let timer { worker.loop.disarm(timer) }
    }
    guard let keeper else { return conclude(ending) }
    if case .cancelled = ending {
      keeper.finish(ending) { [self] _ in worker.turnEnded(self) }
      return conclude(ending)
    }
    keeper.finish(ending) { [self] stored in
      conclude(stored)
      worker.turnEnded(self)
    }
  }

  /// Everybody is told.
  private func conclude(_ ending: Ending) {
    (ask, isContinuable, places) = (nil, nil, [])
    stream.close(ending)
    worker.touch(stream)
    answerInitiator(ending)
    for waiter in waiters {
      worker.deliver(worker.wholeReply(stream, for: waiter.endpoint), to: waiter)
    }
    waiters = []
    // Only who may come again gets it again, byte for byte.
    if keeper == nil { stream.forgetWholeAnswer() }
    logEnd(ending)
    worker.generationEnded(self)
  }

  // MARK: To the one who asked, and those who joined

  /// The answer is sent when it is there.
  func wait(_ waiter: Waiter) {
    waiters.append(waiter)
  }

  private func beginStreaming() {
    guard let initiator, case .stream(let format, let skipsUsage) = initiator.form else { return }
    self.initiator = nil
    if let heartbeatTimer { worker.loop.disarm(heartbeatTimer) }
    keeper?.conversationWasTold()
    worker.follow(initiator, stream, format, skipsUsage: skipsUsage)
  }

  /// Silence for so long that the client must hear something: the answer begins without an event.
  private func armHeartbeat() {
    let timer = Timer { [unowned self] in self.beginStreaming() }
    heartbeatTimer = timer
    worker.loop.arm(timer, after: worker.configuration.settings.timeouts.heartbeat.nanoseconds)
  }

  private func answerInitiator(_ ending: Ending) {
    guard let initiator else { return }
    switch (ending, initiator.form) {
    case (.done, .stream): beginStreaming()
    case (.done, .whole), (.cancelled, _), (.failed, _):
      self.initiator = nil
      let endpoint = initiator.record.endpoint ?? .completions
      worker.deliver(
        worker.wholeReply(stream, for: endpoint), initiator.connection,
        initiator.record)
    }
  }

  // MARK: To operators

  var asSeenLive: LiveStream {
    LiveStream(
      id: worker.shownInLog(stream.id), model: model, upstream: attempts.current.name, api: api,
      attempts: attempts.made, startedAt: startedAt, events: stream.sequence, bytes: stream.bytes,
      readers: stream.readers, state: liveState)
  }

  private var liveState: LiveStream.State {
    if isOver { return .storing }
    if retryTimer?.isArmed == true { return .retrying }
    return stream.sequence == 0 ? .waiting : .streaming
  }

  // MARK: Log

  private func logFault(
    _ fault: UpstreamFault, _ upstream: String, _ made: Int, _ step: Attempts.Step
  ) {
    let next: (StaticString, Log.Value) =
      switch step {
      case .ask: ("next", .text(attempts.current.name))
      case .wait(let delay): ("retryIn", .duration(delay))
      case .giveUp: ("next", .text("none"))
      }
    let decided = noteDecisions()
    guard let permit = worker.shared.log.permit(.warning, "upstream") else { return }
    worker.shared.log.write(
      permit,
      [
        ("request", .text(requestID)), ("stream", .text(worker.shownInLog(stream.id))),
        ("upstream", .text(upstream)),
        ("fault", .text("\(fault.kind)")), ("attempt", .integer(made)),
        ("decided", .text(decided.isEmpty ? "give_up" : decided)), next,
        ("after", .duration(worker.loop.now &- startedAt)),
      ])
  }

  private func logEnd(_ ending: Ending) {
    let end =
      switch ending {
      case .done: "done"
      case .cancelled: "cancelled"
      case .failed(let failure): "\(failure.code)"
      }
    worker.figures.count(generation: end, after: worker.loop.now &- startedAt)
    guard let permit = worker.shared.log.permit(.info, "generation") else { return }
    var fields: [(StaticString, Log.Value)] = [
      ("request", .text(requestID)), ("stream", .text(worker.shownInLog(stream.id))),
      ("model", .text(model)),
      ("upstream", .text(attempts.current.name)), ("attempts", .integer(attempts.made)),
      ("events", .integer(stream.sequence)),
      ("bytes", .integer(stream.bytes)), ("readers", .integer(stream.readers)),
    ]
    if let firstEventAt { fields.append(("first", .duration(firstEventAt &- startedAt))) }
    fields.append(("duration", .duration(worker.loop.now &- startedAt)))
    fields.append(("end", .text(end)))
    worker.shared.log.write(permit, fields)
  }
}

extension Failure {
  /// All upstreams of the model have failed of late, and are left alone.
  fileprivate static func upstreamsResting(_ wait: UInt64?) -> Failure {
    let seconds = ((wait ?? 1_000_000_000) + 999_999_999) / 1_000_000_000
    return Failure(
      .upstreamUnavailable, "no upstream is available at the moment",
      retryAfter: max(Int(seconds), 1))
  }

  /// What a client is told of an upstream's fault.
  init(_ fault: UpstreamFault) {
    switch fault.kind {
    case .connect, .tls: self.init(.upstreamUnreachable, fault.message)
    case .timeout: self.init(.upstreamTimeout, fault.message)
    case .status:
      self.init(
        .upstreamFailed, fault.message,
        retryAfter: fault.secondsToWait.flatMap { $0 > 0 ? $0 : nil })
    case .cut, .malformed, .tooLarge: self.init(.upstreamFailed, fault.message)
    case .reported: self.init(.upstreamFailed, fault.message, payload: fault.body)
    }
  }
}
