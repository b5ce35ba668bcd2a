/// A request as it came.
struct Request {
  struct Field {
    /// In lower case.
    var name: String
    var value: String
  }

  var method: String
  /// With the query, if there is one.
  var target: String
  var isOneZero: Bool
  var fields: [Field]
  var body: [UInt8] = []
  /// When the head was complete; CLOCK_MONOTONIC nanoseconds.
  var receivedAt: Int64

  /// All fields of that name, joined with ", "; nil if there is none.
  func value(_ name: String) -> String? {
    let values = fields.filter { $0.name == name }.map(\.value)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }

  func value(_ name: String, contains word: String) -> Bool {
    value(name)?.lowercased().contains(word) ?? false
  }

  /// RFC 9112, section 9.3.
  var allowsKeepAlive: Bool {
    isOneZero
      ? value("connection", contains: "keep-alive") : !value("connection", contains: "close")
  }

  /// The target without the query.
  var path: Substring { target.prefix { $0 != "?" } }

  /// The parts of the path between slashes, percent-decoded.
  var segments: [String] { path.split(separator: "/").map { Self.percentDecoded($0) } }

  func query(_ name: String) -> String? {
    for pair in target.dropFirst(path.count + 1).split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts[0] == name { return parts.count > 1 ? Self.percentDecoded(parts[1]) : "" }
    }
    return nil
  }

  /// RFC 3986, section 2.1; what is no escape stands for itself.
  static func percentDecoded(_ text: Substring) -> String {
    let bytes = Array(text.utf8)
    var decoded: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let high = hexadecimalDigit(bytes[index + 1]), let low = hexadecimalDigit(bytes[index + 2])
      {
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }
}
