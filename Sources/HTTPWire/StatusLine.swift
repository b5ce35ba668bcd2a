/// `HTTP/1.1 200 OK` and CRLF (RFC 9112, section 4).
///
/// The array of a status with a registered reason phrase is made once, and sharing it takes no
/// allocation; any other status gets an empty phrase. Traps unless `status` has three digits.
/// Any thread.
public func statusLine(_ status: Int) -> [UInt8] {
  precondition((100...999).contains(status), "a status code has three digits")
  if status < StatusLines.all.count, !StatusLines.all[status].isEmpty {
    return StatusLines.all[status]
  }
  return StatusLines.line(status, "")
}

private enum StatusLines {
  /// By status; empty where there is no reason phrase.
  static let all: [[UInt8]] = {
    var lines = [[UInt8]](repeating: [], count: 600)
    for (status, reason) in reasons { lines[status] = line(status, reason) }
    return lines
  }()

  static func line(_ status: Int, _ reason: String) -> [UInt8] {
    Array("HTTP/1.1 \(status) \(reason)\r\n".utf8)
  }

  /// RFC 9110, section 15; 428, 429, 431 and 511 by RFC 6585; 103 by RFC 8297; 451 by RFC 7725.
  private static let reasons: [(Int, String)] = [
    (100, "Continue"), (101, "Switching Protocols"), (103, "Early Hints"),
    (200, "OK"), (201, "Created"), (202, "Accepted"), (203, "Non-Authoritative Information"),
    (204, "No Content"), (205, "Reset Content"), (206, "Partial Content"),
    (300, "Multiple Choices"), (301, "Moved Permanently"), (302, "Found"), (303, "See Other"),
    (304, "Not Modified"), (307, "Temporary Redirect"), (308, "Permanent Redirect"),
    (400, "Bad Request"), (401, "Unauthorized"), (402, "Payment Required"), (403, "Forbidden"),
    (404, "Not Found"), (405, "Method Not Allowed"), (406, "Not Acceptable"),
    (407, "Proxy Authentication Required"), (408, "Request Timeout"), (409, "Conflict"),
    (410, "Gone"), (411, "Length Required"), (412, "Precondition Failed"),
    (413, "Content Too Large"), (414, "URI Too Long"), (415, "Unsupported Media Type"),
    (416, "Range Not Satisfiable"), (417, "Expectation Failed"), (421, "Misdirected Request"),
    (422, "Unprocessable Content"), (426, "Upgrade Required"), (428, "Precondition Required"),
    (429, "Too Many Requests"), (431, "Request Header Fields Too Large"),
    (451, "Unavailable For Legal Reasons"),
    (500, "Internal Server Error"), (501, "Not Implemented"), (502, "Bad Gateway"),
    (503, "Service Unavailable"), (504, "Gateway Timeout"), (505, "HTTP Version Not Supported"),
    (511, "Network Authentication Required"),
  ]
}
