// Percent-decoding of paths and queries. A target is split first and its pieces decoded after,
// never the other way round: `%2F` is data within a segment, `/` ends one (RFC 3986, section 2.2).

/// Decoding of a request target, for routes and their parameters.
///
/// All results are bounded by the target's own length, hence by `HeadLimits.targetBytes`.
public enum TargetPath {
  /// The segments of an absolute path, each decoded: `/chats/a%2Fb` is `["chats", "a/b"]`, `/` is
  /// `[""]` and `/chats/` is `["chats", ""]`.
  ///
  /// Segments are taken as they are: `.` and `..` are ordinary ones, and empty ones are kept. Nil
  /// when the path does not begin with `/`, has more than `limit` segments, or a segment does not
  /// decode.
  public static func segments(_ path: Range<Int>, in bytes: Span<UInt8>, limit: Int = 16)
    -> [String]?
  {
    guard !path.isEmpty, bytes[path.lowerBound] == UInt8(ascii: "/") else { return nil }
    var segments: [String] = []
    var start = path.lowerBound + 1
    while start <= path.upperBound {
      let end = firstIndex(of: UInt8(ascii: "/"), in: bytes, from: start, to: path.upperBound)
      guard segments.count < limit, let segment = decoded(start..<end, in: bytes) else {
        return nil
      }
      segments.append(segment)
      start = end + 1
    }
    return segments
  }

  /// One segment, or any other piece of a target that has been split already: `%XX` is a byte, `+`
  /// is itself. Not for whole paths, in which `%2F` would become a separator.
  ///
  /// Nil when a `%` lacks its two digits, when the bytes are not UTF-8, and for an encoded control
  /// character, which no name of ours has.
  public static func decoded(_ piece: Range<Int>, in bytes: Span<UInt8>) -> String? {
    text(piece, in: bytes, plusIsSpace: false)
  }

  /// The value of the first parameter of this name, decoded as
  /// `application/x-www-form-urlencoded`, that is with `+` for a space. A parameter without `=` has
  /// the value "". Names are compared decoded and with regard to case.
  ///
  /// Nil when there is no such parameter, or its value does not decode (as in `decoded`, but that
  /// control characters are taken: text may have line ends).
  public static func queryValue(
    _ name: StaticString, query: Range<Int>?, in bytes: Span<UInt8>
  ) -> String? {
    guard let query else { return nil }
    var start = query.lowerBound
    while start < query.upperBound {
      let end = firstIndex(of: UInt8(ascii: "&"), in: bytes, from: start, to: query.upperBound)
      let nameEnd = firstIndex(of: UInt8(ascii: "="), in: bytes, from: start, to: end)
      if let found = text(start..<nameEnd, in: bytes, plusIsSpace: true), found == "\(name)" {
        return text(min(nameEnd + 1, end)..<end, in: bytes, plusIsSpace: true)
      }
      start = end + 1
    }
    return nil
  }

  private static func firstIndex(
    of byte: UInt8, in bytes: Span<UInt8>, from start: Int, to end: Int
  ) -> Int {
    var index = start
    while index < end, bytes[index] != byte { index += 1 }
    return index
  }

  private static func text(_ range: Range<Int>, in bytes: Span<UInt8>, plusIsSpace: Bool)
    -> String?
  {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      switch bytes[index] {
      case UInt8(ascii: "%"):
        guard range.upperBound - index > 2, let high = Octet.hexValue(bytes[index + 1]),
          let low = Octet.hexValue(bytes[index + 2])
        else { return nil }
        let byte = high << 4 | low
        guard plusIsSpace || byte >= 0x20 && byte != 0x7F else { return nil }
        decoded.append(byte)
        index += 3
      case UInt8(ascii: "+") where plusIsSpace:
        decoded.append(Octet.space)
        index += 1
      case let byte:
        decoded.append(byte)
        index += 1
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }
}
