// `resume`: readers whose connections break on purpose, and who come back with Last-Event-ID.
//
// What a reader has got over all its connections must be exact: every event once, in order, and
// the end. Stamps tell it where there are any; and in any case each reader's events must be those
// of one that never broke, which a hash over all of them tells.

internal import EventLoop
internal import Synchronization

/// Readers who are cut off and come back.
public struct ResumeRun: Sendable {
  public var load = LoadSettings()
  public var trigger: Target
  public var triggerRequest: RequestTemplate
  /// With `{id}`.
  public var subscribe: Target
  public var fields: [(name: String, value: String)] = []
  public var streams = 1
  /// Beside one reader of each stream that never breaks.
  public var readers = 100
  /// Of each reader's connections.
  public var breaks = 5
  public var seed: UInt64 = 1
  /// Stamped events of a stream; nil for any number. Breaks are spread over so many events.
  public var expectedEvents: Int?
  private static let presumedEvents = 100

  public init(trigger: Target, triggerRequest: RequestTemplate, subscribe: Target) {
    self.trigger = trigger
    self.triggerRequest = triggerRequest
    self.subscribe = subscribe
  }

  /// Events from one break to the next are 1 to so many.
  var widestStride: Int { max(1, 2 * (expectedEvents ?? Self.presumedEvents) / (breaks + 1)) }

  public func run(_ show: @escaping (Progress) -> Void) throws -> Outcome {
    let total = readers + streams
    try reserveDescriptors(for: total + streams)
    let before = ProcessUse.of(load.processes)
    var plan = self
    plan.load.threads = min(load.threads, total)
    plan.load.sources = sources(given: load.sources, connections: total, target: subscribe)
    let source = try StreamSource(
      target: trigger, request: triggerRequest, streams: streams,
      timeoutSeconds: load.timeoutSeconds)
    let identifiers = source.identifiers
    let readings = Readings()
    let run = plan
    let crew = try Crew(threads: plan.load.threads, measuring: true) { loop, index in
      ResumePlayer(run, identifiers, readings, loop: loop, thread: index)
    }
    let monitor = Monitor(crew, processes: load.processes, show: show)
    try monitor.wait("reading", patience: { load.timeoutSeconds }) {
      readings.all.withLock { $0.count } >= total
    }
    crew.closeWindow()
    let end = monitor.use()
    monitor.sample()
    let result = crew.finish()
    _ = source.finish()
    var outcome = Outcome(scenario: "resume")
    outcome.add(result)
    judge(readings.all.withLock { $0 }, of: total, result, &outcome)
    outcome.samples = monitor.samples
    guard !load.processes.isEmpty else { return outcome }
    outcome.add(from: before, to: end, over: result)
    outcome.add("rss_before", before.residentBytes, .bytes)
    outcome.add("rss_end", end.residentBytes, .bytes)
    outcome.add("rss_peak", monitor.peakBytes, .bytes)
    return outcome
  }

  private func judge(
    _ readings: [Readings.Reading], of total: Int, _ result: CrewResult, _ outcome: inout Outcome
  ) {
    var whole: [Int: UInt64] = [:]
    for reading in readings where reading.breaks == 0 && reading.isWhole {
      whole[reading.stream] = reading.hash
    }
    let exact = readings.count { $0.isWhole && whole[$0.stream] == $0.hash }
    let strangers = readings.count { $0.isWhole && whole[$0.stream] != $0.hash }
    outcome.add("readers", total)
    outcome.add("exact", exact)
    outcome.add("breaks", result.counts.broken)
    if exact < total {
      outcome.failures.append(
        "of \(total) readers \(exact) got exactly what was written; \(strangers) got other events "
          + "than those who never broke, \(total - readings.count) had no end in time")
    }
  }
}

/// What readers had got when they were done, for all threads.
final class Readings: Sendable {
  struct Reading: Sendable {
    var stream: Int
    var hash: UInt64
    var breaks: Int
    /// Nothing lost, repeated or in disorder, as far as stamps and ids tell; with its end, and of
    /// the number expected.
    var isWhole: Bool
  }
  let all = Mutex<[Reading]>([])
}

/// One thread's readers.
private final class ResumePlayer: LoopPlayer, ConnectionOwner {
  /// They stay away for up to so long.
  private static let longestPause: UInt64 = 30_000_000

  private struct Reader {
    var connection: ClientConnection
    var request: RequestTemplate
    var stream: Int
    var breaksLeft: Int
    var breaks = 0
    var timer: Timer?
  }

  let tally = Tally()
  private let plan: ResumeRun
  private let identifiers: [String]
  private let readings: Readings
  private let context: ConnectionContext
  private let verdict: Verdict
  private let thread: Int
  private var readers: [Reader] = []
  private var random: SplitMix64

  init(
    _ plan: ResumeRun, _ identifiers: [String], _ readings: Readings, loop: EventLoop, thread: Int
  ) {
    self.plan = plan
    self.identifiers = identifiers
    self.readings = readings
    self.thread = thread
    context = ConnectionContext(loop: loop, tally: tally)
    verdict = Verdict(streaming: true, expectedEvents: plan.expectedEvents)
    random = SplitMix64(seed: plan.seed &+ UInt64(thread) &* 0x1_0000_0001)
  }

  func begin() {
    for number in stride(from: thread, to: plan.readers + plan.streams, by: plan.load.threads) {
      start(number)
    }
  }

  func end() {
    for reader in readers { reader.connection.close() }
  }

  private func start(_ number: Int) {
    let stream = number % plan.streams
    var target = plan.subscribe
    target.path = RequestTemplate.replace(
      FanoutRun.identifier, by: identifiers[stream], in: target.path)
    let connection = ClientConnection(
      index: readers.count, target: target, source: plan.load.source(of: number),
      context: context, owner: self)
    connection.keepsPosition = true
    let request = RequestTemplate(
      "GET", target, fields: plan.fields + [("Accept", "text/event-stream")])
    // The first of each stream never break.
    let breaks = number < plan.streams ? 0 : plan.breaks
    readers.append(
      Reader(connection: connection, request: request, stream: stream, breaksLeft: breaks))
    setBreak(connection, after: 0)
    connection.ask(
      request.bytes(session: ""), check: StreamCheck(startsAtZero: true))
  }

  private func setBreak(_ connection: ClientConnection, after events: Int) {
    let hasOne = readers[connection.index].breaksLeft > 0
    connection.breakAfter =
      hasOne ? events + Int.random(in: 1...plan.widestStride, using: &random) : 0
  }

  func answerOpened(_ connection: ClientConnection) {}
  func firstEventCame(_ connection: ClientConnection) {}

  func answerEnded(_ connection: ClientConnection, _ end: AnswerEnd) {
    let index = connection.index
    guard end == .broken, connection.check.end == .none else {
      let isWhole = verdict.count(
        connection, end == .broken ? .complete : end, in: tally)
      return conclude(index, isWhole)
    }
    tally.counts.broken += 1
    readers[index].breaks += 1
    readers[index].breaksLeft -= 1
    let timer = Timer { [unowned self] in comeBack(index) }
    readers[index].timer = timer
    context.loop.arm(timer, after: UInt64.random(in: 0...Self.longestPause, using: &random))
  }

  private func comeBack(_ index: Int) {
    let reader = readers[index]
    let connection = reader.connection
    setBreak(connection, after: connection.check.events)
    let identifier = String(decoding: connection.lastEventID, as: UTF8.self)
    connection.ask(
      reader.request.bytes(adding: "Last-Event-ID", identifier), check: connection.check)
  }

  private func conclude(_ index: Int, _ isWhole: Bool) {
    let reader = readers[index]
    let reading = Readings.Reading(
      stream: reader.stream, hash: reader.connection.check.hash, breaks: reader.breaks,
      isWhole: isWhole)
    readings.all.withLock { $0.append(reading) }
  }
}
