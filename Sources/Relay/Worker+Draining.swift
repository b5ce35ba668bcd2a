// The end of the daemon, on one loop.
//
//   running   SIGTERM → draining
//   draining  nothing begins; generations go on; readers are served; time-out, second signal →
//             cutting
//   cutting   generations are ended, one after the other; all of the time for it, another signal →
//             closing
//   closing   a moment for readers to take the last event, then every connection is closed
//
// Phases follow from time and signals alone, so that all loops are in the same one: a loop that has
// no generation of its own may have readers of another's. Whatever the phase, who has nothing left
// to wait for is at its end.
//
// Listeners of our own stay open until no generation runs on any loop: who looks for readiness is
// told, and a reader can come back to a stream that still runs. Inherited ones are left at once:
// who connects there waits for the daemon that comes next, and is served.

internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop

/// How far the end has come.
struct Draining {
  enum Phase: Int, Comparable {
    case running, draining, cutting, closing

    static func < (one: Phase, other: Phase) -> Bool { one.rawValue < other.rawValue }
  }

  var phase = Phase.running
  /// No listener is open any more.
  var hasLeft = false
  /// Nothing is left to do on this loop.
  var hasDrained = false
  var timer: Timer?
  /// Generations that are ended one after the other, how many at a time, how long between, and the
  /// time at which all of them are.
  var remaining: [Generation] = []
  var share = 0
  var interval: UInt64 = 0
  var end: UInt64 = 0

  /// At most as often some more generations are ended.
  private static let shortestInterval: UInt64 = 20_000_000

  /// How long to wait between some and the next, and how many at a time, so that `count` take
  /// `time` nanoseconds, or a little less.
  static func pace(_ count: Int, over time: UInt64) -> (interval: UInt64, share: Int) {
    guard count > 0, time > 0 else { return (shortestInterval, count) }
    let interval = max(time / UInt64(count), shortestInterval)
    let share = (UInt64(count) * interval + time - 1) / time
    return (interval, Int(clamping: share))
  }
}

extension Worker {
  var isDraining: Bool { draining.phase > .running }
  /// The time to end is over: nothing goes on that has not begun to answer.
  var isCut: Bool { draining.phase >= .cutting }

  /// For readers to take the terminal event.
  static let farewell: UInt64 = 2_000_000_000
  /// Each further call hastens it.
  func drain() {
    let timeouts = configuration.settings.timeouts
    switch draining.phase {
    case .running:
      draining.phase = .draining
      leave { $0.isInherited }
      closeQueue()
      server.drain()
      endDashboard()
      spreadReturns()
      arm(at: loop.now + timeouts.shutdown.nanoseconds) { [unowned self] in
        self.cut(over: timeouts.release.nanoseconds)
      }
    case .draining: cut(over: 0)
    case .cutting: close()
    case .closing: closeAll()
    }
  }

  /// Time is up: what still runs is told so.
  private func cut(over time: UInt64) {
    draining.phase = .cutting
    draining.remaining = Array(generations.values)
    draining.end = loop.now + time
    (draining.interval, draining.share) = Draining.pace(draining.remaining.count, over: time)
    cutSome()
  }

  private func cutSome() {
    guard loop.now < draining.end else { return close() }
    endGenerations(draining.share)
    arm(at: min(loop.now + draining.interval, draining.end)) { [unowned self] in self.cutSome() }
  }

  private func endGenerations(_ count: Int) {
    let failure = Failure(.shuttingDown, "the server is shutting down")
    for _ in 0..<min(count, draining.remaining.count) {
      if draining.remaining.removeLast().fail(failure) { shared.count(ended: 1) }
    }
  }

  private func close() {
    draining.phase = .closing
    endGenerations(draining.remaining.count)
    arm(at: loop.now + Self.farewell) { [unowned self] in self.closeAll() }
  }

  private func closeAll() {
    leaveAll()
    shared.count(closed: server.closeAll())
  }

  private func arm(at time: UInt64, _ action: @escaping () -> Void) {
    if let timer = draining.timer { loop.disarm(timer) }
    let timer = Timer(action)
    draining.timer = timer
    loop.arm(timer, at: time)
  }

  /// At the end of each turn.
  func checkDrained() {
    guard !draining.hasDrained, generations.isEmpty, expectations.isEmpty else { return }
    if !draining.hasLeft {
      guard server.exchangeCount == 0, shared.generations.running == 0 else { return }
      leaveAll()
      // They may have waited for the generations of this one.
      for mailbox in shared.mailboxes { mailbox.post(.leaving) }
    }
    guard server.connectionCount == 0 else { return }
    draining.hasDrained = true
    guard shared.hasDrained() else { return }
    for mailbox in shared.mailboxes { mailbox.post(.exit) }
  }

  private func leaveAll() {
    guard !draining.hasLeft else { return }
    draining.hasLeft = true
    leave { _ in true }
    server.drain()
  }

  // MARK: Spreading

  /// Readers that come back by themselves are told when, each another time.
  private func spreadReturns() {
    guard configuration.settings.timeouts.release > .zero else { return }
    for stream in streams.values {
      for live in stream.renderings {
        if let audience = live.audience { spread(audience, live.key) }
      }
    }
    for (audience, key) in remoteAudiences.values { spread(audience, key) }
  }

  private func spread(_ audience: Audience, _ key: RenderingKey) {
    guard key.format.tellsReturn else { return }
    audience.tell { [self] in
      var line: [UInt8] = []
      key.format.appendReturn(after: timeToReturn, to: &line)
      return key.isChunked ? ChunkFraming.chunk(line) : line
    }
  }

  /// Milliseconds after which a reader that is disconnected should come back.
  var timeToReturn: Int {
    guard isDraining else { return WireFormat.usualReturn }
    let spread = configuration.settings.timeouts.release.nanoseconds / 1_000_000
    return WireFormat.usualReturn + Int.random(in: 0...Int(clamping: spread))
  }
}
