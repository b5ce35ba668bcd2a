// `fanout`: many readers of one stream, or of a few.
//
// Who writes is either this program, which publishes (the readers are there before the first
// event), or a server that one request has started. Where the readers' URL needs the stream's id,
// that request comes first, and the readers while the stream begins.

internal import EventLoop
internal import Synchronization

/// Subscribers on one or many streams.
public struct FanoutRun: Sendable {
  public var load = LoadSettings()
  /// Taken in turn. `{i}` in a path becomes the subscriber's number, `{id}` the stream's id.
  public var subscribe: [Target]
  public var subscribers = 100
  /// Of the subscribers' requests.
  public var fields: [(name: String, value: String)] = []

  public var publish: Target?
  public var publishFields: [(name: String, value: String)] = []
  /// Publications a second; nil goes on when the readers have caught up.
  public var rate: Double?
  public var count = 100
  public var window = 64
  public var payloadBytes = 250

  public var trigger: Target?
  public var triggerRequest: RequestTemplate?
  public var streams = 1

  /// Stamped events that each subscriber should get; nil for as many as are published, or any.
  public var expectedEvents: Int?
  /// Lets so many events be written first, and then has subscribers come back behind the first; or
  /// read from the beginning, where what a trigger has started has no ids.
  public var backlog: Int?
  /// Between the last connection and the first event.
  public var settleSeconds = 1.5
  /// When nobody writes any more, and nothing has come for so long, it is over.
  public var stallSeconds = 5.0

  public static let index = "{i}"
  public static let identifier = "{id}"

  public init(subscribe: [Target]) { self.subscribe = subscribe }

  private var needsIdentifiers: Bool { subscribe.contains { $0.path.contains(Self.identifier) } }

  public func run(_ show: @escaping (Progress) -> Void) throws -> Outcome {
    try reserveDescriptors(for: subscribers + streams)
    var plan = self
    plan.load.threads = min(load.threads, subscribers)
    if let first = subscribe.first {
      plan.load.sources = sources(given: load.sources, connections: subscribers, target: first)
    }
    if backlog != nil { return try FanoutStage(plan, show).resume() }
    return try FanoutStage(plan, show).live()
  }

  /// The readers' plan, once the streams' ids are known.
  fileprivate func readers(
    _ identifiers: [String], startsAtZero: Bool, count: Int, lastEventID: String? = nil,
    firstID: FirstID? = nil
  ) -> SubscribePlayer.Plan {
    SubscribePlayer.Plan(
      load: load, targets: subscribe, subscribers: count, fields: fields,
      identifiers: identifiers, startsAtZero: startsAtZero, expectedEvents: nil,
      lastEventID: lastEventID, firstID: firstID)
  }

  fileprivate var knowsIdentifiersFirst: Bool { needsIdentifiers }
}

/// The first stamped event's id, as a probe found it.
final class FirstID: Sendable {
  let text = Mutex("")
}

/// One run of it, on the calling thread.
private final class FanoutStage {
  private let plan: FanoutRun
  private let show: (Progress) -> Void
  private var outcome = Outcome(scenario: "fanout")
  private let before: ProcessUse
  private let progress = PublishProgress()
  private var streams: StreamSource?
  private var source: Crew?

  init(_ plan: FanoutRun, _ show: @escaping (Progress) -> Void) {
    self.plan = plan
    self.show = show
    before = ProcessUse.of(plan.load.processes)
  }

  // MARK: Sources

  /// Lets the server write, now that the readers are there.
  private func startTrigger() throws {
    guard let target = plan.trigger, let request = plan.triggerRequest else { return }
    let trigger = TriggerPlayer.Plan(
      target: target, request: request, streams: plan.streams, wantsIdentifiers: false)
    source = try Crew(threads: 1) { loop, _ in
      TriggerPlayer(trigger, TriggerProgress(), loop: loop)
    }
  }

  /// The ids of all streams, which are started for it; none where none is needed.
  private func identifiers() throws -> [String] {
    guard plan.knowsIdentifiersFirst else { return [] }
    guard let target = plan.trigger, let request = plan.triggerRequest else {
      throw UsageError("--subscribe with {id} needs --trigger")
    }
    let streams = try StreamSource(
      target: target, request: request, streams: plan.streams,
      timeoutSeconds: plan.load.timeoutSeconds)
    self.streams = streams
    return streams.identifiers
  }

  private func startPublishing(_ count: Int, readers: Int, _ crew: Crew) throws {
    guard let target = plan.publish else { return }
    let counts = crew.reader
    let base = counts().stamped
    let publish = PublishPlayer.Plan(
      target: target, fields: plan.publishFields, count: count, rate: plan.rate,
      window: plan.window, readers: readers, payloadBytes: plan.payloadBytes,
      delivered: { counts().stamped - base })
    let progress = progress
    source = try Crew(threads: 1) { loop, _ throws(SystemError) in
      try PublishPlayer(publish, progress, loop: loop)
    }
  }

  // MARK: Stages

  func live() throws -> Outcome {
    let identifiers = try identifiers()
    let readers = plan.readers(
      identifiers, startsAtZero: plan.publish == nil, count: plan.subscribers)
    let connecting = Stopwatch()
    let crew = try Crew(threads: plan.load.threads) { loop, index throws(SystemError) in
      try SubscribePlayer(readers, loop: loop, thread: index)
    }
    let monitor = Monitor(crew, processes: plan.load.processes, show: show)
    try monitor.wait(atMost: plan.load.timeoutSeconds, "connecting") {
      let counts = crew.counts
      return counts.opened >= plan.subscribers || counts.errors > 0
    }
    outcome.add("connected", crew.counts.opened)
    outcome.add("connect_seconds", connecting.seconds)
    if identifiers.isEmpty { try monitor.wait(atMost: plan.settleSeconds, "settling") }
    let start = monitor.use()
    let early = crew.counts
    crew.openWindow()
    if plan.publish != nil {
      try startPublishing(plan.count, readers: crew.counts.opened, crew)
    } else if identifiers.isEmpty, plan.trigger != nil {
      try startTrigger()
    }
    try waitForDeliveries(crew, monitor, since: early)
    crew.closeWindow()
    let end = monitor.use()
    monitor.sample()
    conclude(crew, monitor, start, end, early)
    return outcome
  }

  func resume() throws -> Outcome {
    let backlog = plan.backlog ?? 0
    let identifiers = try identifiers()
    let firstID = FirstID()
    let one = plan.readers(identifiers, startsAtZero: true, count: 1, firstID: firstID)
    let probe = try Crew(threads: 1) { loop, index throws(SystemError) in
      try SubscribePlayer(one, loop: loop, thread: index)
    }
    let probing = Monitor(probe, processes: plan.load.processes, show: show)
    try probing.wait(atMost: plan.load.timeoutSeconds, "probing") { probe.counts.opened > 0 }
    try startPublishing(backlog, readers: 1, probe)
    if identifiers.isEmpty { try startTrigger() }
    let isThere = try probing.wait(atMost: plan.load.timeoutSeconds, "filling") {
      probe.counts.stamped >= backlog
    }
    let identifier = firstID.text.withLock { $0 }
    let probed = probe.counts.stamped
    let result = probe.finish()
    let comesBack = !identifier.isEmpty
    guard isThere, comesBack || plan.trigger != nil else {
      _ = source?.finish() ?? streams?.finish()
      throw RunFailure(
        "the probe got \(probed) of \(backlog) events, the first id is \"\(identifier)\"; "
          + (result.firstError ?? "no error"))
    }
    let readers = plan.readers(
      identifiers, startsAtZero: !comesBack, count: plan.subscribers,
      lastEventID: comesBack ? identifier : nil)
    let start = probing.use()
    let crew = try Crew(threads: plan.load.threads, measuring: true) {
      loop, index throws(SystemError) in
      try SubscribePlayer(readers, loop: loop, thread: index)
    }
    let monitor = Monitor(crew, processes: plan.load.processes, show: show)
    let wanted = plan.subscribers * (comesBack ? backlog - 1 : backlog)
    try waitUntil(crew, monitor, isComplete: { $0.stamped >= wanted }, isOver: { true })
    crew.closeWindow()
    let end = monitor.use()
    monitor.sample()
    outcome.add("connected", crew.counts.opened)
    outcome.add("published", probed)
    conclude(crew, monitor, start, end, Counts(), wanted: wanted)
    return outcome
  }

  // MARK: Ends

  private func waitForDeliveries(_ crew: Crew, _ monitor: Monitor, since early: Counts) throws {
    let progress = progress
    let readers = crew.counts.opened
    try waitUntil(
      crew, monitor,
      isComplete: { counts in
        if plan.publish != nil {
          let published = progress.published.load(ordering: .relaxed)
          return progress.isFinished.load(ordering: .acquiring)
            && counts.stamped - early.stamped >= published * readers
        }
        // A stream with an id ends by itself; others need not.
        if !plan.knowsIdentifiersFirst, let expected = plan.expectedEvents, counts.stamped > 0 {
          return counts.stamped >= expected * readers
        }
        return counts.requests >= readers
      },
      isOver: {
        if plan.publish != nil { return progress.isFinished.load(ordering: .acquiring) }
        guard let trigger = source?.counts else { return false }
        return trigger.requests + trigger.errors >= plan.streams
      })
  }

  /// Until all is there; or until nothing comes any more, for less long when nobody writes.
  private func waitUntil(
    _ crew: Crew, _ monitor: Monitor, isComplete: (Counts) -> Bool, isOver: () -> Bool
  ) throws {
    try monitor.wait(
      "delivering", patience: { isOver() ? plan.stallSeconds : plan.load.timeoutSeconds }
    ) {
      isComplete(crew.counts)
    }
  }

  private func conclude(
    _ crew: Crew, _ monitor: Monitor, _ start: ProcessUse, _ end: ProcessUse, _ early: Counts,
    wanted: Int? = nil
  ) {
    var result = crew.finish()
    let written = source?.finish() ?? streams?.finish()
    if let written { result.latencies.publish.merge(written.latencies.publish) }
    outcome.firstError = result.firstError ?? written?.firstError
    outcome.add(result)
    outcome.add("early", early.events)
    if wanted == nil, plan.publish != nil {
      outcome.add("published", progress.published.load(ordering: .relaxed))
      let errors = progress.errors.load(ordering: .relaxed)
      outcome.add("publish_errors", errors)
      if errors > 0 { outcome.failures.append("\(errors) publications failed") }
    }
    addMissing(result, early, wanted)
    if outcome.figure("connected")?.value != Double(plan.subscribers) {
      outcome.failures.append("not all \(plan.subscribers) subscribers were connected")
    }
    outcome.samples = monitor.samples
    guard !plan.load.processes.isEmpty else { return }
    outcome.add(from: start, to: end, over: result)
    outcome.add("rss_before", before.residentBytes, .bytes)
    outcome.add("rss_end", end.residentBytes, .bytes)
    outcome.add("rss_peak", monitor.peakBytes, .bytes)
    let readers = Double(max(1, plan.subscribers))
    outcome.add(
      "rss_per_stream", Double(start.residentBytes - before.residentBytes) / readers, .bytes)
  }

  private func addMissing(_ result: CrewResult, _ early: Counts, _ wanted: Int?) {
    let expected: Int
    let got: Int
    if let wanted {
      (expected, got) = (wanted, result.total.stamped)
    } else if plan.publish != nil {
      let published = progress.published.load(ordering: .relaxed)
      (expected, got) = (published * plan.subscribers, result.total.stamped - early.stamped)
    } else if let each = plan.expectedEvents {
      let hasStamps = result.total.stamped > 0
      let found = hasStamps ? result.total.stamped : result.total.events
      (expected, got) = (each * plan.subscribers, found)
    } else {
      return
    }
    outcome.add("missing", expected - got)
    if expected != got { outcome.isLossy = true }
  }
}

/// Why a run could not be made: for exit status 1.
public struct RunFailure: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
