/// A string as it stands in the bytes, still escaped: the range between its quotes.
///
/// The bytes are those that the reader was given, or a copy of them with the same offsets.
/// Nothing here traps on text that no reader has checked: what cannot be decoded is U+FFFD.
public struct JSONString: Equatable, Sendable {
  /// Between the quotes, in bytes.
  public let range: Range<Int>
  /// There is no backslash in it: the bytes are the text.
  public let isPlain: Bool

  /// For text that was kept aside after a reader had checked it; `isPlain` may be false for any.
  @inlinable
  public init(range: Range<Int>, isPlain: Bool) {
    self.range = range
    self.isPlain = isPlain
  }

  /// No characters at all.
  @inlinable
  public var isEmpty: Bool { range.isEmpty }

  /// Whether the text is the literal, also when it is written with escapes. Does not allocate.
  @inlinable
  @inline(__always)
  public func equals(_ literal: StaticString, in bytes: Span<UInt8>) -> Bool {
    isPlain
      ? ByteScan.matches(literal, in: bytes, at: range) : equalsEscaped(literal, in: bytes)
  }

  @usableFromInline
  @inline(never)
  func equalsEscaped(_ literal: StaticString, in bytes: Span<UInt8>) -> Bool {
    var pieces = StringPieces(of: self, in: bytes)
    var matched = 0
    func consume(_ byte: UInt8) -> Bool {
      guard ByteScan.byte(of: literal, at: matched) == byte else { return false }
      matched += 1
      return true
    }
    while let piece = pieces.next(in: bytes) {
      switch piece {
      case .verbatim(let range), .unescaped(_, let range):
        for index in range where !consume(bytes[index]) { return false }
      case .escaped(let scalar, _):
        for byte in UTF8Sequence.encode(scalar) where !consume(byte) { return false }
      case .malformed:
        for byte in UTF8Sequence.encode("\u{FFFD}") where !consume(byte) { return false }
      }
    }
    return matched == literal.utf8CodeUnitCount
  }

  /// Appends the text as well-formed UTF-8: escapes are decoded, and a surrogate without its other
  /// half, as well as each maximal subpart of a malformed sequence (the Unicode Standard, section
  /// 3.9), becomes one U+FFFD.
  public func appendText(from bytes: Span<UInt8>, to output: inout [UInt8]) {
    var pieces = StringPieces(of: self, in: bytes)
    while let piece = pieces.next(in: bytes) {
      switch piece {
      case .verbatim(let range), .unescaped(_, let range):
        ByteScan.append(range, of: bytes, to: &output)
      case .escaped(let scalar, _):
        output.append(contentsOf: UTF8Sequence.encode(scalar))
      case .malformed:
        output.append(contentsOf: UTF8Sequence.encode("\u{FFFD}"))
      }
    }
  }

  /// The text, decoded as `appendText` does it.
  public func text(in bytes: Span<UInt8>) -> String {
    if isPlain, range.lowerBound >= 0, range.upperBound <= bytes.count {
      return ByteScan.text(range, of: bytes)
    }
    var output: [UInt8] = []
    output.reserveCapacity(range.count)
    appendText(from: bytes, to: &output)
    return String(decoding: output, as: UTF8.self)
  }
}
