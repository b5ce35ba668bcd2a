/// Why a request head was refused, named after the place in the grammar.
///
/// After any of these the connection must be closed behind the answer: where the next request
/// would begin is not known, and a proxy in front may have read the same bytes differently.
public enum RequestHeadError: Error, Equatable, Sendable, CaseIterable {
  // Lines (RFC 9112, section 2.2).
  case leadingEmptyLines
  case lineEnd
  case headTooLong
  // Request line (RFC 9112, section 3).
  case method
  case methodTooLong
  case methodUnsupported
  case target
  case targetTooLong
  case targetForm
  case version
  case versionUnsupported
  // Field lines (RFC 9112, section 5).
  case fieldName
  case fieldValue
  case foldedField
  case tooManyFields
  // Host (RFC 9112, section 3.2).
  case hostMissing
  case hostRepeated
  case host
  // Framing (RFC 9112, section 6).
  case contentLength
  case contentLengthRepeated
  case transferEncoding
  case transferEncodingRepeated
  case transferEncodingInHTTP10
  case transferCodingUnsupported
  case framingConflict
  // Expect (RFC 9110, section 10.1.1).
  case expectation

  /// The status to answer with: 400, 414, 417, 431, 501 or 505.
  public var status: Int { verdict.status }

  private var verdict: (status: Int, reason: StaticString) {
    switch self {
    case .leadingEmptyLines: (400, "too many empty lines before the request line")
    case .lineEnd: (400, "a line does not end in CRLF")
    case .headTooLong: (431, "the request head is too long")
    case .method: (400, "the method is not a token")
    case .methodTooLong: (501, "the method is too long")
    case .methodUnsupported: (501, "CONNECT is not supported")
    case .target: (400, "the request target is empty or has a byte that no URI has")
    case .targetTooLong: (414, "the request target is too long")
    case .targetForm: (400, "the request target has no form that fits the method")
    case .version: (400, "the protocol version is malformed")
    case .versionUnsupported: (505, "the protocol version is neither HTTP/1.1 nor HTTP/1.0")
    case .fieldName: (400, "a field name is not a token with a colon behind it")
    case .fieldValue: (400, "a field value has a control character")
    case .foldedField: (400, "a field line begins with white space")
    case .tooManyFields: (431, "the request has too many fields")
    case .hostMissing: (400, "the Host field is missing")
    case .hostRepeated: (400, "there is more than one Host field")
    case .host: (400, "the Host field is invalid")
    case .contentLength: (400, "Content-Length is not a number that can be counted to")
    case .contentLengthRepeated: (400, "there is more than one Content-Length field")
    case .transferEncoding: (400, "Transfer-Encoding is malformed or does not end in chunked")
    case .transferEncodingRepeated: (400, "there is more than one Transfer-Encoding field")
    case .transferEncodingInHTTP10: (400, "Transfer-Encoding is not part of HTTP/1.0")
    case .transferCodingUnsupported: (501, "no transfer coding but chunked is supported")
    case .framingConflict: (400, "there are both Content-Length and Transfer-Encoding")
    case .expectation: (417, "no expectation but 100-continue can be met")
    }
  }
}

extension RequestHeadError: CustomStringConvertible {
  /// One clause for a log line or an error answer; never holds bytes of the request.
  public var description: String { "\(verdict.reason)" }
}
