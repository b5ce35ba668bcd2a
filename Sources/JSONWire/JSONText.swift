/// Text made into JSON strings that any reader takes: UTF-8, no `\/`, the characters that some
/// readers take for the end of a line (U+0085, U+2028, U+2029) escaped, all others beyond ASCII as
/// they are. Whatever is not well-formed UTF-8 becomes `\ufffd`, once for each maximal subpart (the
/// Unicode Standard, section 3.9).
public enum JSONText {
  /// Appends text as a JSON string, with its quotes.
  public static func appendQuoted(_ utf8: Span<UInt8>, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    append(StringPieces(0..<utf8.count, hasEscapes: false, in: utf8), from: utf8, to: &output)
    output.append(UInt8(ascii: "\""))
  }

  /// Appends text as a JSON string, with its quotes.
  public static func appendQuoted(_ text: String, to output: inout [UInt8]) {
    appendQuoted(text.utf8.span, to: &output)
  }

  /// Appends a string that was read, with its quotes. Escapes stay as they are, but for `\/` and
  /// lone surrogates; a plain string of good text is copied at once.
  public static func appendNormalized(
    _ string: JSONString, from bytes: Span<UInt8>, to output: inout [UInt8]
  ) {
    output.append(UInt8(ascii: "\""))
    append(StringPieces(of: string, in: bytes), from: bytes, to: &output)
    output.append(UInt8(ascii: "\""))
  }

  /// Appends what stands between a string's quotes, byte by byte as it was read. Such pieces of one
  /// text can be joined before they are normalized: a surrogate pair, or a character's bytes, that
  /// were cut in two are then whole again.
  public static func appendEscaped(
    _ string: JSONString, from bytes: Span<UInt8>, to output: inout [UInt8]
  ) {
    ByteScan.append(string.range.clamped(to: 0..<bytes.count), of: bytes, to: &output)
  }

  private static func append(
    _ allPieces: StringPieces, from bytes: Span<UInt8>, to output: inout [UInt8]
  ) {
    var pieces = allPieces
    while let piece = pieces.next(in: bytes) {
      switch piece {
      case .verbatim(let range):
        ByteScan.append(range, of: bytes, to: &output)
      case .escaped("/", let range) where range.count == 2:
        output.append(UInt8(ascii: "/"))
      case .escaped(_, let range):
        ByteScan.append(range, of: bytes, to: &output)
      case .unescaped(let scalar, _):
        appendEscape(of: scalar, to: &output)
      case .malformed:
        appendEscape(of: "\u{FFFD}", to: &output)
      }
    }
  }

  /// Appends the shortest escape of a character of the basic plane.
  private static func appendEscape(of scalar: Unicode.Scalar, to output: inout [UInt8]) {
    switch scalar {
    case "\"": ByteScan.append("\\\"", to: &output)
    case "\\": ByteScan.append("\\\\", to: &output)
    case "\u{8}": ByteScan.append("\\b", to: &output)
    case "\u{C}": ByteScan.append("\\f", to: &output)
    case "\n": ByteScan.append("\\n", to: &output)
    case "\r": ByteScan.append("\\r", to: &output)
    case "\t": ByteScan.append("\\t", to: &output)
    default:
      ByteScan.append("\\u", to: &output)
      for shift in [UInt32(12), 8, 4, 0] {
        let digit = UInt8(truncatingIfNeeded: scalar.value >> shift & 0xF)
        output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
  }
}
