/// The head of an answer, and its body when it has one of known length.
public struct Response: Sendable {
  public var status: Int
  /// Field lines, each ended by CRLF.
  public private(set) var fields: [UInt8] = []
  public var body: [UInt8] = []
  /// Close the connection behind it, whatever the request wanted.
  public var closes = false

  public init(status: Int) {
    self.status = status
    fields.reserveCapacity(Self.usualFieldBytes)
  }

  private static let usualFieldBytes = 320

  public init(status: Int, contentType: StaticString, body: [UInt8]) {
    self.init(status: status)
    self.body = body
    add("Content-Type", contentType.description)
  }

  /// `value` comes from us or has passed the head parser: it holds no line end.
  public mutating func add(_ name: StaticString, _ value: String) {
    assert(!value.utf8.contains { $0 == 13 || $0 == 10 || $0 == 0 })
    name.withUTF8Buffer { unsafe fields.append(contentsOf: $0) }
    fields.append(0x3A)
    fields.append(0x20)
    var value = value
    value.withUTF8 { unsafe fields.append(contentsOf: $0) }
    fields.append(13)
    fields.append(10)
  }
}

/// How the length of a body is told (RFC 9112, section 6).
public enum AnswerFraming: Sendable, Hashable {
  case length(Int)
  /// Each event of the rendering is framed as one chunk already.
  case chunked
  /// HTTP/1.0: the end of the connection ends the body.
  case untilClose
}
