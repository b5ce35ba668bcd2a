/// Plays one attempt on one connection.
///
/// It stands between the script (what to say) and the outlet (how it leaves). Rules:
///
/// - A head that the script leaves out is made when the first body step comes, unless raw bytes
///   came before: then the script writes its own head and everything is literal.
/// - A Content-Length is known before the body is made, because the length of every step is: also
///   a body with a declared length can be paced, cut or stopped in the middle.
/// - The first departure (client gone, cut, reset) ends the attempt wherever it is.
///
/// It does not check that an answer makes sense; scripts are wrong on purpose.
struct AttemptRunner {
  private enum BodyFraming { case notBegun, literal, chunked, length, close, over }

  private let steps: [Step]
  private let request: Request
  private let completion: ChatCompletion
  private let registry: Registry
  private var outlet: Outlet
  private var framing = BodyFraming.notBegun
  private var head: ResponseHead?
  private var keepsConnection = false

  init(_ begun: Registry.Begun, request: ScriptedRequest, on conversation: Conversation) {
    self.request = request.request
    let completion = ChatCompletion(model: request.model, attempt: begun.number)
    self.completion = completion
    registry = conversation.registry
    steps = begun.attempt.steps.flatMap { Self.expanded($0, for: request, completion) }
    outlet = Outlet(socket: conversation.socket, attempt: begun.attempt) { bytes, events in
      conversation.registry.progress(begun.recordID, bytesSent: bytes, eventsSent: events)
    }
  }

  /// Blocks until the attempt is over. Returns true if the connection can carry another request.
  mutating func run() throws(Departure) -> Bool {
    for (index, step) in steps.enumerated() { try perform(step, at: index) }
    try endBody()
    try outlet.flush()
    return keepsConnection
  }

  /// `answer` becomes the steps that the request asked for.
  private static func expanded(
    _ step: Step, for request: ScriptedRequest, _ completion: ChatCompletion
  ) -> [Step] {
    guard case .answer(let pieces, let pace) = step else { return [step] }
    guard request.wantsStream else { return [.json(completion.completion(pieces))] }
    let usage = request.wantsUsage ? [Step.usage(ChatCompletion.usage(pieces.count))] : []
    return [.role, .text(pieces, pace: pace), .finish("stop")] + usage + [.done]
  }

  private mutating func perform(_ step: Step, at index: Int) throws(Departure) {
    switch step {
    case .head(let given):
      try begin(given, bodyFrom: index + 1)
    case .text(let pieces, let pace):
      try beginIfNeeded(at: index)
      try playText(pieces, pace: pace)
    case .stamped(let count, let pace):
      try beginIfNeeded(at: index)
      try playStamped(count, pace: pace)
    case .role, .finish, .usage, .done, .event, .sse, .json, .answer:
      try beginIfNeeded(at: index)
      for payload in payloads(of: step) { try send(payload) }
    case .raw(let bytes):
      if framing == .notBegun, head == nil { framing = .literal }
      try outlet.append(bytes)
    case .sleep(let nanoseconds):
      try outlet.pauseScript(untilNanoseconds: monotonicNanoseconds() + nanoseconds)
    case .gate(let name): try outlet.pauseScript(at: registry.gate(name))
    case .truncate(let count): try outlet.truncate(after: count)
    case .end: try endBody()
    case .close:
      try outlet.flush()
      throw .cut
    case .reset:
      try outlet.flush()
      throw .reset
    }
  }

  private mutating func playText(_ pieces: [String], pace: Int64) throws(Departure) {
    let start = monotonicNanoseconds()
    for (index, piece) in pieces.enumerated() {
      if pace > 0, index > 0 {
        try outlet.pauseScript(untilNanoseconds: start + Int64(index) * pace)
      }
      try send(Self.event(completion.contentChunk(piece)))
    }
  }

  /// Each token leaves at once, since its stamp says when it left.
  private mutating func playStamped(_ count: Int, pace: Int64) throws(Departure) {
    let start = monotonicNanoseconds()
    for index in 0..<count {
      if pace > 0, index > 0 {
        try outlet.pauseScript(untilNanoseconds: start + Int64(index) * pace)
      }
      let stamp = ChatCompletion.stamp(nanoseconds: monotonicNanoseconds(), sequence: index)
      try send(Self.event(completion.contentChunk(stamp)))
      try outlet.flush()
    }
  }
}

// MARK: Bodies

extension AttemptRunner {
  private struct Payload {
    var bytes: [UInt8]
    var isEvent: Bool
  }

  private static func event(_ json: JSONValue) -> Payload {
    Payload(bytes: Array("data: ".utf8) + json.bytes + [0x0A, 0x0A], isEvent: true)
  }

  /// The body bytes of a step that needs no clock.
  private func payloads(of step: Step) -> [Payload] {
    switch step {
    case .text(let pieces, _): pieces.map { Self.event(completion.contentChunk($0)) }
    case .role: [Self.event(completion.roleChunk())]
    case .finish(let reason): [Self.event(completion.finishChunk(reason))]
    case .usage(let usage): [Self.event(completion.usageChunk(usage))]
    case .done: [Payload(bytes: Array("data: [DONE]\n\n".utf8), isEvent: true)]
    case .event(let json): [Self.event(json)]
    case .sse(let bytes): [Payload(bytes: bytes, isEvent: true)]
    case .json(let json): [Payload(bytes: json.bytes, isEvent: false)]
    case .stamped, .answer, .head, .raw, .sleep, .gate, .reset, .close, .truncate, .end: []
    }
  }

  private func bodyLength(of step: Step) -> Int {
    guard case .stamped(let count, _) = step else {
      return payloads(of: step).reduce(0) { $0 + $1.bytes.count }
    }
    let stamp = ChatCompletion.stamp(nanoseconds: 0, sequence: 0)
    return count * Self.event(completion.contentChunk(stamp)).bytes.count
  }

  private mutating func send(_ payload: Payload) throws(Departure) {
    var prefix: [UInt8] = []
    if framing == .chunked {
      // An empty chunk would be the last one (RFC 9112, section 7.1).
      if payload.bytes.isEmpty { return }
      prefix = Array((String(payload.bytes.count, radix: 16) + "\r\n").utf8)
    }
    if payload.isEvent {
      try outlet.append(event: payload.bytes, after: prefix)
    } else {
      try outlet.append(prefix + payload.bytes)
    }
    if framing == .chunked { try outlet.append([0x0D, 0x0A]) }
  }

  private mutating func beginIfNeeded(at index: Int) throws(Departure) {
    if framing == .notBegun { try begin(ResponseHead(), bodyFrom: index) }
  }

  /// Writes a head for the body that the steps from `index` on make.
  private mutating func begin(_ given: ResponseHead, bodyFrom index: Int) throws(Departure) {
    let circumstances = circumstances(from: index)
    let chosen = given.framing(circumstances)
    try outlet.append(given.bytes(framing: chosen, circumstances))
    if given.isInterim { return }
    head = given
    switch chosen {
    case .chunked: framing = .chunked
    case .length: framing = .length
    case .close: framing = .close
    }
  }

  private func circumstances(from index: Int) -> ResponseHead.Circumstances {
    var isStream = false
    var hasJSON = false
    var length = 0
    for step in steps[index...] {
      switch step {
      case .text, .stamped, .role, .finish, .usage, .done, .event, .sse: isStream = true
      case .json: hasJSON = true
      case .head, .answer, .raw, .sleep, .gate, .reset, .close, .truncate, .end: break
      }
      length += bodyLength(of: step)
    }
    return ResponseHead.Circumstances(
      requestIsOneZero: request.isOneZero,
      contentType: isStream ? "text/event-stream" : hasJSON ? "application/json" : nil,
      isStream: isStream, contentLength: length)
  }

  /// Finishes the framing; only the first call does something.
  private mutating func endBody() throws(Departure) {
    guard framing != .over else { return }
    if framing == .chunked, head?.hasNoBody == false {
      try outlet.append(Array("0\r\n\r\n".utf8))
    }
    if let head {
      let isDelimited = framing == .chunked || framing == .length || head.hasNoBody
      let says = head.fields.first { $0.name.lowercased() == "connection" }?.value?.lowercased()
      let agrees = head.version == .oneZero ? says == "keep-alive" : says != "close"
      keepsConnection = isDelimited && agrees && request.allowsKeepAlive
    }
    framing = .over
  }
}
