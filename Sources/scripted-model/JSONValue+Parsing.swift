/// Where and why a text is not JSON.
struct JSONSyntaxError: Error, CustomStringConvertible {
  var offset: Int
  var expected: String
  var description: String { "not JSON at byte \(offset): expected \(expected)" }
}

extension JSONValue {
  /// Reads a whole JSON text (RFC 8259), nested at most 128 deep.
  ///
  /// Lone surrogate escapes and invalid UTF-8 are read as U+FFFD.
  init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
    var parser = JSONTextParser(bytes: bytes)
    self = try parser.wholeText()
  }
}

private struct JSONTextParser {
  static let depthLimit = 128

  let bytes: [UInt8]
  var offset = 0

  mutating func wholeText() throws(JSONSyntaxError) -> JSONValue {
    let value = try value(depth: 0)
    skipWhiteSpace()
    guard offset == bytes.count else { throw expected("the end") }
    return value
  }

  private func expected(_ what: String) -> JSONSyntaxError {
    JSONSyntaxError(offset: offset, expected: what)
  }

  private mutating func skipWhiteSpace() {
    while offset < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset]) { offset += 1 }
  }

  private mutating func next() -> UInt8? {
    skipWhiteSpace()
    return offset < bytes.count ? bytes[offset] : nil
  }

  private mutating func take(_ character: Unicode.Scalar) throws(JSONSyntaxError) {
    guard next() == UInt8(ascii: character) else { throw expected("'\(character)'") }
    offset += 1
  }

  private mutating func takeIf(_ character: Unicode.Scalar) -> Bool {
    guard next() == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    guard depth < Self.depthLimit else { throw expected("less nesting") }
    switch next() {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    try take("{")
    var members: [JSONValue.Member] = []
    if takeIf("}") { return .object(members) }
    repeat {
      skipWhiteSpace()
      let name = try string()
      try take(":")
      members.append(.init(name, try value(depth: depth + 1)))
    } while takeIf(",")
    try take("}")
    return .object(members)
  }

  private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    try take("[")
    var elements: [JSONValue] = []
    if takeIf("]") { return .array(elements) }
    repeat { elements.append(try value(depth: depth + 1)) } while takeIf(",")
    try take("]")
    return .array(elements)
  }

  private mutating func literal(
    _ spelling: String, _ value: JSONValue
  ) throws(JSONSyntaxError) -> JSONValue {
    guard bytes[offset...].starts(with: spelling.utf8) else { throw expected(spelling) }
    offset += spelling.utf8.count
    return value
  }

  private mutating func number() throws(JSONSyntaxError) -> JSONValue {
    let start = offset
    if peek(UInt8(ascii: "-")) { offset += 1 }
    if peek(UInt8(ascii: "0")) { offset += 1 } else { try digits() }
    if peek(UInt8(ascii: ".")) {
      offset += 1
      try digits()
    }
    if peek(UInt8(ascii: "e")) || peek(UInt8(ascii: "E")) {
      offset += 1
      if peek(UInt8(ascii: "+")) || peek(UInt8(ascii: "-")) { offset += 1 }
      try digits()
    }
    return .number(String(decoding: bytes[start..<offset], as: UTF8.self))
  }

  private func peek(_ byte: UInt8) -> Bool { offset < bytes.count && bytes[offset] == byte }

  private mutating func digits() throws(JSONSyntaxError) {
    let start = offset
    while offset < bytes.count, (0x30...0x39).contains(bytes[offset]) { offset += 1 }
    guard offset > start else { throw expected("a value") }
  }

  private mutating func string() throws(JSONSyntaxError) -> String {
    guard peek(UInt8(ascii: "\"")) else { throw expected("a string") }
    offset += 1
    var text: [UInt8] = []
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw expected("no control character")
      default: text.append(byte)
      }
    }
    throw expected("the end of the string")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
    guard offset < bytes.count else { throw expected("an escape") }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      let scalar = try escapedScalar()
      text.append(contentsOf: String(scalar).utf8)
    default: throw expected("an escape")
    }
  }

  /// The scalar of the four digits at `offset`, and of a second escape if they are the first
  /// half of a surrogate pair.
  private mutating func escapedScalar() throws(JSONSyntaxError) -> Unicode.Scalar {
    let first = try fourDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    let mark = offset
    if first < 0xDC00, peek(UInt8(ascii: "\\")) {
      offset += 1
      if peek(UInt8(ascii: "u")) {
        offset += 1
        let second = try fourDigits()
        if (0xDC00...0xDFFF).contains(second),
          let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        {
          return scalar
        }
      }
      offset = mark
    }
    return "\u{FFFD}"
  }

  private mutating func fourDigits() throws(JSONSyntaxError) -> UInt32 {
    guard offset + 4 <= bytes.count else { throw expected("four hexadecimal digits") }
    var value: UInt32 = 0
    for byte in bytes[offset..<offset + 4] {
      guard let digit = hexadecimalDigit(byte) else { throw expected("a hexadecimal digit") }
      value = value << 4 + UInt32(digit)
    }
    offset += 4
    return value
  }
}

/// The value of an ASCII hexadecimal digit of either case.
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case 0x30...0x39: byte - 0x30
  case 0x41...0x46: byte - 0x41 + 10
  case 0x61...0x66: byte - 0x61 + 10
  default: nil
  }
}
