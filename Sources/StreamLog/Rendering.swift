// A rendering: one generation's log in one wire format, as bytes ready for the socket.
//
// It stands between the one loop that appends (the owner) and all the subscribers that read, on any
// loop. There is one rendering per wire format that somebody reads, not one per reader: a
// subscriber is a socket and a `Cursor` into it.
//
// Rules. Bytes are appended in whole events, and become visible to readers when the owner publishes
// the tail, once per turn. They never move and never change, so a reader may hand their address to
// the kernel at any time. The tail is one atomic word that also says whether the log is closed;
// `publish` stores it with release, readers load it with acquire, and that is all the
// synchronization there is. A closed rendering never grows.
//
// Invariant: published <= written; offsets is ascending and has one entry per event.
//
// It does not know what its bytes mean, and holds no list of its readers.

internal import Synchronization

public final class Rendering: @unchecked Sendable {
  // SAFETY: everything but the atomics and the segments below the tail belongs to the owner.
  private let tail = Atomic<UInt>(0)
  private let optionalRange = Atomic<UInt64>(0)
  private let eventTail = Atomic<Int>(0)
  private let budget: LogBudget
  private let largestSegment: Int

  let first: Segment
  private var last: WriteEnd
  /// Position behind the last appended byte, published or not.
  public private(set) var written = 0
  /// Bytes of all segments.
  public private(set) var held: Int
  private var isClosed = false
  private var announced: UInt = 0
  /// `offsets[n]` is the position behind event n + 1.
  private var offsets: [UInt32] = []

  /// - Parameters:
  ///   - firstSegment: Bytes of the first segment; each later one is twice as large as the one
  ///     before, up to `largestSegment`.
  public init(budget: LogBudget, firstSegment: Int = 512, largestSegment: Int = 64 << 10) {
    precondition(firstSegment > 0 && largestSegment >= firstSegment)
    self.budget = budget
    self.largestSegment = largestSegment
    first = Segment(start: 0, capacity: firstSegment)
    last = WriteEnd(first)
    held = firstSegment
    budget.add(firstSegment)
  }

  deinit {
    // Segments are a chain: freed one by one, since a long chain would recurse as deep as it is.
    var segment: Segment? = first
    while let current = segment {
      segment = current.next
      current.next = nil
    }
    budget.add(-held)
  }

  // MARK: The owner's side

  /// Events appended so far.
  public var events: Int { offsets.count }

  /// Appends bytes of the event being written. Cost: a copy, and an allocation per new segment.
  public func append(_ bytes: Span<UInt8>) {
    assert(!isClosed, "a closed rendering never grows")
    var source = 0
    while source < bytes.count {
      if written == last.end { grow() }
      let count = min(last.end - written, bytes.count - source)
      last.write(bytes.extracting(source..<(source + count)), at: written)
      source += count
      written += count
    }
  }

  /// Appends two pieces of the event being written, one behind the other.
  public func append(_ first: Span<UInt8>, _ second: Span<UInt8>) {
    assert(!isClosed, "a closed rendering never grows")
    guard first.count + second.count <= last.end - written else {
      append(first)
      return append(second)
    }
    last.write(first, at: written)
    last.write(second, at: written + first.count)
    written += first.count + second.count
  }

  /// Marks the end of one event of the log; an event that this format does not show is empty.
  public func endEvent() {
    offsets.append(UInt32(truncatingIfNeeded: written))
  }

  /// Position at which event `sequence + 1` begins, `sequence` counted from 1 and 0 for the start.
  /// Nil when the log does not have so many events.
  public func offset(after sequence: Int) -> Int? {
    if sequence == 0 { return 0 }
    guard sequence > 0, sequence <= offsets.count else { return nil }
    return Int(offsets[sequence - 1])
  }

  /// How many events end at `offset` or before. Also any thread, once a reader has seen the log
  /// closed. Cost: logarithmic in the events.
  public func events(upTo offset: Int) -> Int {
    var (low, high) = (0, offsets.count)
    while low < high {
      let middle = (low + high) / 2
      if Int(offsets[middle]) <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Lets readers that did not ask for it step over `range` (once a rendering, before the range
  /// is published).
  public func markOptional(_ range: Range<Int>) {
    assert(range.lowerBound >= published, "a range must be marked before readers see it")
    let word = UInt64(range.lowerBound) << 32 | UInt64(range.upperBound)
    optionalRange.store(word, ordering: .relaxed)
  }

  /// Makes everything written visible to readers.
  public func publish() {
    eventTail.store(offsets.count, ordering: .relaxed)
    tail.store(word, ordering: .releasing)
  }

  /// Publishes, and says whether readers must be told: there is more than at the last announcement.
  public func announce() -> Bool {
    publish()
    defer { announced = word }
    return announced != word
  }

  private var word: UInt { UInt(written) << 1 | (isClosed ? 1 : 0) }

  /// No more will come. Visible with the next `publish`.
  public func close() {
    isClosed = true
  }

  private func grow() {
    let segment = Segment(start: last.end, capacity: min(last.capacity * 2, largestSegment))
    budget.add(segment.capacity)
    held += segment.capacity
    last.move(to: segment)
  }

  // MARK: The readers' side

  /// The tail and whether the log is closed, as one consistent pair. Any thread.
  public var progress: (tail: Int, isClosed: Bool) {
    let word = tail.load(ordering: .acquiring)
    return (Int(word >> 1), word & 1 == 1)
  }

  public var published: Int { progress.tail }

  /// Events up to the tail, or a few more than it said a moment ago. Any thread.
  public var publishedEvents: Int { eventTail.load(ordering: .relaxed) }

  /// The range that readers may step over; empty when there is none. Valid after `progress`.
  var optional: Range<Int> {
    let word = optionalRange.load(ordering: .relaxed)
    return Int(word >> 32)..<Int(word & 0xFFFF_FFFF)
  }
}
