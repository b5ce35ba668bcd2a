// The one place that knows what stands between two quotes. Decoding, normalizing, quoting and
// comparing all go through these pieces and differ only in what they do with each.

/// A stretch of a string.
enum StringPiece: Equatable {
  /// Well-formed UTF-8 that may stand in any JSON string as it is.
  case verbatim(Range<Int>)
  /// One character that stands there unescaped and had better not: a quote, a control character, a
  /// backslash where escapes are not read, or one that some readers take for the end of a line
  /// (U+0085, U+2028, U+2029).
  case unescaped(Unicode.Scalar, Range<Int>)
  /// An escape sequence, or a pair of them, that means one character.
  case escaped(Unicode.Scalar, Range<Int>)
  /// A lone surrogate's escape, a maximal subpart of a malformed sequence, or a broken escape.
  case malformed(Range<Int>)
}

/// Goes through a string piece by piece. The pieces follow each other without gaps.
struct StringPieces {
  private var position: Int
  private let end: Int
  private let hasEscapes: Bool

  init(of string: JSONString, in bytes: Span<UInt8>) {
    self.init(string.range, hasEscapes: !string.isPlain, in: bytes)
  }

  /// `hasEscapes`: a backslash begins an escape; otherwise it is a character like others.
  init(_ range: Range<Int>, hasEscapes: Bool, in bytes: Span<UInt8>) {
    let range = range.clamped(to: 0..<bytes.count)
    self.position = range.lowerBound
    self.end = range.upperBound
    self.hasEscapes = hasEscapes
  }

  mutating func next(in bytes: Span<UInt8>) -> StringPiece? {
    guard position < end else { return nil }
    let start = position
    position = verbatimEnd(in: bytes)
    if position > start { return .verbatim(start..<position) }

    let byte = bytes[start]
    if byte == UInt8(ascii: "\\"), hasEscapes {
      let (scalar, length) = escape(in: bytes, at: start)
      position = start + length
      guard let scalar else { return .malformed(start..<position) }
      return .escaped(scalar, start..<position)
    }
    let sequence = UTF8Sequence(in: bytes, at: start, before: end)
    position = start + sequence.length
    guard let scalar = sequence.scalar else { return .malformed(start..<position) }
    return .unescaped(scalar, start..<position)
  }

  private func verbatimEnd(in bytes: Span<UInt8>) -> Int {
    var index = position
    while true {
      index = ByteScan.plainEnd(in: bytes, from: index, to: end)
      guard index < end, bytes[index] >= 0x80 else { return index }
      let sequence = UTF8Sequence(in: bytes, at: index, before: end)
      switch sequence.scalar {
      case nil, "\u{85}", "\u{2028}", "\u{2029}": return index
      default: index += sequence.length
      }
    }
  }

  /// The character that the escape at `start` means, nil if none, and the escape's length in bytes.
  private func escape(in bytes: Span<UInt8>, at start: Int) -> (Unicode.Scalar?, Int) {
    guard start + 1 < end else { return (nil, 1) }
    switch bytes[start + 1] {
    case UInt8(ascii: "\""): return ("\"", 2)
    case UInt8(ascii: "\\"): return ("\\", 2)
    case UInt8(ascii: "/"): return ("/", 2)
    case UInt8(ascii: "b"): return ("\u{8}", 2)
    case UInt8(ascii: "f"): return ("\u{C}", 2)
    case UInt8(ascii: "n"): return ("\n", 2)
    case UInt8(ascii: "r"): return ("\r", 2)
    case UInt8(ascii: "t"): return ("\t", 2)
    default: break
    }
    guard let unit = codeUnit(in: bytes, at: start) else { return (nil, 1) }
    if let scalar = Unicode.Scalar(unit) { return (scalar, 6) }
    // RFC 8259 section 7: beyond the basic plane, the pair of a high and a low surrogate.
    guard UTF16.isLeadSurrogate(unit), let low = codeUnit(in: bytes, at: start + 6),
      UTF16.isTrailSurrogate(low)
    else { return (nil, 6) }
    let offset = UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF)
    return (Unicode.Scalar(0x10000 + offset), 12)
  }

  /// The value of a `\u` escape at `start`; nil if there is none.
  private func codeUnit(in bytes: Span<UInt8>, at start: Int) -> UInt16? {
    guard end - start >= 6, bytes[start] == UInt8(ascii: "\\"),
      bytes[start + 1] == UInt8(ascii: "u")
    else { return nil }
    var unit: UInt16 = 0
    for index in start + 2..<start + 6 {
      guard let digit = Self.hexDigit(bytes[index]) else { return nil }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  /// The value of a hexadecimal digit of either case.
  static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
