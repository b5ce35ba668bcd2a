/// The methods that are told apart. Methods are case-sensitive (RFC 9110, section 9.1).
public enum Method: Sendable {
  case get, head, post, put, patch, delete, options, connect, trace
  /// A token that is none of the above; `RequestHead.methodRange` has it.
  case other

  init(_ range: Range<Int>, in bytes: Span<UInt8>) {
    func isExactly(_ name: StaticString) -> Bool { ByteScan.isExactly(name, range, in: bytes) }
    switch range.count {
    case 3: self = isExactly("GET") ? .get : isExactly("PUT") ? .put : .other
    case 4: self = isExactly("POST") ? .post : isExactly("HEAD") ? .head : .other
    case 5: self = isExactly("PATCH") ? .patch : isExactly("TRACE") ? .trace : .other
    case 6: self = isExactly("DELETE") ? .delete : .other
    case 7: self = isExactly("OPTIONS") ? .options : isExactly("CONNECT") ? .connect : .other
    default: self = .other
    }
  }
}

/// How the end of a request's body is found (RFC 9112, section 6.3).
public enum BodyFraming: Equatable, Sendable {
  /// Neither Content-Length nor Transfer-Encoding: there is no body.
  case none
  /// Bytes, by Content-Length; may be 0.
  case length(Int)
  /// `Transfer-Encoding: chunked`; `ChunkedBodyDecoder` finds the end.
  case chunked
}

/// A request line and its fields, as ranges into the buffer that was given to
/// `RequestHeadParser.parse`. It holds no bytes: keep the buffer as long as the ranges are used.
public struct RequestHead: Sendable {
  public struct Field: Sendable {
    /// A token of at least one byte, in the client's spelling.
    public var name: Range<Int>
    /// Without the white space around it; may be empty. Any byte from SP up except DEL, and HTAB.
    public var value: Range<Int>
  }

  public internal(set) var method = Method.other
  public internal(set) var methodRange = 0..<0
  /// The request target as sent: origin-form, absolute-form or asterisk-form; visible ASCII
  /// without `#`.
  public internal(set) var target = 0..<0
  /// Undecoded. Begins with `/`, or is `*` in an OPTIONS request. An absolute-form target without
  /// a path has the path `/` (RFC 9112, section 3.2.1); the range is then one of the slashes
  /// behind its scheme.
  public internal(set) var path = 0..<0
  /// Undecoded, behind the first `?` and without it; nil when there is none.
  public internal(set) var query: Range<Int>?
  /// The y of HTTP/1.y: 0 or 1.
  public internal(set) var minorVersion = 1
  /// In the order sent, repeated ones apart.
  public internal(set) var fields: [Field] = []
  public internal(set) var framing = BodyFraming.none
  /// Whether the client lets the connection persist: by version, `close` and `keep-alive`
  /// (RFC 9112, section 9.3).
  public internal(set) var keepAlive = true
  /// `Expect: 100-continue` in an HTTP/1.1 request; in HTTP/1.0 it has no meaning (RFC 9110,
  /// section 10.1.1).
  public internal(set) var expectsContinue = false

  init() {}

  /// The value of the first field of this name, in any case; nil without one.
  ///
  /// `bytes` is the buffer that was parsed. O(number of fields).
  public func first(_ name: StaticString, in bytes: Span<UInt8>) -> Range<Int>? {
    for field in fields where ByteScan.isSameName(name, field.name, in: bytes) {
      return field.value
    }
    return nil
  }

  /// The values of all fields of this name, in any case, in their order.
  public func all(_ name: StaticString, in bytes: Span<UInt8>) -> [Range<Int>] {
    var values: [Range<Int>] = []
    for field in fields where ByteScan.isSameName(name, field.name, in: bytes) {
      values.append(field.value)
    }
    return values
  }

  /// How many fields have this name, in any case.
  public func count(of name: StaticString, in bytes: Span<UInt8>) -> Int {
    var count = 0
    for field in fields where ByteScan.isSameName(name, field.name, in: bytes) { count += 1 }
    return count
  }
}
