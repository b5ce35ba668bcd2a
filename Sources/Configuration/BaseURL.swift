extension Kind<String> {
  /// `scheme "://" host [":" port] path` (RFC 3986) with http or https. Scheme and host come out in
  /// lower case and slashes at the end are taken off, since paths are appended.
  ///
  /// User information, query and fragment are refused, and not shown: they are where secrets are.
  static var baseURL: Kind {
    Kind(
      parse: { value throws(Refusal) in
        guard case .string(let text) = value.content else { throw Refusal() }
        return try normalized(text)
      },
      expected: { _ in
        "an http or https URL with a host, such as \"https://api.example.com/v1\""
      },
      write: { $0.isEmpty ? nil : "\"\($0)\"" })
  }

  private static func normalized(_ text: String) throws(Refusal) -> String {
    if text.contains("@") {
      throw Refusal(found: "found user information or \"@\" (not shown)")
    }
    if text.contains("?") || text.contains("#") {
      throw Refusal(found: "found a query or fragment (not shown)")
    }
    let range = Settings.Bounds.baseURL
    guard text.utf8.count <= range.upperBound else {
      throw Refusal(
        found: "found \(text.utf8.count) bytes", expected: "at most \(range.upperBound) bytes")
    }
    guard let separator = text.firstRange(of: "://") else { throw Refusal() }
    let scheme = text[..<separator.lowerBound].lowercased()
    guard scheme == "http" || scheme == "https" else { throw Refusal() }
    let rest = text[separator.upperBound...]
    let authority = rest.prefix { $0 != "/" }
    guard let host = host(of: authority) else { throw Refusal() }
    var path = rest[authority.endIndex...]
    guard path.utf8.allSatisfy(isPathByte) else { throw Refusal() }
    while path.hasSuffix("/") { path.removeLast() }
    return "\(scheme)://\(host)\(path)"
  }

  private static func host(of authority: Substring) -> String? {
    var name = authority
    var port = ""
    if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
      guard let number = portNumber(authority[colon...].dropFirst()), number > 0 else {
        return nil
      }
      port = ":\(number)"
      name = authority[..<colon]
    }
    guard let host = hostName(name), !host.contains("%") else { return nil }
    return (host.contains(":") ? "[\(host)]" : host) + port
  }

  /// RFC 3986, 3.3: `pchar` and `/`.
  private static func isPathByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "/-._~!$&'()*+,;=:@%".utf8.contains(byte)
    }
  }
}
