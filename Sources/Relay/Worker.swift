// One loop's share of the relay: its connections, its streams, its upstream transfers.
//
// It is where the two sides meet: `Downstream` calls it with requests, `Upstream` with events, and
// the streams that it owns are what passes between them. A request is accepted, sent upstream and
// relayed here; only readers of a stream that another loop owns need a message, to find their place
// and to be woken, once a turn.
//
// Order of a turn: readiness, timers, libcurl's start of new transfers, and last `flush`: every
// stream that has grown is published and sent to its readers.

internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import HTTPWire
internal import ModelFormats
internal import StreamLog
internal import Upstream

final class Worker {
  let loop: EventLoop
  let shared: Shared
  let driver: TransferDriver
  /// Made with the first listener.
  private(set) lazy var server = Server(
    loop: loop, limits: Self.limits(configuration.settings), load: shared.connections, service: self
  )
  private var listeners: [Listener] = []
  /// What it runs by; a reload puts another in its place between two turns.
  private(set) var configuration: LiveConfiguration
  private(set) var sources: [String: Source]
  /// Who is asked for a model, by its name, where that is always the same.
  var candidates: [String: [Attempts.Candidate]] = [:]

  var streams: [StreamID: Stream] = [:]
  private(set) var generations: [StreamID: Generation] = [:]
  /// Turns that wait for a place among the generations, by their request.
  var queued: [ObjectIdentifier: Queued] = [:]
  /// How turns that wait behind others of their conversation are refused, by their request.
  var linedUp: [ObjectIdentifier: (Figures.Refusal, Failure) -> Void] = [:]
  /// What is counted here.
  var figures = Figures()
  /// Events of upstreams since the turn began.
  private var eventsInTurn = 0
  /// Questions to all loops, by ticket.
  var polls: [UInt64: Poll] = [:]
  var nextPoll: UInt64 = 1
  private(set) lazy var dashboard = DashboardFeed(self)
  /// What waits for word from elsewhere.
  var expectations = Expectations()
  private let scratch = Scratch()
  var requestNumber = SystemRandom.words()[0]
  private var touched: [Stream] = []
  /// Readers here of renderings that other loops own.
  private(set) var remoteAudiences: [ObjectIdentifier: RemoteAudience] = [:]
  typealias RemoteAudience = (audience: Audience, key: RenderingKey)
  private var touchedAudiences: [Audience] = []
  /// Renderings that have grown in this turn, by the loop that must hear of it.
  private var outbox: [[Rendering]]
  private var retentionTimer: Timer?
  var journalTimer: Timer?
  var sweepTimer: Timer?
  var draining = Draining()

  /// Where answers come from.
  enum Source {
    case provider(Provider, asksUsage: Bool)
    case demo(pace: UInt64, stamps: Bool)
  }

  init(index: Int, shared: Shared, _ configuration: LiveConfiguration) throws(SystemError) {
    loop = try EventLoop(index: index)
    self.shared = shared
    self.configuration = configuration
    driver = TransferDriver(loop: loop, idleConnections: configuration.idleConnections)
    outbox = Array(repeating: [], count: shared.mailboxes.count)
    sources = Self.sources(configuration)
    try shared.mailboxes[index].open(on: loop) { [unowned self] in self.receive($0) }
    loop.atEndOfTurn { [unowned self] in self.endTurn() }
    let timer = Timer { [unowned self] in self.dropExpired() }
    retentionTimer = timer
    loop.arm(timer, after: Self.retentionInterval)
    startKeeping()
  }

  /// How often finished streams are looked at.
  private static let retentionInterval: UInt64 = 1_000_000_000

  /// From now on it runs by this.
  func configured(_ new: LiveConfiguration) {
    let former = configuration
    configuration = new
    candidates = [:]
    server.limits = Self.limits(new.settings)
    driver.idleConnections = new.idleConnections
    // Handles that are set up, and connections that are open, are kept where nothing has changed.
    if new.settings.upstreams != former.settings.upstreams
      || new.upstreamKeys != former.upstreamKeys
      || new.settings.limits != former.settings.limits
    {
      sources = Self.sources(new)
    }
  }

  // MARK: Streams of this loop

  func model(_ name: String) -> Settings.Model? {
    configuration.models[name] ?? configuration.models["*"]
  }

  /// - Parameter createdAt: Nanoseconds since 1970.
  func makeStream(
    _ id: StreamID, conversationID: String? = nil, createdAt: UInt64 = WallClock.now
  ) -> Stream {
    let stream = Stream(
      id: id, createdAt: createdAt, conversationID: conversationID, budget: shared.budget,
      loops: shared.mailboxes.count, scratch: scratch)
    streams[id] = stream
    return stream
  }

  func began(_ generation: Generation) {
    generations[generation.stream.id] = generation
  }

  func generation(_ id: StreamID) -> Generation? { generations[id] }

  /// Streams that still grow.
  var liveStreams: Int { generations.count }

  func newestStreams() -> [LiveStream] {
    var newest = Newest<Generation>(LiveStream.limit)
    for generation in generations.values { newest.offer(generation, generation.startedAt) }
    return newest.take().map(\.asSeenLive)
  }

  func generationEnded(_ generation: Generation) {
    generations[generation.stream.id] = nil
    shared.releaseGeneration()
    let stream = generation.stream
    shared.retention.add(
      Retention.Entry(id: stream.id, finishedAt: loop.now, bytes: stream.heldBytes))
  }

  /// Whether logs may grow. Beyond the budget the oldest finished streams go first.
  func hasMemory() -> Bool {
    guard shared.budget.isExceeded else { return true }
    expire(shared.retention.take(bytes: shared.budget.excess))
    return !shared.budget.isExhausted
  }

  /// Whether so many bytes more fit into the budget of logs, the oldest finished streams going
  /// first.
  func makeRoom(_ bytes: Int) -> Bool {
    let lack = shared.budget.excess + bytes
    guard lack > 0 else { return true }
    expire(shared.retention.take(bytes: lack))
    return shared.budget.excess + bytes <= 0
  }

  private func dropExpired() {
    expire(shared.retention.takeExpired(now: loop.now))
    if let retentionTimer { loop.arm(retentionTimer, after: Self.retentionInterval) }
  }

  /// Each goes with its owner; until then its bytes count as leaving.
  private func expire(_ entries: [Retention.Entry]) {
    for entry in entries {
      shared.budget.addLeaving(entry.bytes)
      let owner = shared.owner(of: entry.id)
      if owner == loop.index {
        expire(entry)
      } else {
        shared.mailboxes[owner].post(.expire(entry))
      }
    }
  }

  func expire(_ entry: Retention.Entry) {
    streams[entry.id] = nil
    shared.budget.addLeaving(-entry.bytes)
  }

  // MARK: Readers

  /// The readers of one of this loop's streams on this loop.
  func audience(of stream: Stream, _ index: Int) -> Audience {
    let live = stream.renderings[index]
    if let audience = live.audience { return audience }
    let audience = makeAudience(live.rendering, live.key)
    live.audience = audience
    return audience
  }

  /// The readers on this loop of another loop's rendering.
  func remoteAudience(_ rendering: Rendering, _ key: RenderingKey) -> Audience {
    let identifier = ObjectIdentifier(rendering)
    if let known = remoteAudiences[identifier] { return known.audience }
    let audience = makeAudience(rendering, key)
    remoteAudiences[identifier] = (audience, key)
    audience.whenEmpty = { [unowned self] in self.remoteAudiences[identifier] = nil }
    return audience
  }

  func makeAudience(_ rendering: Rendering, _ key: RenderingKey) -> Audience {
    var heartbeat: [UInt8] = []
    if let comment = key.format.heartbeat {
      let bytes = Array(comment.description.utf8)
      heartbeat = key.isChunked ? ChunkFraming.chunk(bytes) : bytes
    }
    return Audience(
      rendering, loop: loop, heartbeat: heartbeat, every: server.limits.heartbeat)
  }

  /// A request has come to its end: if it read a stream, its owner counts one reader less.
  func exchangeEnded(_ record: RequestRecord) {
    guard let id = record.streamID, let key = record.reads else { return }
    let owner = shared.owner(of: id)
    if owner == loop.index {
      generations[id]?.initiatorLeft(record)
      readerLeft(id, key, loop: loop.index)
    } else {
      shared.mailboxes[owner].post(.left(id, key, loop: loop.index))
    }
  }

  func readerLeft(_ id: StreamID, _ key: RenderingKey, loop reader: Int) {
    guard let stream = streams[id] else { return }
    stream.readers -= 1
    assert(stream.readers >= 0, "every reader is counted once and leaves once")
    if reader != loop.index, let index = stream.renderings.firstIndex(where: { $0.key == key }) {
      stream.renderings[index].remoteReaders[reader] -= 1
    }
    generations[id]?.readersChanged()
  }

  // MARK: The end of a turn

  /// The stream has grown, or has a new reader here: flush it when the turn ends.
  @inline(__always)
  func touch(_ stream: Stream) {
    guard !stream.isTouched else { return }
    stream.isTouched = true
    touched.append(stream)
  }

  /// From an upstream.
  @inline(__always)
  func eventCame(to stream: Stream) {
    eventsInTurn += 1
    touch(stream)
  }

  func touch(_ audience: Audience) {
    touchedAudiences.append(audience)
  }

  private func endTurn() {
    flush()
    // Behind all that is sent: what this turn took is what the relay has added.
    figures.count(turn: EventLoop.clock &- loop.now, events: eventsInTurn)
    eventsInTurn = 0
  }

  private func flush() {
    // What a flush ends may touch another stream: go on until nothing is left.
    while !touched.isEmpty || !touchedAudiences.isEmpty {
      if let stream = touched.popLast() {
        stream.isTouched = false
        flush(stream)
      }
      if let audience = touchedAudiences.popLast() { figures.count(audience.flush()) }
    }
    for other in outbox.indices where !outbox[other].isEmpty {
      shared.mailboxes[other].post(.advanced(outbox[other]))
      outbox[other].removeAll(keepingCapacity: true)
    }
    if isDraining { checkDrained() }
  }

  private func flush(_ stream: Stream) {
    flush(stream.log)
    guard stream.renderings.count > 1 else { return }
    for live in stream.renderings[1...] { flush(live) }
  }

  private func flush(_ live: LiveRendering) {
    let hasGrown = live.rendering.announce()
    if hasGrown, live.hasRemoteReaders {
      for other in live.remoteReaders.indices where live.remoteReaders[other] > 0 {
        outbox[other].append(live.rendering)
      }
    }
    if let audience = live.audience, hasGrown || audience.needsFlush {
      figures.count(audience.flush())
    }
  }

  /// Before the turn ends: what must be said before something else happens.
  func flushNow(_ stream: Stream) { flush(stream) }

  /// Renderings of other loops have grown.
  func advanced(_ renderings: [Rendering]) {
    for rendering in renderings {
      if let known = remoteAudiences[ObjectIdentifier(rendering)] { touch(known.audience) }
    }
  }

  // MARK: Listeners

  func listen(_ socket: consuming ListeningSocket, role: ListenerRole) throws(SystemError) {
    listeners.append(try Listener(socket, server: server, role: role))
  }

  /// Stops listening at those.
  func leave(_ isMeant: (Listener) -> Bool) {
    for listener in listeners where isMeant(listener) { listener.stop() }
    listeners.removeAll(where: isMeant)
  }

  // MARK: From the settings

  private static func limits(_ settings: Settings) -> Server.Limits {
    var limits = Server.Limits()
    limits.head = HeadLimits(
      headBytes: settings.limits.headBytes, fields: settings.limits.fields,
      targetBytes: settings.limits.targetBytes)
    limits.headTimeout = settings.timeouts.head.nanoseconds
    limits.bodyTimeout = settings.timeouts.body.nanoseconds
    limits.keepAliveTimeout = settings.timeouts.keepAlive.nanoseconds
    limits.stallTimeout = settings.timeouts.stall.nanoseconds
    limits.heartbeat = settings.timeouts.heartbeat.nanoseconds
    return limits
  }

  private static func sources(_ configuration: LiveConfiguration) -> [String: Source] {
    let settings = configuration.settings
    var sources: [String: Source] = [:]
    for upstream in settings.upstreams {
      switch upstream.kind {
      case .demo:
        sources[upstream.name] = .demo(
          pace: upstream.pace.nanoseconds, stamps: upstream.stamps)
      case .openai:
        sources[upstream.name] = .provider(
          Provider(
            name: upstream.name, url: upstream.baseURL + "/chat/completions",
            format: .openAIChat, key: configuration.upstreamKeys[upstream.name],
            authorityFile: upstream.caFile,
            timeouts: Provider.Timeouts(
              connect: upstream.connectTimeout.nanoseconds,
              firstEvent: upstream.firstEventTimeout.nanoseconds,
              idle: upstream.idleTimeout.nanoseconds, total: upstream.totalTimeout.nanoseconds),
            maximumEventBytes: settings.limits.eventBytes,
            maximumAnswerBytes: settings.limits.answerBytes, idleLimit: upstream.idleConnections),
          asksUsage: upstream.asksUsage)
      }
    }
    return sources
  }
}
