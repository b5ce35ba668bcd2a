// The four kinds of value that hold no others.
extension JSONReader {
  /// A string, still in its escaped form. Its escapes have been checked.
  public mutating func string(in bytes: Span<UInt8>) throws(JSONError) -> JSONString {
    guard try peek(in: bytes) == UInt8(ascii: "\"") else {
      throw .unexpectedKind(expected: .string, at: position)
    }
    return try quoted(in: bytes)
  }

  /// The string whose opening quote is at the position.
  @inline(__always)
  mutating func quoted(in bytes: Span<UInt8>) throws(JSONError) -> JSONString {
    let start = position &+ 1
    let end = ByteScan.stringSpecial(in: bytes, from: start)
    if end < bytes.count, bytes[end] == UInt8(ascii: "\"") {
      position = end &+ 1
      return JSONString(range: start..<end, isPlain: true)
    }
    return try quotedWithEscapes(in: bytes, from: start, resumingAt: end)
  }

  @inline(never)
  private mutating func quotedWithEscapes(
    in bytes: Span<UInt8>, from start: Int, resumingAt special: Int
  ) throws(JSONError) -> JSONString {
    var index = special
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        position = index + 1
        return JSONString(range: start..<index, isPlain: false)
      case UInt8(ascii: "\\"):
        index = try Self.escapeEnd(in: bytes, at: index)
      default:
        throw .controlCharacter(at: index)
      }
      index = ByteScan.stringSpecial(in: bytes, from: index)
    }
    throw .unexpectedEnd(at: bytes.count)
  }

  /// The offset after the escape whose backslash is at `backslash`.
  private static func escapeEnd(in bytes: Span<UInt8>, at backslash: Int) throws(JSONError) -> Int {
    guard backslash + 1 < bytes.count else { throw .unexpectedEnd(at: bytes.count) }
    switch bytes[backslash + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return backslash + 2
    case UInt8(ascii: "u"):
      for digit in backslash + 2..<backslash + 6 {
        guard digit < bytes.count else { throw .unexpectedEnd(at: bytes.count) }
        guard StringPieces.hexDigit(bytes[digit]) != nil else { throw .invalidEscape(at: digit) }
      }
      return backslash + 6
    default:
      throw .invalidEscape(at: backslash + 1)
    }
  }

  /// `true` or `false`.
  public mutating func bool(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
    switch try peek(in: bytes) {
    case UInt8(ascii: "t"):
      try literal("true", in: bytes)
      return true
    case UInt8(ascii: "f"):
      try literal("false", in: bytes)
      return false
    default:
      throw .unexpectedKind(expected: .bool, at: position)
    }
  }

  /// `null`.
  public mutating func null(in bytes: Span<UInt8>) throws(JSONError) {
    guard try peek(in: bytes) == UInt8(ascii: "n") else {
      throw .unexpectedKind(expected: .null, at: position)
    }
    try literal("null", in: bytes)
  }

  @inline(__always)
  private mutating func literal(_ word: StaticString, in bytes: Span<UInt8>) throws(JSONError) {
    let end = position + word.utf8CodeUnitCount
    if end <= bytes.count, ByteScan.matches(word, in: bytes, at: position..<end) {
      position = end
      return
    }
    throw literalError(word, in: bytes)
  }

  @inline(never)
  private func literalError(_ word: StaticString, in bytes: Span<UInt8>) -> JSONError {
    for length in 1...word.utf8CodeUnitCount {
      guard position + length <= bytes.count else { return .unexpectedEnd(at: bytes.count) }
      guard ByteScan.hasPrefix(of: word, length: length, in: bytes, at: position) else {
        return .invalidLiteral(at: position + length - 1)
      }
    }
    return .invalidLiteral(at: position)
  }

  /// The range of a number, as it is written.
  public mutating func number(in bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
    let first = try peek(in: bytes)
    let start = position
    var index = start
    if first == UInt8(ascii: "-") {
      index += 1
    } else if !Self.isDigit(first) {
      throw .unexpectedKind(expected: .number, at: start)
    }
    let whole = index
    index = try Self.digitsEnd(in: bytes, from: whole)
    if bytes[whole] == UInt8(ascii: "0"), index > whole + 1 { throw .invalidNumber(at: whole + 1) }
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index = try Self.digitsEnd(in: bytes, from: index + 1)
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")
      {
        index += 1
      }
      index = try Self.digitsEnd(in: bytes, from: index)
    }
    position = index
    return start..<index
  }

  /// A number as an integer. Nil: it was read, but has a fraction or an exponent (even `1.0` and
  /// `1e2`), or does not fit.
  public mutating func integer(in bytes: Span<UInt8>) throws(JSONError) -> Int? {
    let range = try number(in: bytes)
    let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
    var value = 0
    for index in range.lowerBound + (isNegative ? 1 : 0)..<range.upperBound {
      guard Self.isDigit(bytes[index]) else { return nil }
      let digit = Int(bytes[index] - UInt8(ascii: "0"))
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      // Counted downwards for negative numbers, as the least Int has no positive counterpart.
      let (next, carry) =
        isNegative
        ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = next
    }
    return value
  }

  /// The offset after the digits that begin at `start`, of which there must be one at least.
  @inline(__always)
  private static func digitsEnd(in bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
    var index = start
    while index < bytes.count, isDigit(bytes[index]) { index &+= 1 }
    if index > start { return index }
    if start < bytes.count { throw .invalidNumber(at: start) }
    throw .unexpectedEnd(at: bytes.count)
  }

  @inline(__always)
  private static func isDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10
  }
}
