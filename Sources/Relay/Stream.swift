// One generation's log: what was said, kept in as many wire formats as somebody reads.
//
// It belongs to the loop that asks upstream. Everything here happens on that loop; other loops get
// a `Rendering` and read it by themselves.
//
// The theory: the log is kept as the bytes of its first rendering, chunks of an OpenAI-compatible
// stream framed for HTTP/1.1. Readers of that format cost nothing more. Another format is rendered
// from those bytes when its first reader comes, by the same parser and format reader that took them
// in, and from then on event by event beside the first.
//
// Invariant: every rendering has exactly `sequence` events, and is closed exactly when `ending` is
// set; the terminal event is the last one and counts.

internal import JSONWire
internal import ClientAPIs
internal import Downstream
internal import EventStream
internal import ModelFormats
internal import StreamLog

/// A wire format and whether it is cut into chunks (HTTP/1.1) or not (HTTP/1.0).
struct RenderingKey: Hashable, Sendable {
  var format: WireFormat
  var isChunked: Bool

  static let first = RenderingKey(format: .openAI, isChunked: true)
}

/// A rendering that grows with the log, and who must be woken when it does.
final class LiveRendering {
  let key: RenderingKey
  let rendering: Rendering
  /// The owner's own subscribers.
  var audience: Audience?
  /// Subscribers on each other loop.
  var remoteReaders: [Int] {
    didSet { hasRemoteReaders = remoteReaders.contains { $0 > 0 } }
  }
  private(set) var hasRemoteReaders = false

  init(_ key: RenderingKey, _ rendering: Rendering, loops: Int) {
    self.key = key
    self.rendering = rendering
    remoteReaders = Array(repeating: 0, count: loops)
  }
}

final class Stream {
  let id: StreamID
  /// Nanoseconds since 1970.
  let createdAt: UInt64
  private let budget: LogBudget
  private let loops: Int
  /// The first rendering.
  let log: LiveRendering
  /// All of them, the first one first.
  private(set) var renderings: [LiveRendering]
  private(set) var sequence = 0
  /// The id of the last event, as readers know it.
  var lastEventID: Int { isInterrupted ? sequence + Self.mostLostEvents : sequence }
  /// The daemon died while it was written: readers may have had events that were never stored.
  var isInterrupted: Bool {
    if case .failed(let failure) = ending { failure.reason == .interrupted } else { false }
  }
  /// More than a journal's interval has room for: the terminal event comes behind all of those.
  private static let mostLostEvents = 1_000_000
  private(set) var ending: Ending?
  private(set) var usage: Usage?
  private(set) var finishReason: String?
  /// How often an upstream went on with what another had broken off.
  var continuations = 0
  /// On all loops, those included that still wait for their first byte.
  var readers = 0
  /// Set while the stream is in its worker's list of those to be flushed.
  var isTouched = false
  /// What clients call the conversation that it belongs to.
  let conversationID: String?
  /// With a conversation, once it has ended.
  var turn: TurnContext?
  /// The upstream's own JSON, when it answered with one object.
  private(set) var wholeAnswer: [UInt8]? {
    didSet { budget.add((wholeAnswer?.count ?? 0) - (oldValue?.count ?? 0)) }
  }
  /// The log is still to be made of `wholeAnswer`: most of those are read by nobody but who asked.
  private(set) var isFolded = false
  private let scratch: Scratch
  /// Usage chunks, which belong to the end of an answer and are read only by those who asked.
  private var usageChunks: [[UInt8]] = []
  /// More than one is odd already.
  private static let maximumUsageChunks = 16
  /// A larger chunk has more to say, and goes its way like any other.
  private static let maximumUsageBytes = 4096

  /// What a stream holds beside its bytes, roughly: it counts against the budget, so that many
  /// small answers are bounded as well as a few large ones.
  private static let overheadBytes = 2048

  init(
    id: StreamID, createdAt: UInt64, conversationID: String? = nil, budget: LogBudget, loops: Int,
    scratch: Scratch
  ) {
    self.id = id
    self.conversationID = conversationID
    self.createdAt = createdAt
    self.budget = budget
    self.loops = loops
    self.scratch = scratch
    budget.add(Self.overheadBytes)
    log = LiveRendering(.first, Rendering(budget: budget), loops: loops)
    renderings = [log]
  }

  deinit {
    budget.add(-Self.overheadBytes - (wholeAnswer?.count ?? 0))
  }

  /// What the format of lines names: the conversation, or the stream where there is none.
  var shownID: String { conversationID ?? id.text }

  /// Bytes of the first rendering, or of what it is to be made of.
  var bytes: Int { isFolded ? wholeAnswer?.count ?? 0 : log.rendering.written }

  /// What goes when it goes, unless somebody still reads it.
  var heldBytes: Int {
    renderings.reduce(Self.overheadBytes + (wholeAnswer?.count ?? 0)) { $0 + $1.rendering.held }
  }

  // MARK: Growing

  func append(_ event: ModelEvent, _ payload: Span<UInt8>) {
    guard ending == nil else { return }
    if let reason = event.finishReason { finishReason = reason.text(in: payload) }
    if let usage = event.usage { self.usage = usage }
    if Self.belongsToEnd(event, payload) {
      var chunk: [UInt8] = []
      chunk.append(copying: payload)
      usageChunks.append(chunk)
      // Where it comes with every token it is cumulative: the last ones count.
      if usageChunks.count > Self.maximumUsageChunks { usageChunks.removeFirst() }
      return
    }
    sequence += 1
    append(event, payload, sequence, to: log)
    guard renderings.count > 1 else { return }
    for live in renderings[1...] { append(event, payload, sequence, to: live) }
  }

  // MARK: One object

  /// Nothing has been said in it, and at most one waits for it, who reads no rendering.
  var isUntouched: Bool {
    sequence == 0 && usageChunks.isEmpty && renderings.count == 1 && log.audience == nil
      && !log.hasRemoteReaders && readers <= 1
  }

  /// Keeps the answer as it came, for those who want it so.
  func keep(_ answer: [UInt8]) {
    wholeAnswer = answer
  }

  /// The same, with the log to be written when somebody wants to read it.
  /// - Parameter event: What the answer says.
  func fold(_ answer: [UInt8], _ event: ModelEvent) {
    assert(isUntouched, "a log that has begun cannot be folded")
    finishReason = event.finishReason?.text(in: answer.span)
    usage = event.usage
    sequence = 1
    isFolded = true
    wholeAnswer = answer
  }

  /// Nobody will want the answer as it came.
  func forgetWholeAnswer() {
    if !isFolded { wholeAnswer = nil }
  }

  private func unfold() {
    guard isFolded, let answer = wholeAnswer else { return }
    isFolded = false
    wholeAnswer = nil
    var chunk: [UInt8] = []
    // It was read when it came.
    if case .chunk? = try? CompletionAnswer.chunk(from: answer.span, into: &chunk),
      let event = try? ModelFormat.openAIChat.read(chunk.span)
    {
      append(event, chunk.span, 1, to: log)
    }
    if ending != nil { appendEnding(to: log) }
    log.rendering.publish()
  }

  private static func belongsToEnd(_ event: ModelEvent, _ payload: Span<UInt8>) -> Bool {
    event.kind == .usageOnly && payload.count <= maximumUsageBytes
  }

  func close(_ ending: Ending) {
    guard self.ending == nil else { return }
    appendUsage()
    self.ending = ending
    sequence += 1
    if isFolded { return }
    for live in renderings { appendEnding(to: live) }
  }

  /// The usage chunks as events of the first rendering, which gets them when it is closed.
  func framedUsage() -> [UInt8] {
    usageChunks.reduce(into: []) { framed, chunk in
      guard let event = try? ModelFormat.openAIChat.read(chunk.span) else { return }
      var body: [UInt8] = []
      WireFormat.openAI.appendEvent(event, chunk.span, sequence: 0, to: &body)
      framed += ChunkFraming.chunk(body)
    }
  }

  /// Takes events as the first rendering has them: what a log was, it becomes again.
  func append(framed log: Span<UInt8>) {
    var parser = EventStreamParser(maximumEventBytes: Int.max / 2)
    var position = 0
    while let chunk = ChunkFraming.next(in: log, from: position) {
      _ = try? parser.consume(log.extracting(chunk.payload)) { _, payload in
        if let event = try? ModelFormat.openAIChat.read(payload) { append(event, payload) }
        return .proceed
      }
      position = chunk.end
    }
  }

  /// Side by side, so that one range holds them for readers to step over.
  private func appendUsage() {
    let starts = renderings.map(\.rendering.written)
    for chunk in usageChunks {
      guard let event = try? ModelFormat.openAIChat.read(chunk.span) else { continue }
      sequence += 1
      for live in renderings { append(event, chunk.span, sequence, to: live) }
    }
    for (live, start) in zip(renderings, starts) { markOptional(from: start, in: live) }
    usageChunks = []
  }

  private func markOptional(from start: Int, in live: LiveRendering) {
    let end = live.rendering.written
    if live.key.format == .openAI && start < end { live.rendering.markOptional(start..<end) }
  }

  private func append(
    _ event: ModelEvent, _ payload: Span<UInt8>, _ sequence: Int, to live: LiveRendering
  ) {
    if live.key == .first, event.isOneLine {
      ChunkFraming.append(line: payload, to: live.rendering)
    } else {
      scratch.body.removeAll(keepingCapacity: true)
      live.key.format.appendEvent(event, payload, sequence: sequence, to: &scratch.body)
      writeBody(to: live)
    }
    live.rendering.endEvent()
  }

  private func appendEnding(to live: LiveRendering) {
    guard let ending else { return }
    // Only lines repeat the whole text at their end.
    let text = live.key.format == .lines ? answerText() : []
    let summary = AnswerSummary(
      conversationID: shownID, text: text, usage: usage, continuations: continuations,
      sequence: lastEventID)
    scratch.body.removeAll(keepingCapacity: true)
    live.key.format.appendEnding(ending, summary, to: &scratch.body)
    writeBody(to: live)
    if live.key.isChunked { live.rendering.append("0\r\n\r\n".utf8Span.span) }
    live.rendering.endEvent()
    live.rendering.close()
  }

  /// The bytes of one event, as one chunk where the rendering is chunked (RFC 9112, section 7.1).
  private func writeBody(to live: LiveRendering) {
    let body = scratch.body
    guard !body.isEmpty else { return }
    guard live.key.isChunked else { return live.rendering.append(body.span) }
    scratch.frame.removeAll(keepingCapacity: true)
    ChunkFraming.appendHead(body.count, to: &scratch.frame)
    let (frame, end) = (scratch.frame, ChunkFraming.end)
    live.rendering.append(frame.span)
    live.rendering.append(body.span)
    live.rendering.append(end.span)
  }

  // MARK: Reading back

  /// The rendering for `key`, made now from the log if it has no reader yet. Its index is valid as
  /// long as the stream.
  func rendering(for key: RenderingKey) -> Int {
    unfold()
    if let index = renderings.firstIndex(where: { $0.key == key }) { return index }
    let live = make(key)
    var usageStart: Int?
    replay { event, payload, sequence in
      if Self.belongsToEnd(event, payload), usageStart == nil {
        usageStart = live.rendering.written
      }
      append(event, payload, sequence, to: live)
    }
    if let usageStart { markOptional(from: usageStart, in: live) }
    appendEnding(to: live)
    live.rendering.publish()
    renderings.append(live)
    return renderings.count - 1
  }

  /// The text of the answer so far, UTF-8.
  func answerText() -> [UInt8] {
    var text: [UInt8] = []
    replay { event, payload, _ in event.text?.appendText(from: payload, to: &text) }
    return text
  }

  /// The text of the answer so far, if there is nothing else that a continuation would lose: no
  /// reasoning, refusal or tool call.
  func continuableText() -> [UInt8]? {
    var text: [UInt8] = []
    var isPlain = true
    replay { event, payload, _ in
      event.text?.appendText(from: payload, to: &text)
      if event.reasoning != nil || event.refusal != nil || event.hasToolCalls { isPlain = false }
      // Content in parts, or of another choice.
      if event.isContent, event.text == nil, event.finishReason == nil { isPlain = false }
    }
    return isPlain ? text : nil
  }

  /// What the chunks of the stream have in common.
  func identity() -> ChunkIdentity {
    var identity = ChunkIdentity()
    replay { _, payload, _ in identity.learn(payload) }
    return identity
  }

  /// One `chat.completion` object made of all chunks.
  func assembledCompletion() -> [UInt8] {
    var assembler = CompletionAssembler()
    replay { _, payload, _ in
      // The log holds only what the format reader has understood before.
      try? assembler.add(payload)
    }
    return assembler.finish()
  }

  /// Every event but the terminal one, read back from the first rendering.
  private func replay(_ body: (ModelEvent, Span<UInt8>, Int) -> Void) {
    unfold()
    let first = log.rendering
    first.publish()
    var cursor = Cursor(first, at: 0, skippingOptional: false)
    var event: [UInt8] = []
    var parser = EventStreamParser(maximumEventBytes: Int.max / 2)
    let count = ending == nil ? sequence : sequence - 1
    for number in stride(from: 1, through: count, by: 1) {
      guard let end = first.offset(after: number) else { return }
      event.removeAll(keepingCapacity: true)
      while cursor.offset < end {
        let wanted = end - cursor.offset
        cursor.read { bytes in
          let taken = min(bytes.count, wanted)
          event.append(copying: bytes.extracting(0..<taken))
          return taken
        }
      }
      let payload = event.span.extracting(ChunkFraming.payload(of: event.span))
      _ = try? parser.consume(payload) { _, payload in
        if let read = try? ModelFormat.openAIChat.read(payload) { body(read, payload, number) }
        return .proceed
      }
    }
  }

  private func make(_ key: RenderingKey) -> LiveRendering {
    LiveRendering(key, Rendering(budget: budget), loops: loops)
  }
}
