// One byte of framing a step; each function answers the phase behind it.

extension ChunkedBodyDecoder {
  mutating func next(_ byte: UInt8) throws(ChunkedBodyError) -> Phase {
    switch phase {
    case .sizeStart:
      sizeDigits = 0
      remaining = 0
      return try addDigit(byte)
    case .size:
      return try inSize(byte)
    case .sizeLineFeed:
      guard byte == Octet.lineFeed else { throw .lineEnd }
      allowance.bodyBytes -= remaining
      return remaining == 0 ? .trailerStart : .data
    case .extensionStart, .extensionName, .extensionValueStart, .extensionToken, .extensionQuoted,
      .extensionEscape, .extensionQuotedEnd:
      return try inExtension(byte)
    case .dataCarriageReturn:
      guard byte == Octet.carriageReturn else { throw .dataEnd }
      return .dataLineFeed
    case .dataLineFeed:
      guard byte == Octet.lineFeed else { throw .dataEnd }
      return .sizeStart
    case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .endLineFeed:
      return try inTrailers(byte)
    case .data, .complete, .failed:
      preconditionFailure("not framing")
    }
  }

  private mutating func addDigit(_ byte: UInt8) throws(ChunkedBodyError) -> Phase {
    guard let digit = Octet.hexValue(byte) else { throw .size }
    sizeDigits += 1
    guard sizeDigits <= Self.maximumSizeDigits else { throw .size }
    // Said without overflow: sixteen times what is there, and the digit, exceed the allowance.
    guard remaining <= (allowance.bodyBytes - Int(digit)) >> 4 else { throw .bodyTooLarge }
    remaining = remaining << 4 | Int(digit)
    return .size
  }

  private mutating func inSize(_ byte: UInt8) throws(ChunkedBodyError) -> Phase {
    switch byte {
    case Octet.carriageReturn: return .sizeLineFeed
    case Octet.lineFeed: throw .lineEnd
    case UInt8(ascii: ";"): return try beginExtension()
    default: return try addDigit(byte)
    }
  }

  private mutating func beginExtension() throws(ChunkedBodyError) -> Phase {
    try takeExtensionByte()
    return .extensionStart
  }

  private mutating func takeExtensionByte() throws(ChunkedBodyError) {
    guard allowance.extensionBytes > 0 else { throw .extensionsTooLong }
    allowance.extensionBytes -= 1
  }

  private mutating func inExtension(_ byte: UInt8) throws(ChunkedBodyError) -> Phase {
    if byte == Octet.lineFeed { throw .lineEnd }
    if byte == Octet.carriageReturn {
      switch phase {
      case .extensionName, .extensionToken, .extensionQuotedEnd: return .sizeLineFeed
      default: throw .chunkExtension
      }
    }
    try takeExtensionByte()
    let isToken = Octet.isToken(byte)
    switch phase {
    case .extensionStart where isToken, .extensionName where isToken:
      return .extensionName
    case .extensionName where byte == UInt8(ascii: "="):
      return .extensionValueStart
    case .extensionValueStart where byte == UInt8(ascii: "\""):
      return .extensionQuoted
    case .extensionValueStart where isToken, .extensionToken where isToken:
      return .extensionToken
    case .extensionQuoted where byte == UInt8(ascii: "\""):
      return .extensionQuotedEnd
    case .extensionQuoted where byte == UInt8(ascii: "\\"):
      return .extensionEscape
    case .extensionQuoted where Octet.isText(byte), .extensionEscape where Octet.isText(byte):
      return .extensionQuoted
    case .extensionName, .extensionToken, .extensionQuotedEnd:
      guard byte == UInt8(ascii: ";") else { throw .chunkExtension }
      return .extensionStart
    default:
      throw .chunkExtension
    }
  }

  /// `*( field-line CRLF ) CRLF`, by the rules for the fields of a head.
  private mutating func inTrailers(_ byte: UInt8) throws(ChunkedBodyError) -> Phase {
    if case .endLineFeed = phase {
      guard byte == Octet.lineFeed else { throw .lineEnd }
      return .complete
    }
    if case .trailerStart = phase, byte == Octet.carriageReturn { return .endLineFeed }
    guard allowance.trailerBytes > 0 else { throw .trailersTooLong }
    allowance.trailerBytes -= 1
    switch phase {
    case .trailerStart where Octet.isToken(byte), .trailerName where Octet.isToken(byte):
      return .trailerName
    case .trailerName where byte == UInt8(ascii: ":"):
      return .trailerValue
    case .trailerValue where byte == Octet.carriageReturn:
      return .trailerLineFeed
    case .trailerValue where Octet.isText(byte):
      return .trailerValue
    case .trailerLineFeed where byte == Octet.lineFeed:
      return .trailerStart
    default:
      throw byte == Octet.lineFeed || isAtLineFeed ? .lineEnd : .trailer
    }
  }

  private var isAtLineFeed: Bool {
    if case .trailerLineFeed = phase { return true }
    return false
  }
}
