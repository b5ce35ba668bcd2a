internal import Admission
internal import Archive
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import StreamLog
internal import Synchronization

/// What all loops share: values that do not change, and counters. Any thread.
final class Shared: Sendable {
  let settings: Settings
  let secrets: Secrets
  let mailboxes: [Mailbox<Message>]
  let budget: LogBudget
  let connections: ConnectionLoad
  let retention: Retention
  let archive: Archive
  let agents: AgentDirectory
  let turns: TurnLine
  let rates: Rates
  let proxies: [AddressBlock]
  /// By the name of the upstream.
  let health: [String: UpstreamHealth]
  let log: Log
  /// Seconds since 1970.
  let startedAt: Int
  private let running = Atomic<Int>(0)
  private let drained = Atomic<Int>(0)

  /// Secrets that were read at start: they are in no setting, and in no log.
  struct Secrets: Sendable {
    var keys: KeyRing
    /// By the name of the upstream.
    var upstreamKeys: [String: [UInt8]]
  }

  init(
    settings: Settings, secrets: Secrets, mailboxes: [Mailbox<Message>], archive: Archive, log: Log
  ) {
    self.archive = archive
    agents = AgentDirectory(settings)
    let conversations = settings.conversations
    turns = TurnLine(limit: conversations.whenBusy == .refuse ? 0 : conversations.waiting)
    rates = Rates(settings)
    proxies = settings.trustedProxies.compactMap { AddressBlock($0) }
    health = settings.upstreams.reduce(into: [:]) { $0[$1.name] = UpstreamHealth($1) }
    self.settings = settings
    self.secrets = secrets
    self.mailboxes = mailboxes
    self.log = log
    budget = LogBudget(limit: settings.streams.memoryBytes)
    connections = ConnectionLoad(limit: settings.limits.connections)
    retention = Retention(lifetime: settings.streams.retention.nanoseconds)
    startedAt = Int(WallClock.now / 1_000_000_000)
  }

  /// The loop that has a stream; after a restart with fewer loops, another than made it.
  func owner(of id: StreamID) -> Int { id.owner % mailboxes.count }

  // MARK: Generations under way

  /// Takes a slot for one more generation, or says that there is none.
  func takeGeneration() -> Bool {
    let now = running.add(1, ordering: .relaxed).newValue
    if now <= settings.limits.generations { return true }
    running.subtract(1, ordering: .relaxed)
    return false
  }

  func releaseGeneration() {
    running.subtract(1, ordering: .relaxed)
  }

  // MARK: Shutting down

  /// Called once by each loop when it has nothing left to do; true for the last.
  func hasDrained() -> Bool {
    drained.add(1, ordering: .relaxed).newValue == mailboxes.count
  }
}
