internal import Admission
internal import ClientAPIs
internal import Configuration
internal import EventLoop
internal import Synchronization

/// How often each client address may ask, by API, over all loops. Any thread.
final class Rates: Sendable {
  /// Addresses that are told apart at one time; see `RateTable` for those beyond.
  private static let capacity = 100_000

  private final class Bucket: Sendable {
    private let table: Mutex<RateTable<ClientAddress>>

    init(_ rate: Settings.Rate) {
      let limit = RateLimit(requests: rate.requests, period: rate.per.nanoseconds)
      table = Mutex(RateTable(limit, capacity: Rates.capacity))
    }

    func decide(_ address: ClientAddress, now: UInt64, counts: Bool) -> RateDecision {
      table.withLock { table in
        counts ? table.take(address, now: now) : table.peek(address, now: now)
      }
    }
  }

  private let buckets: [API: Bucket]

  init(_ rates: Settings.Rates) {
    let limits: [(API, Settings.Rate)] = [
      (.chats, rates.chats), (.agents, rates.agents), (.widget, rates.widget),
    ]
    buckets = Dictionary(
      uniqueKeysWithValues: limits.filter { $0.1.requests > 0 }.map { ($0.0, Bucket($0.1)) })
  }

  /// What the address may do, nil where there is no limit. One lock a request.
  /// - Parameter counts: The request is one that the limit is for.
  func decide(_ api: API, _ peer: PeerAddress, now: UInt64, counts: Bool) -> RateDecision? {
    buckets[api]?.decide(ClientAddress(peer.bytes), now: now, counts: counts)
  }
}
