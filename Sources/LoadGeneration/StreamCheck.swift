/// Whether one answer came whole: nothing lost, nothing twice, all in order, with its end.
///
/// Stamped events are counted by their numbers. Where there are none, the events' ids, if they are
/// numbers, must grow: that finds repetition and disorder, and cannot find loss.
struct StreamCheck: Equatable, Sendable {
  enum End: Equatable, Sendable {
    case none
    /// `[DONE]`, or a `done` event or line.
    case done
    /// An error, told inside the stream.
    case failed
  }

  private(set) var events = 0
  private(set) var stamped = 0
  private(set) var lost = 0
  private(set) var duplicated = 0
  private(set) var disordered = 0
  var end = End.none

  /// The number that the next stamped event should have; nil before the first when any may be it.
  private var next: UInt32?
  /// Of the 64 numbers before `next`, those seen; bit 0 is the latest. Older ones count as seen.
  private var seen = UInt64.max
  private var lastID: UInt64?
  /// FNV-1a over the data of all events: equal for readers of the same events.
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  /// - Parameter startsAtZero: The answer is read from its beginning: the first number is 0.
  init(startsAtZero: Bool) {
    next = startsAtZero ? 0 : nil
  }

  var isFaultless: Bool { lost == 0 && duplicated == 0 && disordered == 0 }

  mutating func countEvent() { events += 1 }

  mutating func addToHash(_ bytes: Span<UInt8>) {
    for index in 0..<bytes.count { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
  }

  mutating func takeNumber(_ number: UInt32) {
    stamped += 1
    guard let expected = next else {
      next = number &+ 1
      return
    }
    if number == expected {
      seen = seen << 1 | 1
      next = expected &+ 1
    } else if number > expected {
      let gap = UInt64(number - expected)
      lost += Int(gap)
      seen = gap >= 63 ? 1 : seen << (gap + 1) | 1
      next = number &+ 1
    } else {
      takeLateNumber(expected - 1 - number)
    }
  }

  private mutating func takeLateNumber(_ age: UInt32) {
    if age < 64, seen & (1 << UInt64(age)) == 0 {
      seen |= 1 << UInt64(age)
      lost -= 1
      disordered += 1
    } else {
      duplicated += 1
    }
  }

  /// Of an event without a stamp; ids that are no numbers say nothing.
  mutating func takeID(_ id: [UInt8]) {
    guard !id.isEmpty, id.count < 19 else { return }
    var value: UInt64 = 0
    for byte in id {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return }
      value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
    }
    if let lastID {
      if value == lastID { duplicated += 1 }
      if value < lastID { disordered += 1 }
    }
    lastID = value
  }
}
