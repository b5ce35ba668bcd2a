internal import JSONWire

/// One string that came in pieces, each still escaped. Empty until a piece says something.
struct JoinedText: Sendable {
  private var escaped: [UInt8] = []
  private var isPlain = true

  var isEmpty: Bool { escaped.isEmpty }

  /// Reads the next piece; what is no string adds nothing.
  mutating func add(from reader: inout JSONReader, _ payload: Span<UInt8>) throws(JSONError) {
    guard let piece = try reader.nonEmptyText(in: payload) else { return }
    JSONText.appendEscaped(piece, from: payload, to: &escaped)
    if !piece.isPlain { isPlain = false }
  }

  /// Reads a text that does not come in pieces: the first one stays.
  mutating func keepFirst(from reader: inout JSONReader, _ payload: Span<UInt8>)
    throws(JSONError)
  {
    if isEmpty {
      try add(from: &reader, payload)
    } else {
      try reader.skipValue(in: payload)
    }
  }

  /// Whether it is the string that was read.
  func equals(_ other: JSONString, in payload: Span<UInt8>) -> Bool {
    guard escaped.count == other.range.count else { return false }
    for (offset, byte) in escaped.enumerated()
    where payload[other.range.lowerBound + offset] != byte { return false }
    return true
  }

  func write(to writer: inout JSONWriter) {
    writer.string(
      JSONString(range: 0..<escaped.count, isPlain: isPlain), from: escaped.span)
  }

  /// Writes a member, unless the text is empty.
  func write(_ name: StaticString, to writer: inout JSONWriter) {
    guard !isEmpty else { return }
    writer.key(name)
    write(to: &writer)
  }
}
