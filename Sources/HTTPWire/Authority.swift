/// `uri-host [ ":" port ]`, as in Host and in absolute-form (RFC 9110, section 7.2; RFC 3986,
/// section 3.2.2).
enum Authority {
  /// Whether the range is a host with or without a port.
  ///
  /// An empty host is grammatical, but not in a URI of the http schemes, which must be refused as
  /// invalid (RFC 9110, section 4.2.1). In brackets only IPv6 is taken: no later version exists.
  static func isValid(_ range: Range<Int>, in bytes: Span<UInt8>) -> Bool {
    var index = range.lowerBound
    guard index < range.upperBound else { return false }
    if bytes[index] == UInt8(ascii: "[") {
      guard let end = literalEnd(from: index + 1, to: range.upperBound, in: bytes) else {
        return false
      }
      index = end
    } else {
      guard let end = nameEnd(from: index, to: range.upperBound, in: bytes), end > index else {
        return false
      }
      index = end
    }
    return index == range.upperBound
      || bytes[index] == UInt8(ascii: ":") && isPort((index + 1)..<range.upperBound, in: bytes)
  }

  /// The offset of the first byte that is not part of a registered name; nil after a bad `%XX`.
  private static func nameEnd(from start: Int, to end: Int, in bytes: Span<UInt8>) -> Int? {
    var index = start
    while index < end {
      if bytes[index] == UInt8(ascii: "%") {
        guard end - index > 2, Octet.hexValue(bytes[index + 1]) != nil,
          Octet.hexValue(bytes[index + 2]) != nil
        else { return nil }
        index += 3
      } else if Octet.isRegisteredName(bytes[index]) {
        index += 1
      } else {
        break
      }
    }
    return index
  }

  /// The offset behind the bracket that closes an IPv6 address. The address itself is only checked
  /// for its characters: nothing here connects to it.
  private static func literalEnd(from start: Int, to end: Int, in bytes: Span<UInt8>) -> Int? {
    var colons = 0
    for index in start..<end {
      switch bytes[index] {
      case UInt8(ascii: "]"): return colons >= 2 ? index + 1 : nil
      case UInt8(ascii: ":"): colons += 1
      case UInt8(ascii: "."): break
      case let byte: guard Octet.hexValue(byte) != nil else { return nil }
      }
    }
    return nil
  }

  /// Digits up to 65535; none is allowed, and means the scheme's port.
  private static func isPort(_ range: Range<Int>, in bytes: Span<UInt8>) -> Bool {
    var port = 0
    for index in range {
      guard Octet.isDigit(bytes[index]) else { return false }
      port = port * 10 + Int(bytes[index] - UInt8(ascii: "0"))
      guard port <= 65535 else { return false }
    }
    return true
  }
}
