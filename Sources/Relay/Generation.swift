// One request to upstream, until its terminal event: what the daemon owes its readers.
//
// It stands between an upstream, which tells it events, and a stream, to which it appends them. It
// belongs to the daemon and not to the socket that asked: the one who asked is a reader like any
// other, but that it waits for the first event to learn whether there is an answer at all.
//
// Rules: exactly one terminal event ends the stream, whatever happens. Before the first event an
// upstream's refusal is the answer to the one who asked; after it, a failure is an event.

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
  let upstream: String
  private unowned let worker: Worker
  private let policy: Settings.UnreadPolicy
  private let startedAt: UInt64
  private var firstEventAt: UInt64?
  private var answering: (any Answering)?
  /// Who asked, as long as it waits for the first event or the whole answer.
  private var initiator: Initiator?
  /// The upstream's own JSON, when it answered with one object.
  private var wholeAnswer: [UInt8]?
  private var graceTimer: Timer?
  private var heartbeatTimer: Timer?
  private(set) var isOver = false

  /// A connection whose answer has not begun.
  struct Initiator {
    var connection: Connection
    var record: RequestRecord
    /// It wants one JSON object at the end; else the stream from its first event on.
    var wantsWhole: Bool
    var skipsUsage: Bool
  }

  init(
    stream: Stream, model: String, upstream: String, policy: Settings.UnreadPolicy,
    initiator: Initiator?, worker: Worker
  ) {
    self.stream = stream
    self.model = model
    self.upstream = upstream
    self.policy = policy
    self.initiator = initiator
    self.worker = worker
    startedAt = worker.loop.now
    if let initiator, !initiator.wantsWhole { armHeartbeat() }
  }

  /// Asks the upstream; `make` may end the generation before it returns.
  func start(_ make: (Generation) -> any Answering) {
    let answering = make(self)
    if isOver { answering.cancel() } else { self.answering = answering }
  }

  // MARK: From upstream

  func received(_ event: ModelEvent, _ payload: Span<UInt8>) {
    guard !isOver else { return }
    stream.append(event, payload)
    if firstEventAt == nil { firstEventAt = worker.loop.now }
    worker.touch(stream)
    if let initiator, !initiator.wantsWhole { beginStreaming() }
    if stream.bytes > worker.shared.settings.streams.streamBytes {
      fail(Failure(.upstreamFailed, "the answer is larger than one stream may be"))
    } else if !worker.hasMemory() {
      fail(Failure(.overloaded, "the memory for streams is used up"))
    }
  }

  func received(answer: Span<UInt8>) {
    guard !isOver else { return }
    var chunk: [UInt8] = []
    do {
      switch try CompletionAnswer.chunk(from: answer, into: &chunk) {
      case .fault:
        var payload: [UInt8] = []
        payload.append(copying: answer)
        // A line end to event streams, and white space to JSON.
        for index in payload.indices where payload[index] == 13 { payload[index] = 32 }
        return fail(
          Failure(.upstreamFailed, "the upstream reported an error", payload: payload))
      case .chunk:
        let event = try ModelFormat.openAIChat.read(chunk.span)
        guard event.kind == .content else { return fail(Self.noCompletion) }
        var whole: [UInt8] = []
        whole.append(copying: answer)
        wholeAnswer = whole
        received(event, chunk.span)
      }
    } catch {
      fail(Self.noCompletion)
    }
  }

  private static let noCompletion = Failure(
    .upstreamFailed, "the upstream's answer is not a chat completion")

  func ended(_ outcome: AnswerOutcome) {
    // It ends by itself, and may keep its connection for the next request.
    answering = nil
    switch outcome {
    case .complete:
      end(.done(finishReason: stream.finishReason))
    case .failed(let fault):
      logFault(fault)
      if let initiator, case .status(let status) = fault.kind, (400...599).contains(status) {
        self.initiator = nil
        worker.respond(initiator, status: status, fault)
      }
      end(.failed(Failure(fault)))
    }
  }

  // MARK: From the daemon

  /// Stops it on somebody's wish. What was delivered stays.
  func cancel() {
    end(.cancelled)
  }

  func fail(_ failure: Failure) {
    end(.failed(failure))
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
        timer, after: worker.shared.settings.streams.whenUnread.grace.nanoseconds)
    }
  }

  /// The one who asked has gone before its answer began.
  func initiatorLeft(_ record: RequestRecord) {
    if initiator?.record === record { initiator = nil }
  }

  private func end(_ ending: Ending) {
    guard !isOver else { return }
    isOver = true
    answering?.cancel()
    answering = nil
    for timer in [graceTimer, heartbeatTimer] { if let timer { worker.loop.disarm(timer) } }
    stream.close(ending)
    worker.touch(stream)
    answerInitiator(ending)
    logEnd(ending)
    worker.generationEnded(self)
  }

  // MARK: To the one who asked

  private func beginStreaming() {
    guard let initiator else { return }
    self.initiator = nil
    if let heartbeatTimer { worker.loop.disarm(heartbeatTimer) }
    worker.follow(initiator, stream)
  }

  /// Silence for so long that the client must hear something: the answer begins without an event.
  private func armHeartbeat() {
    let timer = Timer { [unowned self] in self.beginStreaming() }
    heartbeatTimer = timer
    worker.loop.arm(timer, after: worker.shared.settings.timeouts.heartbeat.nanoseconds)
  }

  private func answerInitiator(_ ending: Ending) {
    guard let initiator else { return }
    self.initiator = nil
    switch ending {
    case .done where initiator.wantsWhole:
      worker.respond(initiator, wholeAnswer ?? stream.assembledCompletion())
    case .done:
      worker.follow(initiator, stream)
    case .cancelled:
      worker.respond(initiator, Failure(.cancelled, "the generation was stopped"))
    case .failed(let failure):
      worker.respond(initiator, failure)
    }
  }

  // MARK: Log

  private func logFault(_ fault: UpstreamFault) {
    worker.shared.log.write(
      .warning, "upstream",
      [
        ("stream", .text(worker.shownInLog(stream.id))), ("upstream", .text(upstream)),
        ("fault", .text("\(fault.kind)")),
        ("after", .duration(worker.loop.now &- startedAt)),
      ])
  }

  private func logEnd(_ ending: Ending) {
    guard worker.shared.log.isEnabled(.info) else { return }
    let end =
      switch ending {
      case .done: "done"
      case .cancelled: "cancelled"
      case .failed(let failure): "\(failure.code)"
      }
    var fields: [(StaticString, Log.Value)] = [
      ("stream", .text(worker.shownInLog(stream.id))), ("model", .text(model)),
      ("upstream", .text(upstream)), ("events", .integer(stream.sequence)),
      ("bytes", .integer(stream.bytes)), ("readers", .integer(stream.readers)),
    ]
    if let firstEventAt { fields.append(("first", .duration(firstEventAt &- startedAt))) }
    fields.append(("duration", .duration(worker.loop.now &- startedAt)))
    fields.append(("end", .text(end)))
    worker.shared.log.write(.info, "generation", fields)
  }
}

extension Failure {
  /// What a client is told of an upstream's fault.
  init(_ fault: UpstreamFault) {
    switch fault.kind {
    case .connect, .tls: self.init(.upstreamUnreachable, fault.message)
    case .timeout: self.init(.upstreamTimeout, fault.message)
    case .status, .cut, .malformed, .tooLarge: self.init(.upstreamFailed, fault.message)
    case .reported: self.init(.upstreamFailed, fault.message, payload: fault.body)
    }
  }
}
