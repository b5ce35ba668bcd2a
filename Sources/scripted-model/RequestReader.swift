/// Reads one request after the other from a connection.
///
/// It is lenient where a server must be strict: bare line feeds end lines, and fields that are not
/// understood are kept as they came. It must not refuse what a test wants to see recorded.
struct RequestReader {
  enum Result {
    case request(Request)
    /// The client closed, or left in the middle of a request.
    case closed
    case malformed(String)
  }

  static let headByteLimit = 64 * 1024
  static let bodyByteLimit = 64 * 1024 * 1024

  private let socket: ConnectedSocket
  private var buffer: [UInt8] = []

  init(socket: ConnectedSocket) { self.socket = socket }

  /// Blocks until a whole request has come.
  mutating func next() -> Result {
    var head: [String] = []
    while head.isEmpty {
      // Empty lines before a request line are passed over (RFC 9112, section 2.2).
      while buffer.first == 0x0D || buffer.first == 0x0A { buffer.removeFirst() }
      if let lines = takeLinesToBlank() {
        head = lines
      } else if buffer.count > Self.headByteLimit {
        return .malformed("the head is longer than \(Self.headByteLimit) bytes")
      } else if !socket.receive(into: &buffer) {
        return .closed
      }
    }
    let parts = head[0].split(separator: " ")
    guard parts.count == 3, parts[2].hasPrefix("HTTP/1.") else {
      return .malformed("not a request line: \(head[0])")
    }
    var request = Request(
      method: String(parts[0]), target: String(parts[1]), isOneZero: parts[2] == "HTTP/1.0",
      fields: head.dropFirst().map(Self.field), receivedAt: monotonicNanoseconds())
    return readBody(of: &request)
  }

  private mutating func readBody(of request: inout Request) -> Result {
    if request.value("expect", contains: "100-continue") {
      var sent = 0
      let interim = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
      do throws(Departure) { try socket.send(interim[...], sent: &sent) } catch { return .closed }
    }
    if request.value("transfer-encoding", contains: "chunked") {
      return readChunks(into: &request)
    }
    let length = Int(request.value("content-length") ?? "0")
    guard let length, (0...Self.bodyByteLimit).contains(length) else {
      return .malformed("Content-Length is no length up to \(Self.bodyByteLimit)")
    }
    guard let body = take(length) else { return .closed }
    request.body = body
    return .request(request)
  }

  private mutating func readChunks(into request: inout Request) -> Result {
    while true {
      guard let line = takeLine() else { return .closed }
      let digits = line.prefix { $0 != ";" }.filter { !$0.isWhitespace }
      guard let size = Int(digits, radix: 16), size >= 0,
        request.body.count + size <= Self.bodyByteLimit
      else { return .malformed("not a chunk size: \(line)") }
      if size == 0 { break }
      guard let chunk = take(size), takeLine() != nil else { return .closed }
      request.body += chunk
    }
    while let trailer = takeLine() {
      if trailer.isEmpty { return .request(request) }
    }
    return .closed
  }

  private static func field(_ line: String) -> Request.Field {
    let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let value = parts.count > 1 ? parts[1] : ""
    let start = value.drop { $0 == " " || $0 == "\t" }
    return Request.Field(name: parts[0].lowercased(), value: String(start))
  }

  /// The lines before the first blank one, which is taken too; nil if it has not come yet.
  private mutating func takeLinesToBlank() -> [String]? {
    var lines: [String] = []
    var start = 0
    while let end = buffer[start...].firstIndex(of: 0x0A) {
      let line = Self.text(buffer[start..<end])
      start = end + 1
      if line.isEmpty {
        buffer.removeFirst(start)
        return lines
      }
      lines.append(line)
    }
    return nil
  }

  /// Blocks until a whole line has come; nil if the client left before.
  private mutating func takeLine() -> String? {
    while true {
      if let end = buffer.firstIndex(of: 0x0A) {
        let line = Self.text(buffer[..<end])
        buffer.removeFirst(end + 1)
        return line
      }
      guard buffer.count <= Self.headByteLimit, socket.receive(into: &buffer) else { return nil }
    }
  }

  /// Blocks until so many bytes have come; nil if the client left before.
  private mutating func take(_ count: Int) -> [UInt8]? {
    while buffer.count < count {
      guard socket.receive(into: &buffer) else { return nil }
    }
    defer { buffer.removeFirst(count) }
    return Array(buffer.prefix(count))
  }

  private static func text(_ line: ArraySlice<UInt8>) -> String {
    String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
  }
}
