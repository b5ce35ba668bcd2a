/// The states of many keys under one limit, within a bound of memory.
///
/// A key that has fully recovered is as good as a new one, and only such keys are forgotten: nobody
/// can push another's state out. When the table is full of keys that have not recovered, those that
/// are new share a few states among them, so that a flood of addresses is limited as if it came
/// from a few, and costs nothing.
///
/// When the limit changes, states are carried over a few at a time, and those that are asked for at
/// once: nobody waits for a million others.
///
/// Not for several threads at once: its owner locks. Every operation takes constant time.
///
/// Invariant: `places[entries[i].key] == i` for every entry, and no other key has a place. The
/// entries before `carried` have their states under `limit`, the others under `former`; without a
/// former limit all are before it.
public struct RateTable<Key: Hashable & Sendable>: Sendable {
  private struct Entry {
    var key: Key
    var tat: UInt64
  }

  private var limit: RateLimit
  private var former: (limit: RateLimit, changedAt: UInt64)?
  private var carried = 0
  private var capacity: Int
  private var places: [Key: Int] = [:]
  private var entries: [Entry] = []
  /// Which entry is looked at next, whether it can be forgotten.
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

  /// Keys that have a state of their own now.
  public var count: Int { entries.count }

  // MARK: Another limit

  /// Another limit from now on; what was used under the former one counts. `carryOver` must be
  /// called until it says that nothing is left before the limit is changed again.
  public mutating func configure(_ limit: RateLimit, capacity: Int, now: UInt64) {
    precondition(former == nil, "one change after the other")
    self.capacity = capacity
    guard limit != self.limit else { return }
    for position in shared.indices {
      shared[position] = limit.carriedOver(tat: shared[position], from: self.limit, now: now)
    }
    former = (self.limit, now)
    carried = 0
    self.limit = limit
    finishIfCarried()
  }

  /// Carries over so many more states, and says whether any are left.
  public mutating func carryOver(_ count: Int) -> Bool {
    for _ in 0..<count where carried < entries.count && former != nil {
      carryOver(at: carried)
      carried += 1
    }
    finishIfCarried()
    return former != nil
  }

  private mutating func carryOver(at position: Int) {
    guard let former else { return }
    entries[position].tat = limit.carriedOver(
      tat: entries[position].tat, from: former.limit, now: former.changedAt)
  }

  private mutating func finishIfCarried() {
    if carried >= entries.count { former = nil }
  }

  // MARK: Requests

  /// Decides on a request, and counts it if it is allowed.
  public mutating func take(_ key: Key, now: UInt64) -> RateDecision {
    if let place = current(key) {
      let decision = limit.decide(tat: entries[place].tat, now: now)
      entries[place].tat = decision.tat
      return decision
    }
    forgetSome(now)
    guard entries.count < capacity else {
      let position = Self.position(of: key)
      let decision = limit.decide(tat: shared[position], now: now)
      shared[position] = decision.tat
      return decision
    }
    let decision = limit.decide(tat: 0, now: now)
    insert(Entry(key: key, tat: decision.tat))
    return decision
  }

  /// What is left for a key, without a request.
  public mutating func peek(_ key: Key, now: UInt64) -> RateDecision {
    if let place = current(key) { return limit.peek(tat: entries[place].tat, now: now) }
    let isFull = entries.count >= capacity
    return limit.peek(tat: isFull ? shared[Self.position(of: key)] : 0, now: now)
  }

  private static func position(of key: Key) -> Int {
    Int(UInt(bitPattern: key.hashValue) % UInt(sharedStates))
  }

  // MARK: Entries

  /// Where the key's state is, under the limit that holds now.
  private mutating func current(_ key: Key) -> Int? {
    guard let place = places[key] else { return nil }
    guard former != nil, place >= carried else { return place }
    carryOver(at: place)
    exchange(place, carried)
    carried += 1
    finishIfCarried()
    return places[key]
  }

  private mutating func insert(_ entry: Entry) {
    places[entry.key] = entries.count
    entries.append(entry)
    guard former != nil else { return }
    exchange(entries.count - 1, carried)
    carried += 1
  }

  private mutating func exchange(_ one: Int, _ other: Int) {
    guard one != other else { return }
    entries.swapAt(one, other)
    places[entries[one].key] = one
    places[entries[other].key] = other
  }

  private mutating func remove(at position: Int) {
    var hole = position
    if former != nil, hole < carried {
      exchange(hole, carried - 1)
      hole = carried - 1
      carried -= 1
    }
    exchange(hole, entries.count - 1)
    places[entries.removeLast().key] = nil
    finishIfCarried()
  }

  private mutating func forgetSome(_ now: UInt64) {
    for _ in 0..<Self.looksPerInsertion where !entries.isEmpty {
      if hand >= entries.count { hand = 0 }
      // Under the former limit it may have recovered when it has not under this one.
      let isCarried = former == nil || hand < carried
      if isCarried, limit.hasRecovered(tat: entries[hand].tat, now: now) {
        remove(at: hand)
      } else {
        hand += 1
      }
    }
  }
}
