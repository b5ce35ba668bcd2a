// `soak`: mixed load for hours, in rounds with a pause between, and a look at what stays behind.

internal import EventLoop

/// Hours of load, bounded.
public struct SoakRun: Sendable {
  public var load = LoadSettings()
  public var target: Target
  public var streaming: RequestTemplate
  public var plain: RequestTemplate
  public var connections = 64
  public var seconds = 7200.0
  public var roundSeconds = 30.0
  public var pauseSeconds = 1.0
  public var sampleSeconds = 10.0
  /// Where gauges are read, and which.
  public var gauges: Target?
  public var gaugeNames: [String] = []
  /// By so much the mean of the last quarter's RSS may exceed that of the first.
  public var maximumGrowthBytes = 16 << 20
  public var seed: UInt64 = 1

  public init(target: Target, streaming: RequestTemplate, plain: RequestTemplate) {
    self.target = target
    self.streaming = streaming
    self.plain = plain
  }

  public func run(_ show: @escaping (Progress) -> Void) throws -> Outcome {
    try reserveDescriptors(for: connections)
    let before = ProcessUse.of(load.processes)
    let watch = Stopwatch()
    var sum = CrewResult()
    var rounds = 0
    var samples: [Sample] = []
    var peak = 0
    sum.seconds = 0
    while watch.seconds < seconds, !Interruption.wasAsked {
      let left = seconds - watch.seconds
      let (result, monitor) = try round(rounds, min(roundSeconds, left), watch.seconds, show)
      sum.add(result)
      rounds += 1
      samples += monitor.samples
      peak = max(peak, monitor.peakBytes)
      Monitor.pause(UInt64(min(pauseSeconds, max(0, seconds - watch.seconds)) * 1e9))
    }
    let end = ProcessUse.of(load.processes, countsDescriptors: true)
    var outcome = Outcome(scenario: "soak")
    outcome.add(sum)
    outcome.add("rounds", rounds)
    outcome.add("breaks", sum.counts.broken)
    outcome.samples = samples
    outcome.gaugeNames = gauges == nil ? [] : gaugeNames
    if sum.counts.requests == 0 { outcome.failures.append("nothing was answered") }
    guard !load.processes.isEmpty else { return outcome }
    outcome.add(from: before, to: end, over: sum)
    outcome.add("rss_before", before.residentBytes, .bytes)
    outcome.add("rss_end", end.residentBytes, .bytes)
    outcome.add("rss_peak", peak, .bytes)
    outcome.add("descriptors_end", end.descriptors)
    judgeGrowth(samples, &outcome)
    return outcome
  }

  private func round(
    _ number: Int, _ seconds: Double, _ offset: Double, _ show: @escaping (Progress) -> Void
  ) throws -> (CrewResult, Monitor) {
    var plan = self
    plan.load.threads = min(load.threads, connections)
    plan.seed = seed &+ UInt64(number) &* 1_000_003
    let run = plan
    let crew = try Crew(threads: run.load.threads, measuring: true) { loop, index in
      SoakPlayer(run, loop: loop, thread: index)
    }
    let monitor = Monitor(crew, processes: load.processes, show: show)
    monitor.sampleSeconds = sampleSeconds
    monitor.countsDescriptors = true
    monitor.offsetSeconds = offset
    if let gauges, !gaugeNames.isEmpty {
      monitor.gauges = {
        guard let body = try? SingleExchange.get(gauges, timeoutSeconds: 5) else { return [] }
        return Gauges.read(gaugeNames, in: String(decoding: body, as: UTF8.self))
      }
    }
    try monitor.wait(atMost: seconds, "round \(number + 1)")
    monitor.sample()
    crew.closeWindow()
    return (crew.finish(), monitor)
  }

  private func judgeGrowth(_ samples: [Sample], _ outcome: inout Outcome) {
    let quarter = samples.count / 4
    guard quarter > 0 else {
      outcome.failures.append("\(samples.count) samples are too few to see growth")
      return
    }
    func mean(_ part: ArraySlice<Sample>) -> Double {
      part.reduce(0) { $0 + Double($1.residentBytes) } / Double(part.count)
    }
    let growth = mean(samples.suffix(quarter)) - mean(samples.prefix(quarter))
    outcome.add("rss_growth", growth, .bytes)
    if growth > Double(maximumGrowthBytes) {
      outcome.failures.append(
        "RSS grew by \(Quantity.show(growth, .bytes)) from the first quarter to the last, allowed "
          + "are \(Quantity.show(Double(maximumGrowthBytes), .bytes))")
    }
  }
}

extension CrewResult {
  /// Another round.
  mutating func add(_ other: CrewResult) {
    counts = counts + other.counts
    total = total + other.total
    latencies.merge(other.latencies)
    firstError = firstError ?? other.firstError
    seconds += other.seconds
    ownCPUSeconds += other.ownCPUSeconds
  }
}

/// One thread's clients: most read to the end, some want no stream, some leave in the middle.
private final class SoakPlayer: LoopPlayer, ConnectionOwner {
  private static let plainPercent = 15
  private static let leavingPercent = 10
  private static let eventsBeforeLeaving = 1...20
  private static let pauseAfterFailure: UInt64 = 50_000_000

  let tally = Tally()
  private let plan: SoakRun
  private let context: ConnectionContext
  private let thread: Int
  private var connections: [ClientConnection] = []
  private var failed: [ClientConnection] = []
  private var retry: Timer?
  private var random: SplitMix64
  private var asked = 0

  init(_ plan: SoakRun, loop: EventLoop, thread: Int) {
    self.plan = plan
    self.thread = thread
    context = ConnectionContext(loop: loop, tally: tally)
    random = SplitMix64(seed: plan.seed &+ UInt64(thread))
    retry = Timer { [unowned self] in askFailedAgain() }
  }

  func begin() {
    for index in stride(from: thread, to: plan.connections, by: plan.load.threads) {
      let connection = ClientConnection(
        index: index, target: plan.target, source: plan.load.source(of: index),
        context: context, owner: self)
      connections.append(connection)
      ask(connection)
    }
  }

  func end() {
    for connection in connections { connection.close() }
  }

  private func ask(_ connection: ClientConnection) {
    asked += 1
    let roll = Int.random(in: 0..<100, using: &random)
    let isPlain = roll < Self.plainPercent
    let leaves = !isPlain && roll < Self.plainPercent + Self.leavingPercent
    connection.tag = isPlain ? 1 : 0
    connection.breakAfter =
      leaves ? Int.random(in: Self.eventsBeforeLeaving, using: &random) : 0
    let request = isPlain ? plan.plain : plan.streaming
    connection.ask(
      request.bytes(session: "soak-\(thread)-\(asked)-\(EventLoop.clock)"),
      check: StreamCheck(startsAtZero: true))
  }

  private func askFailedAgain() {
    var connections: [ClientConnection] = []
    swap(&connections, &failed)
    for connection in connections { ask(connection) }
  }

  func answerOpened(_ connection: ClientConnection) {}
  func firstEventCame(_ connection: ClientConnection) {}

  func answerEnded(_ connection: ClientConnection, _ end: AnswerEnd) {
    Verdict(streaming: connection.tag == 0).count(connection, end, in: tally)
    if end == .broken || end == .complete, connection.head.status / 100 == 2 {
      return ask(connection)
    }
    failed.append(connection)
    if let retry, !retry.isArmed { context.loop.arm(retry, after: Self.pauseAfterFailure) }
  }
}
