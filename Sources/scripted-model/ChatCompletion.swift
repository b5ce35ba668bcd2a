/// The objects of the Chat Completions API for one answer.
///
/// The same attempt makes the same bytes each time, stamped tokens apart: `created` and the id do
/// not depend on the clock.
struct ChatCompletion {
  var model: String
  /// From 1.
  var attempt: Int

  private static let created = 1_700_000_000
  private static let promptTokens = 10
  /// The digits of a 64-bit clock reading and of a sequence number.
  private static let clockDigits = 19
  private static let sequenceDigits = 8

  private func object(_ kind: String, choices: JSONValue, usage: JSONValue? = nil) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("id", .string("chatcmpl-scripted-\(attempt)")),
      .init("object", .string(kind)),
      .init("created", .integer(Self.created)),
      .init("model", .string(model)),
      .init("choices", choices),
    ]
    if let usage { members.append(.init("usage", usage)) }
    return .object(members)
  }

  private func chunk(delta: [JSONValue.Member], finish: JSONValue = .null) -> JSONValue {
    let choice: [JSONValue.Member] = [
      .init("index", .integer(0)), .init("delta", .object(delta)), .init("finish_reason", finish),
    ]
    return object("chat.completion.chunk", choices: .array([.object(choice)]))
  }

  func contentChunk(_ text: String) -> JSONValue { chunk(delta: [.init("content", .string(text))]) }

  func roleChunk() -> JSONValue {
    chunk(delta: [.init("role", .string("assistant")), .init("content", .string(""))])
  }

  func finishChunk(_ reason: String) -> JSONValue { chunk(delta: [], finish: .string(reason)) }

  func usageChunk(_ usage: JSONValue) -> JSONValue {
    object("chat.completion.chunk", choices: .array([]), usage: usage)
  }

  /// The whole answer as one object.
  func completion(_ pieces: [String]) -> JSONValue {
    let choice: [JSONValue.Member] = [
      .init("index", .integer(0)),
      .init(
        "message",
        .object([
          .init("role", .string("assistant")), .init("content", .string(pieces.joined())),
        ])),
      .init("finish_reason", .string("stop")),
    ]
    return object(
      "chat.completion", choices: .array([.object(choice)]), usage: Self.usage(pieces.count))
  }

  static func usage(_ completionTokens: Int) -> JSONValue {
    .object([
      .init("prompt_tokens", .integer(promptTokens)),
      .init("completion_tokens", .integer(completionTokens)),
      .init("total_tokens", .integer(promptTokens + completionTokens)),
    ])
  }

  /// The text of a stamped token: always of the same length.
  static func stamp(nanoseconds: Int64, sequence: Int) -> String {
    func padded(_ number: some BinaryInteger, _ digits: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
    return "t=\(padded(nanoseconds, clockDigits)) n=\(padded(sequence, sequenceDigits)) "
  }
}
