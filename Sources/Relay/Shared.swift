internal import Admission
internal import Archive
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import StreamLog
internal import Synchronization

/// What all loops share: counters, and values that do not change. Any thread.
final class Shared: Sendable {
  let mailboxes: [Mailbox<Message>]
  let budget: LogBudget
  let connections: ConnectionLoad
  let retention: Retention
  let archive: Archive
  let turns: TurnLine
  let generations: GenerationQueue
  let rates: Rates
  let log: Log
  /// Where clients connect that the configuration does not name.
  let inheritedListeners: [Settings.ListenAddress]
  /// Seconds since 1970.
  let startedAt: Int
  let reload: ReloadOutcome
  private let drained = Atomic<Int>(0)

  init(
    _ settings: Settings, mailboxes: [Mailbox<Message>], archive: Archive, log: Log,
    inheritedListeners: [Settings.ListenAddress], now: UInt64
  ) {
    self.inheritedListeners = inheritedListeners
    self.archive = archive
    turns = TurnLine(limit: settings.conversations.limit)
    generations = GenerationQueue(settings.limits.queue)
    rates = Rates(settings, now: now)
    self.mailboxes = mailboxes
    self.log = log
    budget = LogBudget(limit: settings.streams.memoryBytes)
    connections = ConnectionLoad(limit: settings.limits.connections)
    retention = Retention(lifetime: settings.streams.retention.nanoseconds)
    startedAt = Int(WallClock.now / 1_000_000_000)
    reload = ReloadOutcome(startedAt: startedAt)
  }

  /// Other limits from now on; what has been counted stays. Every loop is told; `done` is called
  /// on the last that has taken it.
  func configure(_ configuration: LiveConfiguration, then done: @escaping @Sendable () -> Void) {
    let confirmation = Confirmation(of: mailboxes.count, done)
    let settings = configuration.settings
    turns.configure(limit: settings.conversations.limit)
    rates.configure(settings, now: EventLoop.clock)
    budget.limit = settings.streams.memoryBytes
    connections.limit = settings.limits.connections
    retention.configure(lifetime: settings.streams.retention.nanoseconds)
    log.configure(settings.log)
    for mailbox in mailboxes { mailbox.post(.configured(configuration, confirmation)) }
    for waiter in generations.configure(settings.limits.queue) { grant(waiter) }
  }

  /// The loop that has a stream; after a restart with fewer loops, another than made it.
  func owner(of id: StreamID) -> Int { id.owner % mailboxes.count }

  // MARK: Generations under way

  func releaseGeneration() {
    if let next = generations.release() { grant(next) }
  }

  private func grant(_ waiter: Waiter) {
    mailboxes[waiter.loop].post(.resumed(ticket: waiter.ticket))
  }

  // MARK: Shutting down

  private let endedGenerations = Atomic<Int>(0)
  private let closedAnswers = Atomic<Int>(0)

  /// The end of the daemon has ended so many generations, or closed so many connections whose
  /// answer was not at its end.
  func count(ended: Int = 0, closed: Int = 0) {
    endedGenerations.add(ended, ordering: .relaxed)
    closedAnswers.add(closed, ordering: .relaxed)
  }

  var cut: (ended: Int, closed: Int) {
    (endedGenerations.load(ordering: .relaxed), closedAnswers.load(ordering: .relaxed))
  }

  #if DEBUG
    /// Holds up the last loop until it is called again: for tests of what watches over loops.
    func toggleStall() {
      if isStalled.exchange(!isStalled.load(ordering: .relaxed), ordering: .relaxed) { return }
      mailboxes.last?.post(.stall)
    }

    let isStalled = Atomic<Bool>(false)
  #endif

  /// Called once by each loop when it has nothing left to do; true for the last.
  func hasDrained() -> Bool {
    drained.add(1, ordering: .relaxed).newValue == mailboxes.count
  }
}

/// Calls back when so many have confirmed. Any thread.
final class Confirmation: Sendable {
  private let missing: Atomic<Int>
  private let done: @Sendable () -> Void

  init(of count: Int, _ done: @escaping @Sendable () -> Void) {
    missing = Atomic(count)
    self.done = done
  }

  func confirm() {
    if missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { done() }
  }
}

extension Settings.Limits {
  fileprivate var queue: GenerationQueue.Limits {
    GenerationQueue.Limits(running: generations, waiting: queuedGenerations)
  }
}

extension Settings.Conversations {
  /// Messages that may wait in one conversation.
  fileprivate var limit: Int { whenBusy == .refuse ? 0 : waiting }
}
