extension ResponseHead {
  /// What a head needs to know of what follows it.
  struct Circumstances {
    /// The request was HTTP/1.0.
    var requestIsOneZero: Bool
    /// Nil if there is no body.
    var contentType: String?
    /// The body is made of events, of which more may come any time.
    var isStream: Bool
    /// The length of the body in bytes.
    var contentLength: Int
  }

  /// The framing asked for, or else the one that suits.
  func framing(_ circumstances: Circumstances) -> Framing {
    if let framing { return framing }
    if version == .oneZero || circumstances.requestIsOneZero { return .close }
    return circumstances.isStream ? .chunked : .length
  }

  /// The head on the wire: the fields of the script in their order, then those which the body
  /// and its framing need and the script does not mention.
  func bytes(framing: Framing, _ circumstances: Circumstances) -> [UInt8] {
    var text = "HTTP/\(version?.rawValue ?? "1.1") \(status) \(Self.reason(status))\r\n"
    for field in fields {
      if let value = field.value { text += "\(field.name): \(value)\r\n" }
    }
    for (name, value) in addedFields(framing, circumstances) where !mentions(name) {
      text += "\(name): \(value)\r\n"
    }
    return Array((text + "\r\n").utf8)
  }

  private func addedFields(
    _ framing: Framing, _ circumstances: Circumstances
  ) -> [(name: String, value: String)] {
    if hasNoBody { return [] }
    var added: [(String, String)] = []
    if let contentType = circumstances.contentType { added.append(("Content-Type", contentType)) }
    switch framing {
    case .chunked: added.append(("Transfer-Encoding", "chunked"))
    case .length: added.append(("Content-Length", String(circumstances.contentLength)))
    case .close: added.append(("Connection", "close"))
    }
    return added
  }

  private static func reason(_ status: Int) -> String {
    reasons.first { $0.status == status }?.reason ?? "Status"
  }

  /// RFC 9110, section 15, and RFC 6585; 529 is what an overloaded provider sends.
  private static let reasons: [(status: Int, reason: String)] = [
    (100, "Continue"), (102, "Processing"), (103, "Early Hints"), (200, "OK"), (201, "Created"),
    (202, "Accepted"), (204, "No Content"), (301, "Moved Permanently"), (302, "Found"),
    (304, "Not Modified"), (307, "Temporary Redirect"), (308, "Permanent Redirect"),
    (400, "Bad Request"), (401, "Unauthorized"), (402, "Payment Required"), (403, "Forbidden"),
    (404, "Not Found"), (405, "Method Not Allowed"), (408, "Request Timeout"), (409, "Conflict"),
    (413, "Content Too Large"), (415, "Unsupported Media Type"), (422, "Unprocessable Content"),
    (425, "Too Early"), (429, "Too Many Requests"), (500, "Internal Server Error"),
    (501, "Not Implemented"), (502, "Bad Gateway"), (503, "Service Unavailable"),
    (504, "Gateway Timeout"), (529, "Overloaded"),
  ]
}
