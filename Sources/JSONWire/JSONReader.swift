// JSON is read where it lies. This reader stands between bytes that somebody else holds (a network
// buffer, a request body) and code that wants a few fields of them.
//
// Rules:
// - It is a pull reader: the caller asks for what it expects next, in document order. Nothing is
//   built, nothing is allocated; results are ranges of the bytes.
// - It stores a position and never the bytes; the same bytes come with each call. A reader is a
//   small value, so a copy of it is a bookmark, and looking ahead is reading with a copy.
// - The grammar is that of RFC 8259 and nothing beside it: no comments, no trailing commas, no
//   byte order mark. A value that is skipped is checked as strictly as one that is read.
// - Text is not checked for UTF-8 here. A malformed byte inside a string is passed on as it is,
//   and becomes U+FFFD where the string is decoded (JSONString) or normalized (JSONText).
// - Duplicate names are all reported, in order; which one counts is the caller's decision.
//
// Invariant: 0 <= position, and every byte from the beginning to it has been accepted; once a byte
// has been looked at, it is at most the count, so that no sum with it overflows. After an error the
// position is somewhere near it, and the reader is of no further use.
//
// It does not resume: the bytes are one complete text. What the caller may not do is call
// `nextKey` in an array or `nextElement` in an object; that shows as a grammar error.

/// Reads JSON fields in place from complete bytes, strictly by RFC 8259.
///
/// No call allocates. Time is linear in the bytes passed over. One thread at a time, as any value.
public struct JSONReader: Sendable {
  /// The offset of the next byte to read.
  public internal(set) var position: Int

  /// How many containers are open around the position, counted from where the reader began.
  private var depth = 0
  private let maximumDepth: Int

  /// A container was just opened: its first entry has no comma before it.
  private var isAtFirstEntry = false

  /// Begins at an offset in bytes, where a value must stand.
  /// `maximumDepth` is how many containers may be open inside each other: 0 to 64, as
  /// `skipValue` keeps one bit for each; a larger limit counts as 64.
  public init(at position: Int = 0, maximumDepth: Int = 64) {
    precondition(position >= 0, "an offset into the bytes")
    self.position = position
    self.maximumDepth = min(maximumDepth, UInt64.bitWidth)
  }

  /// Skips white space and tells what value comes next, without reading it.
  @inline(__always)
  public mutating func kind(in bytes: Span<UInt8>) throws(JSONError) -> JSONKind {
    switch try peek(in: bytes) {
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    default: throw .expectedValue(at: position)
    }
  }

  /// Enters an object; `nextKey` goes through it.
  public mutating func beginObject(in bytes: Span<UInt8>) throws(JSONError) {
    try begin(.object, with: UInt8(ascii: "{"), in: bytes)
  }

  /// Enters an array; `nextElement` goes through it.
  public mutating func beginArray(in bytes: Span<UInt8>) throws(JSONError) {
    try begin(.array, with: UInt8(ascii: "["), in: bytes)
  }

  @inline(__always)
  private mutating func begin(_ kind: JSONKind, with opening: UInt8, in bytes: Span<UInt8>)
    throws(JSONError)
  {
    guard try peek(in: bytes) == opening else {
      throw .unexpectedKind(expected: kind, at: position)
    }
    guard depth < maximumDepth else { throw .tooDeep(at: position) }
    depth += 1
    position &+= 1
    isAtFirstEntry = true
  }

  /// The next member's name, with the position then at its value, which must be read or skipped.
  /// Nil: the object ended, and its end has been read.
  public mutating func nextKey(in bytes: Span<UInt8>) throws(JSONError) -> JSONString? {
    var byte = try peek(in: bytes)
    if byte == UInt8(ascii: "}"), depth > 0 {
      leave()
      return nil
    }
    if isAtFirstEntry {
      isAtFirstEntry = false
    } else {
      guard byte == UInt8(ascii: ",") else { throw .expectedCommaOrObjectEnd(at: position) }
      position &+= 1
      byte = try peek(in: bytes)
    }
    guard byte == UInt8(ascii: "\"") else { throw .expectedKey(at: position) }
    let key = try quoted(in: bytes)
    guard try peek(in: bytes) == UInt8(ascii: ":") else { throw .expectedColon(at: position) }
    position &+= 1
    return key
  }

  /// Whether there is another element, with the position then at it: it must be read or skipped.
  /// False: the array ended, and its end has been read.
  public mutating func nextElement(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
    let byte = try peek(in: bytes)
    if byte == UInt8(ascii: "]"), depth > 0 {
      leave()
      return false
    }
    if isAtFirstEntry {
      isAtFirstEntry = false
    } else {
      guard byte == UInt8(ascii: ",") else { throw .expectedCommaOrArrayEnd(at: position) }
      position &+= 1
      // A comma promises a value: `[1,]` must not read as an end.
      _ = try kind(in: bytes)
    }
    return true
  }

  @inline(__always)
  private mutating func leave() {
    depth -= 1
    position &+= 1
    isAtFirstEntry = false
  }

  /// Passes over one value of any kind and gives its range, without the white space around it.
  /// Every byte of it has been checked.
  @discardableResult
  public mutating func skipValue(in bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
    let kind = try kind(in: bytes)
    let start = position
    switch kind {
    case .object, .array: try skipContainer(kind, in: bytes)
    case .string, .number, .bool, .null: try skipScalar(kind, in: bytes)
    }
    return start..<position
  }

  private mutating func skipContainer(_ outermost: JSONKind, in bytes: Span<UInt8>)
    throws(JSONError)
  {
    let outerDepth = depth
    // One bit for each container entered here, the innermost lowest; 1 is an object.
    var objects: UInt64 = 0
    var kind = outermost
    repeat {
      switch kind {
      case .object:
        try beginObject(in: bytes)
        objects = objects << 1 | 1
      case .array:
        try beginArray(in: bytes)
        objects <<= 1
      case .string, .number, .bool, .null:
        try skipScalar(kind, in: bytes)
      }
      while depth > outerDepth {
        let hasEntry =
          objects & 1 == 1 ? try nextKey(in: bytes) != nil : try nextElement(in: bytes)
        if hasEntry {
          kind = try self.kind(in: bytes)
          break
        }
        objects >>= 1
      }
    } while depth > outerDepth
  }

  @inline(__always)
  private mutating func skipScalar(_ kind: JSONKind, in bytes: Span<UInt8>) throws(JSONError) {
    switch kind {
    case .string: _ = try quoted(in: bytes)
    case .number: _ = try number(in: bytes)
    case .bool: _ = try bool(in: bytes)
    case .null: try null(in: bytes)
    case .object, .array: preconditionFailure("a container is not a scalar")
    }
  }

  /// Only white space may follow, to the end of the bytes.
  public mutating func end(in bytes: Span<UInt8>) throws(JSONError) {
    while position < bytes.count {
      guard Self.isWhiteSpace(bytes[position]) else { throw .trailingBytes(at: position) }
      position &+= 1
    }
  }

  /// Skips white space and gives the byte at the position then reached.
  @inline(__always)
  mutating func peek(in bytes: Span<UInt8>) throws(JSONError) -> UInt8 {
    if position < bytes.count, bytes[position] > 0x20 { return bytes[position] }
    return try peekBeyondWhiteSpace(in: bytes)
  }

  @inline(never)
  private mutating func peekBeyondWhiteSpace(in bytes: Span<UInt8>) throws(JSONError) -> UInt8 {
    while position < bytes.count {
      let byte = bytes[position]
      if !Self.isWhiteSpace(byte) { return byte }
      position &+= 1
    }
    throw .unexpectedEnd(at: bytes.count)
  }

  /// Space, tab, line feed and carriage return (section 2).
  @inline(__always)
  private static func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte <= 0x20 && (byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09)
  }
}
