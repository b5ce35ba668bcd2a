/// The parts of a request target in one of the forms that this server takes (RFC 9112, section
/// 3.2): origin-form, absolute-form, and asterisk-form for OPTIONS.
struct RequestTarget {
  let path: Range<Int>
  let query: Range<Int>?

  /// Nil when the target has none of these forms. `target` is not empty and of visible ASCII.
  init?(_ target: Range<Int>, of method: Method, in bytes: Span<UInt8>) {
    let first = bytes[target.lowerBound]
    if first == UInt8(ascii: "/") {
      self.init(pathAndQuery: target, in: bytes)
    } else if first == UInt8(ascii: "*") {
      guard method == .options, target.count == 1 else { return nil }
      self.init(path: target, query: nil)
    } else {
      self.init(absolute: target, in: bytes)
    }
  }

  private init(path: Range<Int>, query: Range<Int>?) {
    self.path = path
    self.query = query
  }

  private init(pathAndQuery range: Range<Int>, in bytes: Span<UInt8>) {
    for index in range where bytes[index] == UInt8(ascii: "?") {
      self.init(path: range.lowerBound..<index, query: (index + 1)..<range.upperBound)
      return
    }
    self.init(path: range, query: nil)
  }

  /// `http://` or `https://`, an authority, a path and a query. An authority with user information
  /// is no URI of these schemes (RFC 9110, section 4.2.4).
  private init?(absolute target: Range<Int>, in bytes: Span<UInt8>) {
    guard let start = Self.schemeEnd(target, in: bytes) else { return nil }
    var end = start
    while end < target.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?")
    {
      end += 1
    }
    guard Authority.isValid(start..<end, in: bytes) else { return nil }
    if end < target.upperBound, bytes[end] == UInt8(ascii: "/") {
      self.init(pathAndQuery: end..<target.upperBound, in: bytes)
    } else {
      let query = end < target.upperBound ? (end + 1)..<target.upperBound : nil
      self.init(path: (start - 1)..<start, query: query)
    }
  }

  /// The offset behind `http://` or `https://`.
  private static func schemeEnd(_ target: Range<Int>, in bytes: Span<UInt8>) -> Int? {
    func begins(with prefix: StaticString) -> Int? {
      let end = target.lowerBound + prefix.utf8CodeUnitCount
      guard end <= target.upperBound else { return nil }
      return ByteScan.isSameName(prefix, target.lowerBound..<end, in: bytes) ? end : nil
    }
    return begins(with: "http://") ?? begins(with: "https://")
  }
}
