/// Bytes and classes of bytes in the grammar of RFC 9110 (section 5.6) and RFC 3986.
enum Octet {
  static let tab = UInt8(ascii: "\t")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")

  /// One bit for each of 128 characters.
  private struct Bits {
    let low: UInt64
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
      let word = byte & 0x40 == 0 ? low : high
      return byte < 0x80 && word &>> UInt64(byte & 0x3F) & 1 != 0
    }
  }

  /// A byte of a token: a letter, a digit or one of ``!#$%&'*+-.^_`|~``.
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool {
    Bits(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE).contains(byte)
  }

  /// A byte of a registered name but for `%`: unreserved or a sub-delimiter (RFC 3986, section
  /// 3.2.2), that is a letter, a digit or one of `!$&'()*+,-.;=_~`.
  @inline(__always)
  static func isRegisteredName(_ byte: UInt8) -> Bool {
    Bits(low: 0x2BFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE).contains(byte)
  }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

  /// A byte of a field value or of quoted text: not a control character, HTAB apart.
  @inline(__always)
  static func isText(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == tab }

  /// 0...15, or nil for anything but a hexadecimal digit.
  @inline(__always)
  static func hexValue(_ byte: UInt8) -> UInt8? {
    if isDigit(byte) { return byte &- 0x30 }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? letter + 10 : nil
  }

  @inline(__always)
  static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  /// The range without the optional white space at both ends (OWS).
  static func trimmed(_ range: Range<Int>, in bytes: Span<UInt8>) -> Range<Int> {
    var lower = range.lowerBound
    var upper = range.upperBound
    while lower < upper, isBlank(bytes[lower]) { lower += 1 }
    while upper > lower, isBlank(bytes[upper - 1]) { upper -= 1 }
    return lower..<upper
  }
}
