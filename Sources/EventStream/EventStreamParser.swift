/// Reads `text/event-stream` as bytes arrive, and hands out each event without copying it.
///
/// Between whatever receives bytes and whatever understands an event's data. The rules are those of
/// WHATWG HTML, "Interpreting an event stream"; how the bytes are cut into reads never shows.
///
/// The rules it keeps for itself:
/// - An event whose lines all lie in one read is lent to the receiver where it lies. Bytes are
///   copied once when the event straddles two reads, or when several data lines have to be joined.
/// - Each byte is looked at once for a line end. The beginning of a line that is waiting for its
///   end is not scanned again, however many reads that takes.
/// - A CR ends a line at once, without waiting to see whether an LF follows, so that an event is
///   never late by one read. An LF that does follow, even in a later read, is dropped.
///
/// Invariant between two calls: `pending.data` is not `.inInput`, `heldLine` holds no line end, and
/// `heldData` is empty unless `pending.data` is `.held`.
///
/// What it deliberately does not do: check UTF-8 (bytes pass through, so that a cut inside a code
/// point is no special case), decode data, measure time, or reconnect.
public struct EventStreamParser: Sendable {
  private enum Phase {
    /// At the start of the stream, this many bytes into a byte order mark.
    case beginning(markBytes: Int)
    case reading
    case stopped
    case failed(EventStreamError)
  }

  private static let byteOrderMark: [3 of UInt8] = [0xEF, 0xBB, 0xBF]

  /// The limit in bytes of one line, its line end not counted, and of the sum of one event's data,
  /// name and own ID.
  public let maximumEventBytes: Int

  private var phase = Phase.beginning(markBytes: 0)
  private var endedOnCarriageReturn = false
  private var pending = PendingEvent()
  private var fields = EventFields()
  private var heldLine: [UInt8] = []
  private var heldData: [UInt8] = []

  /// A parser at the start of a stream. `maximumEventBytes` must be positive.
  public init(maximumEventBytes: Int) {
    precondition(maximumEventBytes > 0, "the limit of an event must be positive")
    self.maximumEventBytes = maximumEventBytes
  }

  /// Whether input has come since the last blank line that is more than comments: at the end of the
  /// input this was a cut event, which the standard discards. True after an error, false after
  /// `.stop`.
  public var hasUnfinishedEvent: Bool {
    switch phase {
    case .beginning(let markBytes): markBytes > 0
    case .reading: pending.hasFields || !heldLine.isEmpty
    case .stopped: false
    case .failed: true
    }
  }

  /// Feeds the next bytes of the stream, in order and cut anywhere.
  ///
  /// `onEvent` is called once per dispatched event, with its fields and its data, several data
  /// lines joined by LF. The data is a span of `bytes` itself, or of the parser's own buffer when
  /// the event straddled two reads or had several data lines; it is valid during the call only.
  /// After `.stop` the rest of the bytes is ignored, and so is all later input.
  ///
  /// Throws when a line or an event exceeds the limit, as soon as that is certain; the events
  /// before it have been dispatched. Every later call throws the same error.
  ///
  /// O(bytes). Bytes held between calls: at most three times the limit (a pending event, a line
  /// and an earlier event's ID) and the spare room of grown arrays; without a pending event, a few
  /// kilobytes and the ID.
  public mutating func consume(
    _ bytes: Span<UInt8>, _ onEvent: (borrowing EventFields, Span<UInt8>) -> EventDisposition
  ) throws(EventStreamError) {
    guard var position = try firstPosition(in: bytes) else { return }
    while position < bytes.count {
      let start = position
      guard let end = lineEnd(in: bytes, from: start) else {
        try hold(start..<bytes.count, of: bytes)
        break
      }
      position = nextLine(after: end, in: bytes)
      if start < end || !heldLine.isEmpty {
        try takeLine(start..<end, of: bytes)
      } else if dispatch(bytes, onEvent) == .stop {
        close(.stopped)
        return
      }
    }
    holdData(of: bytes)
  }
}

// MARK: - Lines

extension EventStreamParser {
  /// Where the first line, or the rest of the held one, begins; nil when there is nothing to read.
  private mutating func firstPosition(in bytes: Span<UInt8>) throws(EventStreamError) -> Int? {
    guard !bytes.isEmpty else { return nil }
    switch phase {
    case .reading:
      guard endedOnCarriageReturn else { return 0 }
      endedOnCarriageReturn = false
      return bytes[0] == LineScanner.lineFeed ? 1 : 0
    case .beginning(let markBytes):
      return skipByteOrderMark(in: bytes, from: markBytes)
    case .stopped:
      return nil
    case .failed(let error):
      throw error
    }
  }

  /// Compares the stream's first bytes with the byte order mark, of which `matched` bytes came in
  /// earlier reads. What turns out not to be a mark becomes the beginning of the first line.
  private mutating func skipByteOrderMark(in bytes: Span<UInt8>, from matched: Int) -> Int? {
    var position = 0
    while matched + position < Self.byteOrderMark.count {
      guard position < bytes.count else {
        phase = .beginning(markBytes: matched + position)
        return nil
      }
      guard bytes[position] == Self.byteOrderMark[matched + position] else {
        for index in 0..<matched { heldLine.append(Self.byteOrderMark[index]) }
        position = 0
        break
      }
      position += 1
    }
    phase = .reading
    return position
  }

  /// The index of the line end at or after `start`, a blank line's being found without a scan.
  @inline(__always)
  private func lineEnd(in bytes: Span<UInt8>, from start: Int) -> Int? {
    if LineScanner.isLineEnd(bytes[start]) { return start }
    return LineScanner.firstLineEnd(in: bytes, from: start + 1)
  }

  /// Where the line after the one that ends at `end` begins.
  @inline(__always)
  private mutating func nextLine(after end: Int, in bytes: Span<UInt8>) -> Int {
    let next = end + 1
    guard bytes[end] == LineScanner.carriageReturn else { return next }
    guard next < bytes.count else {
      endedOnCarriageReturn = true
      return next
    }
    return bytes[next] == LineScanner.lineFeed ? next + 1 : next
  }

  /// Keeps the beginning of a line whose end has not come yet.
  private mutating func hold(
    _ range: Range<Int>, of bytes: Span<UInt8>
  ) throws(EventStreamError) {
    guard heldLine.count + range.count <= maximumEventBytes else { throw fail() }
    heldLine.append(range, of: bytes)
  }

  /// Takes in a complete line, of which `range` is all or, after a held beginning, the rest.
  @inline(__always)
  private mutating func takeLine(
    _ range: Range<Int>, of bytes: Span<UInt8>
  ) throws(EventStreamError) {
    guard heldLine.isEmpty else {
      try hold(range, of: bytes)
      return try takeHeldLine()
    }
    guard range.count <= maximumEventBytes else { throw fail() }
    let line = FieldLine(range, in: bytes)
    if line.name != .data {
      take(line, of: bytes)
    } else if case .absent = pending.data {
      pending.data = .inInput(line.value)
      pending.hasFields = true
    } else {
      holdData(of: bytes)
      extendHeldData(by: line.value, of: bytes)
    }
    try checkEventSize()
  }

  private mutating func takeHeldLine() throws(EventStreamError) {
    var bytes: [UInt8] = []
    swap(&bytes, &heldLine)
    let line = FieldLine(0..<bytes.count, in: bytes.span)
    if line.name != .data {
      take(line, of: bytes.span)
    } else if case .absent = pending.data {
      swap(&bytes, &heldData)
      pending.data = .held(from: line.value.lowerBound)
      pending.hasFields = true
    } else {
      extendHeldData(by: line.value, of: bytes.span)
    }
    bytes.recycle()
    swap(&bytes, &heldLine)
    try checkEventSize()
  }
}

// MARK: - Events

extension EventStreamParser {
  /// Takes in a line that is not data.
  private mutating func take(_ line: FieldLine, of bytes: Span<UInt8>) {
    switch line.name {
    case .event:
      fields.name.recycle()
      fields.name.append(line.value, of: bytes)
    case .id:
      if FieldLine.isValidID(line.value, in: bytes) {
        fields.lastEventID.recycle()
        fields.lastEventID.append(line.value, of: bytes)
        fields.idWasSet = true
      }
    case .retry:
      if let time = FieldLine.reconnectionTime(line.value, in: bytes) {
        fields.reconnectionTime = time
      }
    case .comment:
      return
    case .data, .unknown:
      break
    }
    pending.hasFields = true
  }

  /// Moves data that lies in the input, which is about to go away, to the held data.
  @inline(__always)
  private mutating func holdData(of bytes: Span<UInt8>) {
    guard case .inInput(let range) = pending.data else { return }
    heldData.append(range, of: bytes)
    pending.data = .held(from: 0)
  }

  private mutating func extendHeldData(by range: Range<Int>, of bytes: Span<UInt8>) {
    heldData.append(LineScanner.lineFeed)
    heldData.append(range, of: bytes)
  }

  @inline(__always)
  private mutating func checkEventSize() throws(EventStreamError) {
    var size = fields.name.count
    if fields.idWasSet { size += fields.lastEventID.count }
    switch pending.data {
    case .absent: break
    case .inInput(let range): size += range.count
    case .held(let start): size += heldData.count - start
    }
    guard size <= maximumEventBytes else { throw fail() }
  }

  /// Ends the pending event at a blank line: lends it to the receiver, or drops it without data.
  @inline(__always)
  private mutating func dispatch(
    _ bytes: Span<UInt8>, _ onEvent: (borrowing EventFields, Span<UInt8>) -> EventDisposition
  ) -> EventDisposition {
    let disposition: EventDisposition
    switch pending.data {
    case .absent:
      disposition = .proceed
    case .inInput(let range):
      disposition = onEvent(fields, bytes.extracting(range))
    case .held(let start):
      disposition = onEvent(fields, heldData.span.extracting(start..<heldData.count))
      heldData.recycle()
    }
    pending = PendingEvent()
    fields.resetForNextEvent()
    return disposition
  }

  private mutating func fail() -> EventStreamError {
    let error = EventStreamError.eventTooLarge(limitBytes: maximumEventBytes)
    close(.failed(error))
    return error
  }

  /// Leaves the stream for good, and keeps none of its memory.
  private mutating func close(_ last: Phase) {
    phase = last
    pending = PendingEvent()
    heldLine = []
    heldData = []
  }
}
