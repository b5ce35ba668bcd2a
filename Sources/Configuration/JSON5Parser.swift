/// Reads JSON5 (spec.json5.org, version 1.0.0) into `JSON5Value`.
///
/// The theory: a configuration is written by hand, so its reader is judged by its complaints. This
/// one names line and column of the first byte that does not fit, keeps the order of the file so
/// that later complaints come in that order, and keeps repeated keys so that they can be refused.
/// `JSONDecoder` with `allowsJSON5` does none of this under FoundationEssentials: there a syntax
/// error has no place, members come in random order, and of two equal keys one is silently dropped.
///
/// A message never repeats more than one character of the text: what stands where a value should
/// be is at times a secret without quotes.
///
/// Pure: bytes in, values out. Nesting is bounded by `maximumDepth`; the caller bounds the length.
struct JSON5Parser {
  /// The settings nest four deep.
  static let maximumDepth = 32

  let bytes: [UInt8]
  var at = 0
  var depth = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The one value of the text, or nil when it holds nothing but blanks and comments.
  static func parse(_ bytes: [UInt8]) throws(JSON5SyntaxError) -> JSON5Value? {
    if let offset = firstInvalidByte(bytes) {
      throw JSON5SyntaxError(
        at: offset, in: bytes, found: "a byte that is not UTF-8", expected: "UTF-8 text")
    }
    if let offset = bytes.firstIndex(of: 0) {
      throw JSON5SyntaxError(at: offset, in: bytes, found: "a NUL byte", expected: "UTF-8 text")
    }
    var parser = JSON5Parser(bytes)
    try parser.skipBlanks()
    guard parser.at < bytes.count else { return nil }
    let value = try parser.value()
    try parser.skipBlanks()
    guard parser.at == bytes.count else {
      throw parser.unexpected("the end of the file after the one value")
    }
    return value
  }

  private static func firstInvalidByte(_ bytes: [UInt8]) -> Int? {
    do throws(Unicode.UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes.span)
      return nil
    } catch {
      return error.byteOffsets.lowerBound
    }
  }

  // MARK: Values

  private mutating func value() throws(JSON5SyntaxError) -> JSON5Value {
    let start = at
    let content: JSON5Value.Content
    guard let byte = peek else { throw unexpected("a value") }
    switch Unicode.Scalar(byte) {
    case "{": content = .object(try members())
    case "[": content = .array(try elements())
    case "\"", "'": content = .string(try string())
    case "+", "-", ".", "0"..."9": content = try number()
    default: content = try word()
    }
    return JSON5Value(content: content, start: start, end: at - 1)
  }

  private mutating func open() throws(JSON5SyntaxError) {
    guard depth < JSON5Parser.maximumDepth else {
      throw unexpected("at most \(JSON5Parser.maximumDepth) levels of brackets")
    }
    depth += 1
    at += 1
  }

  /// Whether the bracket closes what `open` opened.
  private mutating func close(_ bracket: UInt8) -> Bool {
    guard take(bracket) else { return false }
    depth -= 1
    return true
  }

  private mutating func members() throws(JSON5SyntaxError) -> [JSON5Member] {
    try open()
    var members: [JSON5Member] = []
    while true {
      try skipBlanks()
      if close(UInt8(ascii: "}")) { return members }
      let start = at
      let key = try self.key()
      try skipBlanks()
      guard take(UInt8(ascii: ":")) else { throw unexpected("\":\" after a key") }
      try skipBlanks()
      members.append(JSON5Member(key: key, start: start, value: try value()))
      try skipBlanks()
      guard take(UInt8(ascii: ",")) || peek == UInt8(ascii: "}") else {
        throw unexpected("\",\" or \"}\"")
      }
    }
  }

  private mutating func elements() throws(JSON5SyntaxError) -> [JSON5Value] {
    try open()
    var elements: [JSON5Value] = []
    while true {
      try skipBlanks()
      if close(UInt8(ascii: "]")) { return elements }
      elements.append(try value())
      try skipBlanks()
      guard take(UInt8(ascii: ",")) || peek == UInt8(ascii: "]") else {
        throw unexpected("\",\" or \"]\"")
      }
    }
  }

  private mutating func key() throws(JSON5SyntaxError) -> String {
    if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try string() }
    guard let name = try identifier() else { throw unexpected("a key or \"}\"") }
    return name
  }

  private mutating func word() throws(JSON5SyntaxError) -> JSON5Value.Content {
    let start = at
    guard let word = try identifier() else { throw unexpected("a value") }
    switch word {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null": return .null
    case "Infinity", "NaN": return .number(word)
    default:
      throw JSON5SyntaxError(
        at: start, in: bytes, found: "text without quotes", expected: "a value")
    }
  }

  // MARK: Bytes

  var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

  mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    at += 1
    return true
  }

  func unexpected(_ expected: String) -> JSON5SyntaxError {
    let found = scalar.map { quoted(String($0)) } ?? "the end of the file"
    return JSON5SyntaxError(at: at, in: bytes, found: found, expected: expected)
  }

  /// The character at `at`; the text has been validated as UTF-8.
  var scalar: Unicode.Scalar? {
    guard at < bytes.count else { return nil }
    return String(decoding: bytes[at..<min(at + 4, bytes.count)], as: UTF8.self)
      .unicodeScalars.first
  }
}

/// The first place where a text is not JSON5.
struct JSON5SyntaxError: Error, Equatable {
  /// From 1. LF, CR and CR LF each end a line.
  var line: Int
  /// From 1, in Unicode scalars.
  var column: Int
  var found: String
  var expected: String

  init(at offset: Int, in bytes: [UInt8], found: String, expected: String) {
    (line, column) = JSON5SyntaxError.place(of: offset, in: bytes)
    self.found = found
    self.expected = expected
  }

  static func place(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
    var line = 1
    var column = 1
    for (index, byte) in bytes[..<offset].enumerated() {
      switch byte {
      case 10 where index > 0 && bytes[index - 1] == 13: break
      case 10, 13: (line, column) = (line + 1, 1)
      case 0x80...0xBF: break
      default: column += 1
      }
    }
    return (line, column)
  }
}
