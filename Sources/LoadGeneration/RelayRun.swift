// `relay`: many clients who ask for answers and read them, again and again.

internal import EventLoop

/// Many concurrent requests against one URL.
public struct RelayRun: Sendable {
  public var load = LoadSettings()
  public var target: Target
  public var request: RequestTemplate
  public var connections = 64
  public var streaming = true
  public var expectedEvents: Int?
  public var warmSeconds = 1.0
  public var seconds = 5.0
  /// Requests a second by schedule; nil asks again when the answer is there.
  public var rate: Double?
  /// What a closed loop means to keep to, in nanoseconds: see `Histogram.recordCorrected`.
  public var expectedInterval: UInt64?
  /// Opens all, waits for the first event of each, and holds them so long.
  public var holdSeconds: Double?

  public init(target: Target, request: RequestTemplate) {
    self.target = target
    self.request = request
  }

  /// Runs it on threads of its own; `show` is called once a second on the calling one.
  public func run(_ show: @escaping (Progress) -> Void) throws -> Outcome {
    try reserveDescriptors(for: connections)
    let before = ProcessUse.of(load.processes)
    var settings = self
    settings.load.threads = min(load.threads, connections)
    settings.load.sources = sources(
      given: load.sources, connections: connections, target: target)
    let plan = settings
    let crew = try Crew(threads: plan.load.threads) { loop, index throws(SystemError) in
      try RelayPlayer(plan, loop: loop, thread: index)
    }
    let monitor = Monitor(crew, processes: load.processes, show: show)
    var outcome = Outcome(scenario: holdSeconds == nil ? "relay" : "hold")
    if let holdSeconds {
      try hold(holdSeconds, crew, monitor, before, &outcome)
    } else {
      try measure(crew, monitor, before, &outcome)
    }
    outcome.samples = monitor.samples
    return outcome
  }

  private func measure(
    _ crew: Crew, _ monitor: Monitor, _ before: ProcessUse, _ outcome: inout Outcome
  ) throws {
    try monitor.wait(atMost: warmSeconds, "warming")
    let start = monitor.use()
    crew.openWindow()
    try monitor.wait(atMost: seconds, "measuring")
    crew.closeWindow()
    let end = monitor.use()
    monitor.sample()
    let result = crew.finish()
    outcome.add(result)
    if result.counts.requests == 0, result.counts.events == 0 {
      outcome.failures.append("nothing was answered while it was measured")
    }
    if let rate {
      outcome.add("unserved", max(0, Int(rate * result.seconds) - result.counts.asked))
    }
    addUse(before, start, end, monitor, result, &outcome)
  }

  private func addUse(
    _ before: ProcessUse, _ start: ProcessUse, _ end: ProcessUse, _ monitor: Monitor,
    _ result: CrewResult, _ outcome: inout Outcome
  ) {
    guard !load.processes.isEmpty else { return }
    outcome.add(from: start, to: end, over: result)
    outcome.add("rss_before", before.residentBytes, .bytes)
    outcome.add("rss_end", end.residentBytes, .bytes)
    outcome.add("rss_peak", monitor.peakBytes, .bytes)
  }

  private func hold(
    _ seconds: Double, _ crew: Crew, _ monitor: Monitor, _ before: ProcessUse,
    _ outcome: inout Outcome
  ) throws {
    let all = try monitor.wait(atMost: load.timeoutSeconds, "opening") {
      let counts = crew.counts
      return counts.begun >= connections || counts.errors > 0
    }
    let open = crew.counts.begun
    if !all || open < connections {
      outcome.failures.append("of \(connections) streams \(open) had a first event")
    }
    try monitor.wait(atMost: 1, "settling")
    let start = monitor.use()
    crew.openWindow()
    try monitor.wait(atMost: seconds, "holding")
    crew.closeWindow()
    let end = monitor.use()
    monitor.sample()
    let result = crew.finish()
    outcome.add(result)
    outcome.add("open", open)
    guard !load.processes.isEmpty else { return }
    addUse(before, start, end, monitor, result, &outcome)
    let streams = Double(max(1, open))
    outcome.add(
      "rss_per_stream", Double(end.residentBytes - before.residentBytes) / streams, .bytes)
    outcome.add(
      "anonymous_per_stream", Double(end.anonymousBytes - before.anonymousBytes) / streams,
      .bytes)
  }
}

/// One thread's clients.
private final class RelayPlayer: LoopPlayer, ConnectionOwner {
  /// After a connection failed, so that a server that is away is not asked in a tight loop.
  private static let pauseAfterFailure: UInt64 = 50_000_000

  let tally = Tally()
  private let plan: RelayRun
  private let context: ConnectionContext
  private let thread: Int
  private let verdict: Verdict
  private var connections: [ClientConnection] = []
  private var ramp: Ramp?
  private var asked = 0
  private var failed: [ClientConnection] = []
  private var retry: Timer?

  /// Arrivals by schedule: the time of the next one, and who is free to serve it.
  private var nextArrival = 0.0
  private let interval: Double
  private var idle: [ClientConnection] = []
  private var alarm: Alarm?

  init(_ plan: RelayRun, loop: EventLoop, thread: Int) throws(SystemError) {
    self.plan = plan
    self.thread = thread
    context = ConnectionContext(loop: loop, tally: tally)
    verdict = Verdict(streaming: plan.streaming, expectedEvents: plan.expectedEvents)
    let threads = Double(plan.load.threads)
    interval = plan.rate.map { 1e9 * threads / $0 } ?? 0
    retry = Timer { [unowned self] in askFailedAgain() }
    if plan.rate != nil { alarm = try Alarm(on: loop) { [unowned self] in serveArrivals() } }
    let threadCount = plan.load.threads
    let share = (plan.connections - thread + threadCount - 1) / threadCount
    ramp = try Ramp(
      0..<share, perSecond: Double(plan.load.rampPerSecond) / threads, on: loop
    ) { [unowned self] index in
      add(index * threadCount + thread)
    }
  }

  func begin() {
    guard plan.rate != nil else { return }
    // Threads take turns.
    nextArrival =
      Double(EventLoop.clock) + interval * (1 + Double(thread) / Double(plan.load.threads))
    alarm?.set(UInt64(nextArrival))
  }

  func end() {
    for connection in connections { connection.close() }
  }

  private func add(_ index: Int) {
    let connection = ClientConnection(
      index: index, target: plan.target, source: plan.load.source(of: index), context: context,
      owner: self)
    connections.append(connection)
    next(connection)
  }

  private func ask(_ connection: ClientConnection, intended: UInt64? = nil) {
    asked += 1
    let request = plan.request.bytes(session: "load-\(thread)-\(asked)-\(EventLoop.clock)")
    connection.ask(request, intended: intended, check: StreamCheck(startsAtZero: true))
  }

  private func next(_ connection: ClientConnection) {
    guard plan.rate != nil else { return ask(connection) }
    idle.append(connection)
    serveArrivals()
  }

  /// Gives the arrivals that are due to those who are idle. Who comes late is still counted from
  /// the time of arrival.
  private func serveArrivals() {
    let now = Double(EventLoop.clock)
    while nextArrival <= now, let connection = idle.popLast() {
      let intended = UInt64(nextArrival)
      nextArrival += interval
      ask(connection, intended: intended)
    }
    if nextArrival > now { alarm?.set(UInt64(nextArrival)) }
  }

  private func askFailedAgain() {
    var connections: [ClientConnection] = []
    swap(&connections, &failed)
    for connection in connections { next(connection) }
  }

  func answerOpened(_ connection: ClientConnection) {}

  func firstEventCame(_ connection: ClientConnection) {
    guard let interval = plan.expectedInterval, connection.countsLatency, tally.measuring else {
      return
    }
    tally.latencies.ttfeCorrected.recordCorrected(
      EventLoop.clock &- connection.startedAt, expectedInterval: interval)
  }

  func answerEnded(_ connection: ClientConnection, _ end: AnswerEnd) {
    verdict.count(connection, end, in: tally)
    guard plan.holdSeconds == nil else { return }
    if end == .complete, connection.head.status / 100 == 2 { return next(connection) }
    failed.append(connection)
    if let retry, !retry.isArmed { context.loop.arm(retry, after: Self.pauseAfterFailure) }
  }
}
