/// What a client must know of an answer's head, and where the head ends.
struct ResponseHead: Equatable, Sendable {
  enum Framing: Equatable, Sendable {
    case length(Int)
    case chunked
    case untilClose
  }
  enum Content: Equatable, Sendable {
    /// `text/event-stream`
    case events
    /// `application/x-ndjson`
    case lines
    case other
  }
  enum Refusal: Error, Equatable, Sendable {
    case statusLine, field, tooLong
  }

  static let maximumBytes = 64 << 10

  var status = 0
  var framing = Framing.untilClose
  var content = Content.other
  var closes = false
  /// The value of `X-Stream-Id`, empty when there is none.
  var streamID = ""

  /// The head at the beginning of `bytes` and its length, or nil while it is not all there.
  static func read(_ bytes: Span<UInt8>) throws(Refusal) -> (head: ResponseHead, length: Int)? {
    var head = ResponseHead()
    var lineStart = 0
    var index = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "\n") else {
        index += 1
        continue
      }
      let hasReturn = index > lineStart && bytes[index - 1] == UInt8(ascii: "\r")
      let line = lineStart..<(hasReturn ? index - 1 : index)
      if lineStart == 0 {
        try head.readStatusLine(bytes.extracting(line))
      } else if line.isEmpty {
        head.settle()
        return (head, index + 1)
      } else {
        try head.readField(bytes.extracting(line))
      }
      index += 1
      lineStart = index
    }
    guard bytes.count <= maximumBytes else { throw .tooLong }
    return nil
  }

  /// 1xx, 204 and 304 have no body (RFC 9112, section 6.3).
  private mutating func settle() {
    if status < 200 || status == 204 || status == 304 { framing = .length(0) }
    if framing == .untilClose { closes = true }
  }

  private mutating func readStatusLine(_ line: Span<UInt8>) throws(Refusal) {
    guard line.count >= 12, Self.matches(line, 0, "http/1."), line[8] == UInt8(ascii: " ") else {
      throw .statusLine
    }
    for index in 9..<12 {
      let digit = line[index] &- UInt8(ascii: "0")
      guard digit < 10 else { throw .statusLine }
      status = status * 10 + Int(digit)
    }
    if line[7] == UInt8(ascii: "0") { closes = true }
  }

  private mutating func readField(_ line: Span<UInt8>) throws(Refusal) {
    var colon = 0
    while colon < line.count, line[colon] != UInt8(ascii: ":") { colon += 1 }
    guard colon > 0, colon < line.count else { throw .field }
    var start = colon + 1
    while start < line.count, line[start] == UInt8(ascii: " ") { start += 1 }
    let value = line.extracting(start..<line.count)
    switch colon {
    case 14 where Self.matches(line, 0, "content-length"):
      if framing != .chunked { framing = .length(try Self.number(value)) }
    case 17 where Self.matches(line, 0, "transfer-encoding"):
      guard value.count == 7, Self.matches(value, 0, "chunked") else { throw .field }
      framing = .chunked
    case 10 where Self.matches(line, 0, "connection"):
      if value.count == 5, Self.matches(value, 0, "close") { closes = true }
      if value.count == 10, Self.matches(value, 0, "keep-alive") { closes = false }
    case 12 where Self.matches(line, 0, "content-type"):
      if Self.matches(value, 0, "text/event-stream") { content = .events }
      if Self.matches(value, 0, "application/x-ndjson") { content = .lines }
    case 11 where Self.matches(line, 0, "x-stream-id"):
      streamID = Self.text(value)
    default: break
    }
  }

  private static func number(_ value: Span<UInt8>) throws(Refusal) -> Int {
    guard value.count > 0, value.count <= 18 else { throw .field }
    var number = 0
    for index in 0..<value.count {
      let digit = value[index] &- UInt8(ascii: "0")
      guard digit < 10 else { throw .field }
      number = number * 10 + Int(digit)
    }
    return number
  }

  private static func text(_ value: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    for index in 0..<value.count { bytes.append(value[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether `bytes` has the text at `start`, letters of either case; the text is in lower case.
  private static func matches(_ bytes: Span<UInt8>, _ start: Int, _ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard start + count <= bytes.count else { return false }
    return text.withUTF8Buffer { letters in
      for index in 0..<count {
        var byte = bytes[start + index]
        if byte >= UInt8(ascii: "A"), byte <= UInt8(ascii: "Z") { byte |= 0x20 }
        if unsafe byte != letters[index] { return false }
      }
      return true
    }
  }
}
