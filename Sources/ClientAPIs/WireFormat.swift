internal import JSONWire
public import ModelFormats

/// How a generation ended, for all of its readers.
public enum Ending: Sendable {
  /// The model finished; the reason in the model's words, if it gave one.
  case done(finishReason: String?)
  /// Somebody stopped it.
  case cancelled
  case failed(Failure)
}

/// What renderings need to know of the whole answer when it ends.
public struct AnswerSummary: Sendable {
  /// What the format of lines names: the conversation, or the stream where there is none.
  public var conversationID: String
  /// The text of the whole answer, UTF-8.
  public var text: [UInt8]
  public var usage: Usage?
  /// How often an upstream went on with what another had broken off.
  public var continuations: Int
  /// The sequence number of the terminal event.
  public var sequence: Int

  public init(
    conversationID: String, text: [UInt8], usage: Usage?, continuations: Int = 0, sequence: Int
  ) {
    self.continuations = continuations
    self.conversationID = conversationID
    self.text = text
    self.usage = usage
    self.sequence = sequence
  }
}

/// The wire formats in which a log can be read: a rendering is made in one of them.
///
/// Every function appends body bytes, before any HTTP framing, and appends nothing when the format
/// does not show that event. A new format is a file with these functions, and a line in each
/// switch.
public enum WireFormat: UInt8, Sendable, CaseIterable {
  /// `chat.completion.chunk` events and `[DONE]` (Completions).
  case openAI
  /// Numbered text events (Streams).
  case events
  /// One JSON object a line (Widget).
  case lines
  /// `{"chunk": …}` events (Agents).
  case chunks

  /// The value of `?format=`.
  public init?(queryName: String) {
    switch queryName {
    case "openai": self = .openAI
    case "sse": self = .events
    case "ndjson": self = .lines
    case "chunk": self = .chunks
    default: return nil
    }
  }

  public var contentType: StaticString {
    switch self {
    case .openAI, .events, .chunks: "text/event-stream; charset=utf-8"
    case .lines: "application/x-ndjson; charset=utf-8"
    }
  }

  /// Milliseconds after which a reader comes back that has lost its connection.
  public static let usualReturn = 1000

  /// What each connection gets before its first event.
  /// - Parameter milliseconds: When to come back, in a format that can tell.
  public func appendPreamble(
    conversationID: String, returnAfter milliseconds: Int, to output: inout [UInt8]
  ) {
    switch self {
    case .openAI, .chunks: break
    case .events: appendReturn(after: milliseconds, to: &output)
    case .lines: WidgetLines.appendStart(conversationID: conversationID, to: &output)
    }
  }

  /// Whether readers of this format come back by themselves, and take word of when.
  public var tellsReturn: Bool { self == .events }

  /// Between two events, to a format that `tellsReturn`.
  public func appendReturn(after milliseconds: Int, to output: inout [UInt8]) {
    if tellsReturn { StreamEvents.appendReturn(after: milliseconds, to: &output) }
  }

  public func appendEvent(
    _ event: ModelEvent, _ payload: Span<UInt8>, sequence: Int, to output: inout [UInt8]
  ) {
    switch self {
    case .openAI: CompletionChunks.appendEvent(payload, to: &output)
    case .events: StreamEvents.appendEvent(event.text, payload, sequence, to: &output)
    case .lines: WidgetLines.appendToken(event.text, payload, to: &output)
    case .chunks: AgentChunks.appendChunk(event.text, payload, to: &output)
    }
  }

  public func appendEnding(_ ending: Ending, _ summary: AnswerSummary, to output: inout [UInt8]) {
    switch self {
    case .openAI: CompletionChunks.appendEnding(ending, summary, to: &output)
    case .events: StreamEvents.appendEnding(ending, summary, to: &output)
    case .lines: WidgetLines.appendEnding(ending, summary, to: &output)
    case .chunks: AgentChunks.appendEnding(ending, summary, to: &output)
    }
  }

  /// Says to those who look that an answer was continued, in formats whose terminal event has no
  /// room for it.
  static func appendContinued(_ summary: AnswerSummary, to output: inout [UInt8]) {
    if summary.continuations > 0 { output.append(copying: ": continued\n\n") }
  }

  /// Keeps an idle connection alive, and tells whether it still is; nil where the format has no
  /// room for one.
  public var heartbeat: StaticString? {
    switch self {
    case .openAI, .events, .chunks: ": ping\n\n"
    case .lines: nil
    }
  }
}
