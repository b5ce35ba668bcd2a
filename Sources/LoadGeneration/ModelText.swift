/// What the mock model says, as bytes that only have to be stamped.
///
/// An answer is a sequence of steps: the role, the deltas, the finish, the usage, and `[DONE]`.
struct ModelText {
  private static let head =
    #"{"id":"chatcmpl-9f2c41d07ab84e6fb3a5","object":"chat.completion.chunk","#
    + #""created":1767225600,"model":"mock-model","choices":["#
  private static let more = #","logprobs":null,"finish_reason":null}]}"#
  /// Steps beside the deltas: one before them, three behind.
  static let closingSteps = 3

  let deltas: Int
  /// For HTTP/1.0, without the chunked coding.
  private let isRaw: Bool
  private let role: [UInt8]
  private let delta: [UInt8]
  private let stampOffset: Int
  private let finish: [UInt8]
  private let usage: [UInt8]
  private let done: [UInt8]

  init(deltas: Int, isRaw: Bool) {
    self.deltas = deltas
    self.isRaw = isRaw
    func event(_ rest: String) -> [UInt8] {
      Self.frame("data: \(Self.head)\(rest)\n\n", isRaw)
    }
    role = event(#"{"index":0,"delta":{"role":"assistant","content":""}"# + Self.more)
    let delta = event(#"{"index":0,"delta":{"content":"\#(Stamp.blank) "}"# + Self.more)
    self.delta = delta
    finish = event(#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}"#)
    usage = event(
      #"],"usage":{"prompt_tokens":9,"completion_tokens":\#(deltas),"#
        + #""total_tokens":\#(deltas + 9)}}"#)
    done = Self.frame("data: [DONE]\n\n", isRaw) + (isRaw ? [] : Array("0\r\n\r\n".utf8))
    let blank = Array(Stamp.blank.utf8)
    stampOffset = delta.indices.first { delta[$0...].starts(with: blank) } ?? 0
  }

  var steps: Int { deltas + 1 + Self.closingSteps }

  private static func frame(_ text: String, _ isRaw: Bool) -> [UInt8] {
    if isRaw { return Array(text.utf8) }
    return Array("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n".utf8)
  }

  /// Appends a step; deltas are stamped with `now`.
  @inline(__always)
  func append(step: Int, now: UInt64, to output: inout [UInt8]) {
    switch step {
    case 0: output += role
    case 1...deltas:
      let start = output.count
      output += delta
      Stamp(time: now, number: UInt32(step - 1)).write(into: &output, at: start + stampOffset)
    case deltas + 1: output += finish
    case deltas + 2: output += usage
    default: output += done
    }
  }

  /// A head and a whole answer for one who did not ask for a stream.
  static func wholeAnswer(now: UInt64, closes: Bool) -> [UInt8] {
    var body = Array(
      (#"{"id":"chatcmpl-9f2c41d07ab84e6fb3a5","object":"chat.completion","#
        + #""created":1767225600,"model":"mock-model","choices":[{"index":0,"message":"#
        + #"{"role":"assistant","content":"\#(Stamp.blank) "#
        + #"Hello, this is a mock answer of a moderate length."},"logprobs":null,"#
        + #""finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":12,"#
        + #""total_tokens":21}}"#).utf8)
    let blank = Array(Stamp.blank.utf8)
    if let start = body.indices.first(where: { body[$0...].starts(with: blank) }) {
      Stamp(time: now, number: 0).write(into: &body, at: start)
    }
    return json(body, closes: closes)
  }

  static func json(_ body: [UInt8], closes: Bool) -> [UInt8] {
    let head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n"
      + (closes ? "Connection: close\r\n\r\n" : "\r\n")
    return Array(head.utf8) + body
  }

  static func streamHead(isRaw: Bool) -> [UInt8] {
    let framing = isRaw ? "Connection: close" : "Transfer-Encoding: chunked"
    return Array(
      ("HTTP/1.\(isRaw ? 0 : 1) 200 OK\r\nContent-Type: text/event-stream\r\n"
        + "Cache-Control: no-cache\r\n\(framing)\r\n\r\n").utf8)
  }

  static let models = Array(
    (#"{"object":"list","data":[{"id":"mock-model","object":"model","created":1767225600,"#
      + #""owned_by":"mock"}]}"#).utf8)
}
