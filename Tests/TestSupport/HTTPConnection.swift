/// A client's side of a connection, without any mercy: it sends what it is told, and refuses
/// answers that are not framed as they say.
public final class HTTPConnection {
  public let socket: ClientSocket
  /// What has come and was not read yet.
  private var pending: [UInt8] = []
  private var hasEnded: ClientSocket.Received?
  /// Bytes that have come since the beginning.
  public private(set) var received = 0

  public init(_ socket: ClientSocket) {
    self.socket = socket
  }

  public convenience init(port: UInt16) throws {
    self.init(try ClientSocket(port: port))
  }

  @discardableResult
  public func send(_ text: String) throws -> Bool { try socket.send(Array(text.utf8)) }

  @discardableResult
  public func send(_ bytes: [UInt8]) throws -> Bool { try socket.send(bytes) }

  /// A request and its answer.
  public func ask(
    _ method: String, _ target: String, body: String? = nil, _ fields: [String] = []
  ) throws -> HTTPResponse {
    try send(HTTPRequest.text(method, target, body: body, fields))
    return try response(to: method)
  }

  // MARK: Reading

  /// The next answer, whole.
  public func response(to method: String = "GET") throws -> HTTPResponse {
    var response = try head()
    switch try response.framing(answering: method) {
    case .none: break
    case .length(let count): response.body = try take(count)
    case .chunked:
      while let chunk = try chunk() { response.chunks.append(chunk) }
      response.body = Array(response.chunks.joined())
    case .untilClose: response.body = try rest()
    }
    return response
  }

  /// The head of the next answer; its body is left to `chunk`, `take` and `rest`.
  public func head() throws -> HTTPResponse {
    let bytes = try take(until: "\r\n\r\n")
    return try HTTPResponse(head: String(decoding: bytes, as: UTF8.self))
  }

  /// The data of the next chunk; nil for the last, empty one, with which the body has been read.
  public func chunk() throws -> [UInt8]? {
    let line = String(decoding: try take(until: "\r\n"), as: UTF8.self)
    guard let size = Int(line, radix: 16) else { throw Disappointment("no chunk size: \(line)") }
    let data = try take(size)
    let end = try take(2)
    guard end == [13, 10] else { throw Disappointment("a chunk does not end: \(end)") }
    return size == 0 ? nil : data
  }

  /// Chunks until the text that came ends in `end`.
  public func chunks(until end: String) throws -> String {
    var text: [UInt8] = []
    while !text.suffix(end.utf8.count).elementsEqual(end.utf8) {
      guard let data = try chunk() else {
        throw Disappointment("the body ended: \(String(decoding: text, as: UTF8.self))")
      }
      text += data
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// So many bytes.
  public func take(_ count: Int) throws -> [UInt8] {
    while pending.count < count { try read() }
    defer { pending.removeFirst(count) }
    return Array(pending[..<count])
  }

  /// All that comes until FIN.
  public func rest() throws -> [UInt8] {
    while hasEnded == nil { try readSome() }
    guard hasEnded == .end else { throw Disappointment("the connection was reset") }
    defer { pending = [] }
    return pending
  }

  /// How the connection ends; what came before and was not read is an error.
  public func end() throws -> ClientSocket.Received {
    while hasEnded == nil && pending.isEmpty { try readSome() }
    guard pending.isEmpty, let hasEnded else {
      throw Disappointment("more bytes: \(String(decoding: pending, as: UTF8.self))")
    }
    return hasEnded
  }

  /// Whether something has come that was not read: bytes, FIN or RST.
  public var hasSomething: Bool { !pending.isEmpty || hasEnded != nil || socket.hasSomething }

  private func take(until end: String) throws -> [UInt8] {
    let mark = Array(end.utf8)
    while true {
      if let found = pending.firstRange(of: mark) {
        defer { pending.removeFirst(found.upperBound) }
        return Array(pending[..<found.lowerBound])
      }
      try read()
    }
  }

  private func read() throws {
    try readSome()
    guard let hasEnded else { return }
    throw Disappointment(
      "\(hasEnded) behind \"\(String(decoding: pending.suffix(2_000), as: UTF8.self))\"")
  }

  private func readSome() throws {
    guard hasEnded == nil else { return }
    switch try socket.receive() {
    case .bytes(let bytes):
      pending += bytes
      received += bytes.count
    case .end: hasEnded = .end
    case .reset: hasEnded = .reset
    }
  }
}
