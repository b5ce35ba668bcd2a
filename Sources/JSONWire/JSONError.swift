/// Why some bytes are not the JSON that was asked for: the place in the grammar of RFC 8259, and
/// the offset, in bytes from the start of what was given, at which it was noticed.
public enum JSONError: Error, Equatable, Sendable {
  /// The bytes ended inside a value, or before one.
  case unexpectedEnd(at: Int)
  /// No value begins with this byte (section 3).
  case expectedValue(at: Int)
  /// An object goes on with a quoted name, or (only when it is empty) ends (section 4).
  case expectedKey(at: Int)
  /// A name is followed by a colon (section 4).
  case expectedColon(at: Int)
  /// A member is followed by a comma or the end of its object (section 4).
  case expectedCommaOrObjectEnd(at: Int)
  /// An element is followed by a comma or the end of its array (section 5).
  case expectedCommaOrArrayEnd(at: Int)
  /// There is a value, or the beginning of none, but not of the kind that was asked for.
  case unexpectedKind(expected: JSONKind, at: Int)
  /// A word that is not `true`, `false` or `null` (section 3).
  case invalidLiteral(at: Int)
  /// Section 6: a leading zero, or a digit missing after a sign, a point or an exponent.
  case invalidNumber(at: Int)
  /// Section 7: a backslash before something that cannot be escaped, or `\u` without four digits.
  case invalidEscape(at: Int)
  /// Section 7: a byte below 0x20 inside a string.
  case controlCharacter(at: Int)
  /// More containers inside each other than the reader allows (section 9).
  case tooDeep(at: Int)
  /// Something other than white space follows the value.
  case trailingBytes(at: Int)

  /// The offset, in bytes.
  public var offset: Int {
    switch self {
    case .unexpectedEnd(let at), .expectedValue(let at), .expectedKey(let at),
      .expectedColon(let at), .expectedCommaOrObjectEnd(let at), .expectedCommaOrArrayEnd(let at),
      .unexpectedKind(_, let at), .invalidLiteral(let at), .invalidNumber(let at),
      .invalidEscape(let at), .controlCharacter(let at), .tooDeep(let at), .trailingBytes(let at):
      at
    }
  }
}

extension JSONError: CustomStringConvertible {
  /// For people: what is wrong, and at which byte.
  public var description: String {
    let fault =
      switch self {
      case .unexpectedEnd: "it ends too early"
      case .expectedValue: "a value is missing"
      case .expectedKey: "a name in quotes is missing"
      case .expectedColon: "a colon is missing"
      case .expectedCommaOrObjectEnd: "a comma or a closing brace is missing"
      case .expectedCommaOrArrayEnd: "a comma or a closing bracket is missing"
      case .unexpectedKind(let expected, _): "a value of kind \(expected) is missing"
      case .invalidLiteral: "a word is none of true, false and null"
      case .invalidNumber: "a number is malformed"
      case .invalidEscape: "an escape sequence is malformed"
      case .controlCharacter: "a string holds a control character"
      case .tooDeep: "it is nested too deeply"
      case .trailingBytes: "something follows the value"
      }
    return "\(fault), at byte \(offset)"
  }
}

/// What a value is, as its first byte tells.
public enum JSONKind: Equatable, Sendable {
  case object, array, string, number, bool, null
}
