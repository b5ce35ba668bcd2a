/// One answer as it came, for comparing.
public struct HTTPResponse {
  /// `HTTP/1.1 200 OK`
  public var statusLine = ""
  public var status = 0
  /// In their order; names as they were sent.
  public var fields: [(name: String, value: String)] = []
  /// Without framing.
  public var body: [UInt8] = []
  /// The data of each chunk, the last, empty one left out; empty for other framings.
  public var chunks: [[UInt8]] = []

  public var text: String { String(decoding: body, as: UTF8.self) }
  public var names: [String] { fields.map(\.name) }

  /// The value of the only field of this name, whatever its case; nil when there is none or there
  /// are several.
  public subscript(_ name: String) -> String? {
    let found = fields.filter { $0.name.lowercased() == name.lowercased() }
    return found.count == 1 ? found[0].value : nil
  }

  /// How the end of the body is told (RFC 9112, section 6.3).
  enum Framing: Equatable {
    case none, chunked, untilClose
    case length(Int)
  }

  func framing(answering method: String) throws -> Framing {
    if method == "HEAD" || status == 204 || status == 304 || status < 200 { return .none }
    if self["Transfer-Encoding"] == "chunked" { return .chunked }
    guard let length = self["Content-Length"] else { return .untilClose }
    guard let count = Int(length), count >= 0 else {
      throw Disappointment("Content-Length: \(length)")
    }
    return .length(count)
  }

  /// - Parameter head: All lines, without the empty one.
  init(head: String) throws {
    let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
    statusLine = String(lines[0])
    let parts = statusLine.split(separator: " ", maxSplits: 2)
    guard parts.count == 3, parts[0] == "HTTP/1.1", parts[1].count == 3,
      let number = Int(parts[1])
    else { throw Disappointment("no status line: \(statusLine)") }
    status = number
    for line in lines.dropFirst() {
      guard let colon = line.firstRange(of: ": ") else {
        throw Disappointment("no field line: \(line)")
      }
      fields.append((String(line[..<colon.lowerBound]), String(line[colon.upperBound...])))
    }
  }
}
