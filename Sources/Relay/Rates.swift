internal import Admission
internal import ClientAPIs
internal import Configuration
internal import Synchronization

/// How often, and how much at one time, each client address may ask, over all loops. Any thread.
final class Rates: Sendable {
  /// Addresses that are told apart at one time; see `RateTable` for those beyond.
  private static let capacity = 100_000

  /// What is counted together, by the name that answers give it.
  enum Bucket: String, CaseIterable {
    case completions, streams, subscriptions, chats, agents, widget
  }

  private final class Limited: Sendable {
    let limit: RateLimit
    private let table: Mutex<RateTable<ClientAddress>>

    init(_ rate: Settings.Rate) {
      limit = RateLimit(requests: rate.requests, period: rate.per.nanoseconds)
      table = Mutex(RateTable(limit, capacity: Rates.capacity))
    }

    func decide(_ address: ClientAddress, now: UInt64, counts: Bool) -> RateDecision {
      table.withLock { table in
        counts ? table.take(address, now: now) : table.peek(address, now: now)
      }
    }
  }

  private let limited: [Bucket: Limited]
  private let streamsPerClient: Int
  /// Never more than there are connections.
  private let open = Mutex<[ClientAddress: Int]>([:])

  init(_ settings: Settings) {
    let rates = settings.rates
    let all: [(Bucket, Settings.Rate)] = [
      (.completions, rates.completions), (.streams, rates.streams),
      (.subscriptions, rates.subscriptions), (.chats, rates.chats), (.agents, rates.agents),
      (.widget, rates.widget),
    ]
    limited = Dictionary(
      uniqueKeysWithValues: all.filter { $0.1.requests > 0 }.map { ($0.0, Limited($0.1)) })
    streamsPerClient = settings.limits.streamsPerClient
  }

  func limit(_ bucket: Bucket) -> RateLimit? { limited[bucket]?.limit }

  /// What the address may do, nil where there is no limit. One lock a request.
  /// - Parameter counts: The request is one that the limit is for.
  func decide(
    _ bucket: Bucket, _ client: [UInt8], now: UInt64, counts: Bool
  ) -> RateDecision? {
    limited[bucket]?.decide(ClientAddress(client), now: now, counts: counts)
  }

  // MARK: At one time

  /// A place that one request holds, and gives back when it has been answered.
  struct Slot: Sendable {
    fileprivate let address: ClientAddress
  }

  enum Place: Sendable {
    case taken(Slot)
    case full
    case unlimited
  }

  func takeSlot(_ client: [UInt8]) -> Place {
    guard streamsPerClient > 0 else { return .unlimited }
    let address = ClientAddress(client)
    let isTaken = open.withLock { open in
      let count = open[address, default: 0]
      guard count < streamsPerClient else { return false }
      open[address] = count + 1
      return true
    }
    return isTaken ? .taken(Slot(address: address)) : .full
  }

  func release(_ slot: Slot) {
    open.withLock { open in
      let count = open[slot.address, default: 1] - 1
      open[slot.address] = count > 0 ? count : nil
    }
  }

  /// Addresses that hold a place now: none when nothing is asked.
  var addressesWithSlots: Int { open.withLock { $0.count } }
}

extension RequestRecord {
  /// What its rate is counted with; nil for what has none.
  var rateBucket: Rates.Bucket? {
    if case .readStream = endpoint { return .subscriptions }
    switch api {
    case .completions: return .completions
    case .streams: return .streams
    case .chats: return .chats
    case .agents: return .agents
    case .widget: return .widget
    case .operations: return nil
    }
  }
}
