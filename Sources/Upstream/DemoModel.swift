// The built-in model: needs no account and no network, and shows all that the daemon does.
//
// It writes the bytes that an OpenAI-compatible upstream would send, a few at a time, and feeds
// them to the same reader: only the socket is missing.

public import EventLoop
internal import ModelFormats

public final class DemoModel: Answering {
  private let loop: EventLoop
  private unowned let receiver: any AnswerReceiver
  private var reader: AnswerReader
  private var script: DemoScript
  private let pace: UInt64
  private var timer: Timer?

  /// Starts with the loop's next turn.
  /// - Parameters:
  ///   - question: The last message of the user, in UTF-8; part of it is quoted in the answer.
  ///   - pace: Nanoseconds between deltas, on average; 0 for all at once.
  ///   - stamps: Each delta begins with `t=<19 digits> n=<8 digits> `: CLOCK_MONOTONIC in
  ///     nanoseconds, and the delta's number from 0.
  public init(
    question: String, model: String, created: Int, pace: UInt64, stamps: Bool = false,
    loop: EventLoop,
    receiver: any AnswerReceiver
  ) {
    self.loop = loop
    self.receiver = receiver
    self.pace = pace
    reader = AnswerReader(format: .openAIChat, maximumEventBytes: 1 << 20)
    script = DemoScript(question: question, model: model, created: created, stamps: stamps)
    timer = Timer { [unowned self] in self.write() }
    arm(pace)
  }

  public func cancel() {
    if let timer { loop.disarm(timer) }
    timer = nil
  }

  private func arm(_ delay: UInt64) {
    if let timer { loop.arm(timer, after: delay) }
  }

  private func write() {
    guard let piece = script.next(now: EventLoop.clock) else {
      cancel()
      return receiver.ended(.complete)
    }
    do {
      try reader.consume(piece.bytes.span, receiver)
    } catch {
      cancel()
      return receiver.ended(.failed(error))
    }
    arm(pace * UInt64(piece.beats) / 4)
  }
}

/// What the demo model says, as pieces of an event stream.
struct DemoScript {
  struct Piece {
    var bytes: [UInt8]
    /// Quarters of the pace to wait behind it: people pause at the end of a sentence.
    var beats: Int
  }

  private var words: [String]
  private var position = -1
  private let head: String
  private let promptTokens: Int
  private let stamps: Bool

  init(question: String, model: String, created: Int, stamps: Bool = false) {
    self.stamps = stamps
    words = Self.split(Self.answer(to: question))
    promptTokens = max(1, question.utf8.count / 4)
    head =
      #"{"id":"chatcmpl-demo\#(created)","object":"chat.completion.chunk","created":\#(created),"#
      + #""model":\#(Self.quoted(model)),"choices":["#
  }

  /// - Parameter now: For stamps: CLOCK_MONOTONIC in nanoseconds.
  mutating func next(now: UInt64 = 0) -> Piece? {
    defer { position += 1 }
    switch position {
    case -1:
      return piece(
        #"{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#, 4)
    case 0..<words.count:
      let word = words[position]
      let beats = word.hasSuffix(". ") || word.hasSuffix("\n") ? 16 : 1 + word.utf8.count / 2
      let text = Self.quoted(stamps ? Self.stamp(now, position) + word : word)
      return piece(#"{"index":0,"delta":{"content":\#(text)},"finish_reason":null}]}"#, beats)
    case words.count:
      return piece(#"{"index":0,"delta":{},"finish_reason":"stop"}]}"#, 0)
    case words.count + 1:
      let total = promptTokens + words.count
      return piece(
        #"],"usage":{"prompt_tokens":\#(promptTokens),"completion_tokens":\#(words.count),"#
          + #""total_tokens":\#(total)}}"#, 0)
    case words.count + 2:
      return Piece(bytes: Array("data: [DONE]\n\n".utf8), beats: 0)
    default:
      return nil
    }
  }

  private static func stamp(_ time: UInt64, _ number: Int) -> String {
    func digits(_ value: UInt64, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    return "t=\(digits(time, 19)) n=\(digits(UInt64(number), 8)) "
  }

  private func piece(_ rest: String, _ beats: Int) -> Piece {
    Piece(bytes: Array("data: \(head)\(rest)\n\n".utf8), beats: beats)
  }

  /// Words with the blank that follows them, as models tend to cut.
  private static func split(_ text: String) -> [String] {
    var words: [String] = []
    var word = ""
    for character in text {
      word.append(character)
      if character == " " || character == "\n" {
        words.append(word)
        word = ""
      }
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case _ where scalar.value < 0x20: quoted += " "
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private static func answer(to question: String) -> String {
    // Scalars, not characters: one character can be as long as a whole request.
    let scalars = question.unicodeScalars
    let shown = String(String.UnicodeScalarView(scalars.prefix(80)))
    let opening = shown.isEmpty ? "" : "You asked: “\(shown)\(scalars.count > 80 ? "…" : "")”\n\n"
    return opening + """
      I am the model that comes with deltad, so that you can see what it does before you give it \
      a real one. These words leave me one by one, as server-sent events, and go the way of every \
      answer: they are parsed once, appended once to this stream's log, and read from there by as \
      many subscribers as like to listen.

      Try it. Take the X-Stream-Id of this answer and open /v1/streams/ followed by it in a second \
      terminal: you get everything from the first word, and then whatever is still to come. Break \
      the connection and come back with Last-Event-ID: nothing is lost and nothing comes twice. \
      A reader that is slow costs one number, its position, and holds up nobody. \
      Çok yaşa, 你好, and a small 🌊 to prove that bytes survive the journey.
      """
  }
}
