/// The states of many keys under one limit, within a bound of memory.
///
/// A key that has fully recovered is as good as a new one, and only such keys are forgotten: nobody
/// can push another's state out. When the table is full of keys that have not recovered, those that
/// are new share a few states among them, so that a flood of addresses is limited as if it came
/// from a few, and costs nothing.
///
/// Not for several threads at once: its owner locks. Every operation takes constant time.
///
/// Invariant: `ring` holds each key of `states` exactly once.
public struct RateTable<Key: Hashable & Sendable>: Sendable {
  private var limit: RateLimit
  private var capacity: Int
  private var states: [Key: UInt64] = [:]
  /// The keys, in the order in which `hand` looks at them.
  private var ring: [Key] = []
  private var hand = 0
  private var shared: [UInt64]

  private static var sharedStates: Int { 1024 }
  /// Keys that are looked at when one comes in: more than one, so that the table empties.
  private static var looksPerInsertion: Int { 4 }

  /// - Parameter capacity: Keys that have a state of their own.
  public init(_ limit: RateLimit, capacity: Int) {
    self.limit = limit
    self.capacity = capacity
    shared = Array(repeating: 0, count: Self.sharedStates)
  }

  /// Another limit from now on; what was used under the former one counts. Takes time for each key.
  public mutating func configure(_ limit: RateLimit, capacity: Int, now: UInt64) {
    self.capacity = capacity
    guard limit != self.limit else { return }
    let former = self.limit
    self.limit = limit
    for key in ring {
      states[key] = states[key].map { limit.carriedOver(tat: $0, from: former, now: now) }
    }
    for position in shared.indices {
      shared[position] = limit.carriedOver(tat: shared[position], from: former, now: now)
    }
  }

  /// Keys that have a state of their own now.
  public var count: Int { states.count }

  /// Decides on a request, and counts it if it is allowed.
  public mutating func take(_ key: Key, now: UInt64) -> RateDecision {
    if let tat = states[key] {
      let decision = limit.decide(tat: tat, now: now)
      states[key] = decision.tat
      return decision
    }
    forgetSome(now)
    guard states.count < capacity else {
      let position = Self.position(of: key)
      let decision = limit.decide(tat: shared[position], now: now)
      shared[position] = decision.tat
      return decision
    }
    let decision = limit.decide(tat: 0, now: now)
    states[key] = decision.tat
    ring.append(key)
    return decision
  }

  /// What is left for a key, without a request.
  public func peek(_ key: Key, now: UInt64) -> RateDecision {
    if let tat = states[key] { return limit.peek(tat: tat, now: now) }
    let isFull = states.count >= capacity
    return limit.peek(tat: isFull ? shared[Self.position(of: key)] : 0, now: now)
  }

  private static func position(of key: Key) -> Int {
    Int(UInt(bitPattern: key.hashValue) % UInt(sharedStates))
  }

  private mutating func forgetSome(_ now: UInt64) {
    for _ in 0..<Self.looksPerInsertion where !ring.isEmpty {
      if hand >= ring.count { hand = 0 }
      let key = ring[hand]
      if let tat = states[key], limit.hasRecovered(tat: tat, now: now) {
        states[key] = nil
        ring.swapAt(hand, ring.count - 1)
        ring.removeLast()
      } else {
        hand += 1
      }
    }
  }
}
