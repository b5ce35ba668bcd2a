internal import Admission
internal import ClientAPIs
internal import Configuration
internal import Glibc
internal import Synchronization

/// How often, and how much at one time, each client address and each key may ask, over all loops.
/// Any thread. A reload changes the limits; what has been used stays used.
final class Rates: Sendable {
  /// What is counted together, by the name that answers give it.
  enum Bucket: String, CaseIterable {
    case completions, streams, subscriptions, chats, agents, widget
  }

  private final class Table: Sendable {
    /// Nil without a limit.
    private let table = Mutex<RateTable<ClientAddress>?>(nil)

    /// States that are carried over to another limit while requests wait.
    private static let statesAtOnce = 1_000
    /// Microseconds.
    private static let pause: UInt32 = 100

    func configure(_ rate: Settings.Rate, capacity: Int, now: () -> UInt64) {
      let limit = RateLimit(rate)
      var isLeft = table.withLock { table in
        guard let limit else {
          table = nil
          return false
        }
        if table == nil { table = RateTable(limit, capacity: capacity) }
        table?.configure(limit, capacity: capacity, now: now())
        return table?.carryOver(Self.statesAtOnce) ?? false
      }
      while isLeft {
        // The lock does not go to those who wait by itself.
        usleep(Self.pause)
        isLeft = table.withLock { $0?.carryOver(Self.statesAtOnce) ?? false }
      }
    }

    func decide(_ address: ClientAddress, now: UInt64, counts: Bool) -> RateDecision? {
      table.withLock { table in
        counts ? table?.take(address, now: now) : table?.peek(address, now: now)
      }
    }

    var count: Int { table.withLock { $0?.count ?? 0 } }
  }

  private struct KeyState {
    var limit: RateLimit?
    var tat: UInt64 = 0
    /// 0 is no limit.
    var places: Int
    var taken = 0
  }

  private struct Places {
    /// 0 is no limit.
    var limit = 0
    /// Never more than there are connections.
    var taken: [ClientAddress: Int] = [:]
  }

  private let tables: [Bucket: Table] = Dictionary(
    uniqueKeysWithValues: Bucket.allCases.map { ($0, Table()) })
  /// By name.
  private let keys = Mutex<[String: KeyState]>([:])
  private let places = Mutex(Places())
  private let prefix = Atomic<Int>(64)

  init(_ settings: Settings, now: UInt64) {
    configure(settings, now: now)
  }

  /// One change after the other; takes time for each address that is known.
  /// - Parameter now: Read for each limit anew.
  func configure(_ settings: Settings, now: @autoclosure () -> UInt64) {
    let rates = settings.rates
    // Other networks are other clients: their places are given back by the names that they had.
    prefix.store(rates.ipv6Prefix, ordering: .relaxed)
    for (bucket, table) in tables {
      table.configure(rates[bucket], capacity: rates.addresses, now: now)
    }
    places.withLock { $0.limit = settings.limits.streamsPerClient }
    keys.withLock { keys in
      keys = settings.keys.reduce(into: [:]) { states, key in
        var state = KeyState(limit: RateLimit(key.rate), places: key.streams)
        if let former = keys[key.name] {
          state.taken = former.taken
          if let limit = state.limit, let old = former.limit {
            state.tat = limit.carriedOver(tat: former.tat, from: old, now: now())
          }
        }
        states[key.name] = state
      }
    }
  }

  private func address(_ client: [UInt8]) -> ClientAddress {
    ClientAddress(client, prefix: prefix.load(ordering: .relaxed))
  }

  /// What the address may do, nil where there is no limit. One lock a request.
  /// - Parameter counts: The request is one that the limit is for.
  func decide(
    _ bucket: Bucket, _ client: [UInt8], now: UInt64, counts: Bool
  ) -> RateDecision? {
    tables[bucket]?.decide(address(client), now: now, counts: counts)
  }

  /// What the key of this name may do, and that it did; nil where there is no limit.
  func take(key name: String, now: UInt64) -> RateDecision? {
    keys.withLock { keys in
      guard let state = keys[name], let limit = state.limit else { return nil }
      let decision = limit.decide(tat: state.tat, now: now)
      keys[name]?.tat = decision.tat
      return decision
    }
  }

  // MARK: At one time

  /// A place that one request holds, and gives back when it has been answered.
  enum Slot: Sendable {
    case address(ClientAddress)
    case key(String)
  }

  enum Place: Sendable {
    case taken(Slot)
    case full
    case unlimited
  }

  func takeSlot(_ client: [UInt8]) -> Place {
    let address = address(client)
    return places.withLock { places in
      guard places.limit > 0 else { return .unlimited }
      let count = places.taken[address, default: 0]
      guard count < places.limit else { return .full }
      places.taken[address] = count + 1
      return .taken(.address(address))
    }
  }

  func takeSlot(key name: String) -> Place {
    keys.withLock { keys in
      guard let state = keys[name], state.places > 0 else { return .unlimited }
      guard state.taken < state.places else { return .full }
      keys[name]?.taken += 1
      return .taken(.key(name))
    }
  }

  func release(_ slot: Slot) {
    switch slot {
    case .address(let address):
      places.withLock { places in
        let count = places.taken[address, default: 1] - 1
        places.taken[address] = count > 0 ? count : nil
      }
    case .key(let name):
      // A key that went and came back in between has forgotten its places.
      keys.withLock { keys in
        if let taken = keys[name]?.taken { keys[name]?.taken = max(taken - 1, 0) }
      }
    }
  }

  // MARK: How many

  /// Addresses that hold a place now: none when nothing is asked.
  var addressesWithSlots: Int { places.withLock { $0.taken.count } }
  /// Places that keys hold now.
  var keySlots: Int { keys.withLock { $0.values.reduce(0) { $0 + $1.taken } } }
  /// Addresses that have a state of their own, over all limits.
  var knownAddresses: Int { tables.values.reduce(0) { $0 + $1.count } }
}

extension RateLimit {
  /// Nil for no limit.
  fileprivate init?(_ rate: Settings.Rate) {
    guard rate.requests > 0 else { return nil }
    self.init(requests: rate.requests, period: rate.per.nanoseconds)
  }
}

extension Settings.Rates {
  fileprivate subscript(_ bucket: Rates.Bucket) -> Settings.Rate {
    switch bucket {
    case .completions: completions
    case .streams: streams
    case .subscriptions: subscriptions
    case .chats: chats
    case .agents: agents
    case .widget: widget
    }
  }
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
