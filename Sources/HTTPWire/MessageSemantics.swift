/// What the fields of one head say about the message and the connection: framing, persistence,
/// expectation, Host. All other fields pass unread.
struct MessageSemantics: Sendable {
  private var hasHost = false
  private var contentLength: Int?
  private var isChunked = false
  private var saysClose = false
  private var saysKeepAlive = false
  private var expectsContinue = false

  /// Takes note of one field; most are dismissed by the length of their name.
  mutating func note(
    _ name: Range<Int>, _ value: Range<Int>, in bytes: Span<UInt8>, minorVersion: Int
  ) throws(RequestHeadError) {
    switch name.count {
    case 4 where ByteScan.isSameName("host", name, in: bytes):
      guard !hasHost else { throw .hostRepeated }
      guard Authority.isValid(value, in: bytes) else { throw .host }
      hasHost = true
    case 6 where ByteScan.isSameName("expect", name, in: bytes):
      guard ByteScan.isSameName("100-continue", value, in: bytes) else { throw .expectation }
      expectsContinue = true
    case 10 where ByteScan.isSameName("connection", name, in: bytes):
      noteConnection(value, in: bytes)
    case 14 where ByteScan.isSameName("content-length", name, in: bytes):
      guard !isChunked else { throw .framingConflict }
      guard contentLength == nil else { throw .contentLengthRepeated }
      guard let length = Self.decimal(value, in: bytes) else { throw .contentLength }
      contentLength = length
    case 17 where ByteScan.isSameName("transfer-encoding", name, in: bytes):
      guard minorVersion > 0 else { throw .transferEncodingInHTTP10 }
      guard contentLength == nil else { throw .framingConflict }
      guard !isChunked else { throw .transferEncodingRepeated }
      if let fault = TransferCodings.fault(of: value, in: bytes) { throw fault }
      isChunked = true
    default:
      break
    }
  }

  /// Writes into the head what all fields together mean.
  func finish(_ head: inout RequestHead) throws(RequestHeadError) {
    guard hasHost || head.minorVersion == 0 else { throw .hostMissing }
    head.framing = isChunked ? .chunked : contentLength.map { .length($0) } ?? .none
    head.keepAlive = !saysClose && (head.minorVersion > 0 || saysKeepAlive)
    head.expectsContinue = expectsContinue && head.minorVersion > 0
  }

  /// Connection options are names without regard to case (RFC 9110, section 7.6.1); others than
  /// these two are a matter between the client and some proxy.
  private mutating func noteConnection(_ value: Range<Int>, in bytes: Span<UInt8>) {
    var start = value.lowerBound
    while start <= value.upperBound {
      var end = start
      while end < value.upperBound, bytes[end] != UInt8(ascii: ",") { end += 1 }
      let option = Octet.trimmed(start..<end, in: bytes)
      if ByteScan.isSameName("close", option, in: bytes) { saysClose = true }
      if ByteScan.isSameName("keep-alive", option, in: bytes) { saysKeepAlive = true }
      start = end + 1
    }
  }

  /// Digits only, at least one (RFC 9110, section 8.6); nil above what an Int holds.
  private static func decimal(_ range: Range<Int>, in bytes: Span<UInt8>) -> Int? {
    guard !range.isEmpty else { return nil }
    var number = 0
    for index in range {
      guard Octet.isDigit(bytes[index]) else { return nil }
      let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
      let (sum, overflows) = tens.addingReportingOverflow(Int(bytes[index] - UInt8(ascii: "0")))
      guard !isTooLarge, !overflows else { return nil }
      number = sum
    }
    return number
  }
}

/// The value of Transfer-Encoding (RFC 9112, sections 6.1 and 7).
enum TransferCodings {
  /// Nil for exactly `chunked`. Of anything else that ends in chunked, and of a single other
  /// coding, it is said that it is not supported; the rest leaves the body without an end.
  static func fault(of value: Range<Int>, in bytes: Span<UInt8>) -> RequestHeadError? {
    var start = value.lowerBound
    var codings = 0
    var chunkedAt: Int?
    while start <= value.upperBound {
      var end = start
      while end < value.upperBound, bytes[end] != UInt8(ascii: ",") { end += 1 }
      let coding = Octet.trimmed(start..<end, in: bytes)
      let name = token(at: coding, in: bytes)
      guard !name.isEmpty, isFollowedByParameters(name, of: coding, in: bytes) else {
        return .transferEncoding
      }
      if ByteScan.isSameName("chunked", name, in: bytes) {
        // Chunked has no parameters, and is applied once and last.
        guard name == coding, chunkedAt == nil else { return .transferEncoding }
        chunkedAt = codings
      }
      codings += 1
      start = end + 1
    }
    if let chunkedAt, chunkedAt < codings - 1 { return .transferEncoding }
    return codings == 1 && chunkedAt == 0 ? nil : .transferCodingUnsupported
  }

  private static func token(at range: Range<Int>, in bytes: Span<UInt8>) -> Range<Int> {
    var end = range.lowerBound
    while end < range.upperBound, Octet.isToken(bytes[end]) { end += 1 }
    return range.lowerBound..<end
  }

  private static func isFollowedByParameters(
    _ name: Range<Int>, of coding: Range<Int>, in bytes: Span<UInt8>
  ) -> Bool {
    let rest = Octet.trimmed(name.upperBound..<coding.upperBound, in: bytes)
    return rest.isEmpty || bytes[rest.lowerBound] == UInt8(ascii: ";")
  }
}
