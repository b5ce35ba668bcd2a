import TestSupport
import JSONWire
import ModelFormats
import Testing

@Suite struct OpenAIChatTests {
  static let meanings: [(String, Seen)] = [
    (ChunkVectors.role, Seen(kind: .content)),
    (ChunkVectors.text, Seen(kind: .content, text: " hello", isContent: true)),
    (ChunkVectors.escapes, Seen(kind: .content, text: "a \"q\"\n😀/", isContent: true)),
    (ChunkVectors.finish, Seen(kind: .content, finishReason: "stop", isContent: true)),
    (
      ChunkVectors.usageOnly,
      Seen(
        kind: .usageOnly,
        usage: Usage(promptTokens: 19, completionTokens: 10, totalTokens: 29))
    ),
    (
      ChunkVectors.finishWithUsage,
      Seen(
        kind: .content, finishReason: "length",
        usage: Usage(promptTokens: 5, completionTokens: 0, totalTokens: 12), isContent: true)
    ),
    (ChunkVectors.reasoningContent, Seen(kind: .content, reasoning: "Let me", isContent: true)),
    (ChunkVectors.reasoning, Seen(kind: .content, reasoning: " think", isContent: true)),
    (ChunkVectors.toolStart, Seen(kind: .content, hasToolCalls: true, isContent: true)),
    (ChunkVectors.toolFragment, Seen(kind: .content, hasToolCalls: true, isContent: true)),
    (ChunkVectors.functionCall, Seen(kind: .content, hasToolCalls: true, isContent: true)),
    (ChunkVectors.refusal, Seen(kind: .content, refusal: "I cannot", isContent: true)),
    (ChunkVectors.promptFilter, Seen(kind: .ignored)),
    (ChunkVectors.secondChoice, Seen(kind: .content, isContent: true)),
    (ChunkVectors.bothChoices, Seen(kind: .content, text: "zero", isContent: true)),
    (ChunkVectors.noDelta, Seen(kind: .content, finishReason: "stop", isContent: true)),
    (ChunkVectors.allNull, Seen(kind: .content)),
    (ChunkVectors.emptyFinish, Seen(kind: .content, text: "x", isContent: true)),
    (ChunkVectors.contentInParts, Seen(kind: .content, isContent: true)),
    (ChunkVectors.strangeKinds, Seen(kind: .content)),
    (ChunkVectors.strangeChoices, Seen(kind: .ignored)),
    (ChunkVectors.spaced, Seen(kind: .content, text: "s", isContent: true)),
    (ChunkVectors.escapedKeys, Seen(kind: .content, text: "k", isContent: true)),
    (
      ChunkVectors.errorObject,
      Seen(
        kind: .error,
        error: SeenFault(message: "The server is \"busy\"", type: "\"server_error\"", code: "529"))
    ),
    (ChunkVectors.errorString, Seen(kind: .error, error: SeenFault(message: "model not found"))),
    (
      ChunkVectors.errorWithChoices,
      Seen(
        kind: .error, finishReason: "error",
        error: SeenFault(message: "gone", code: "\"server_error\""), isContent: true)
    ),
    (
      ChunkVectors.errorOnTop,
      Seen(
        kind: .error,
        error: SeenFault(message: "too long", type: "\"BadRequestError\"", code: "400"))
    ),
    (ChunkVectors.errorEmpty, Seen(kind: .error, error: SeenFault())),
    ("{}", Seen(kind: .ignored)),
    (#"{"error":false}"#, Seen(kind: .error, error: SeenFault())),
    (#"{"choices":[],"usage":{}}"#, Seen(kind: .ignored)),
    (
      #"{"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
      Seen(kind: .usageOnly, usage: Usage(promptTokens: 3, completionTokens: 4, totalTokens: 7))
    ),
    (
      #"{"usage":{"prompt_tokens":-3,"completion_tokens":9223372036854775807,"total_tokens":1.5}}"#,
      Seen(
        kind: .usageOnly,
        usage: Usage(promptTokens: 0, completionTokens: Int.max, totalTokens: Int.max))
    ),
    (
      #"{"usage":{"prompt_tokens":1,"completion_tokens":9223372036854775807}}"#,
      Seen(
        kind: .usageOnly,
        usage: Usage(promptTokens: 1, completionTokens: Int.max, totalTokens: Int.max))
    ),
    ("[DONE]", Seen(kind: .done)), ("[DONE]  ", Seen(kind: .done)), (" [DONE]", Seen(kind: .done)),
    ("[DONE]{}", Seen(kind: .done)),
  ]

  @Test(arguments: meanings)
  func `a payload means what its provider meant`(_ payload: String, _ meaning: Seen) throws {
    #expect(try read(payload) == meaning)
  }

  static let refused: [(String, JSONError)] = [
    ("", .unexpectedEnd(at: 0)), ("  ", .unexpectedEnd(at: 2)),
    ("[]", .unexpectedKind(expected: .object, at: 0)),
    ("[DONE", .unexpectedKind(expected: .object, at: 0)),
    ("[done]", .unexpectedKind(expected: .object, at: 0)),
    ("\"text\"", .unexpectedKind(expected: .object, at: 0)),
    ("null", .unexpectedKind(expected: .object, at: 0)),
    ("<html>", .unexpectedKind(expected: .object, at: 0)), ("{} {}", .trailingBytes(at: 3)),
    ("{\"choices\":[}", .expectedValue(at: 12)), ("{\"a\":01}", .invalidNumber(at: 6)),
  ]

  @Test(arguments: refused)
  func `a payload that is no object throws`(_ payload: String, _ error: JSONError) {
    #expect(throws: error) { try read(payload) }
  }

  @Test(arguments: ChunkVectors.all)
  func `a payload cut at any byte throws`(_ payload: String) throws {
    let bytes = Array(payload.utf8)
    let end = (bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0)
    for length in 0...end {
      let cut = Array(bytes[..<length])
      #expect(throws: JSONError.self) { try ModelFormat.openAIChat.read(cut.span) }
    }
  }

  @Test func `random changes never trap, and ranges lie in the payload`() {
    var random = SplitMix64(seed: 200)
    let seeds = ChunkVectors.all.map { Array($0.utf8) }
    for _ in 0..<10_000 {
      var bytes = seeds.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        let source = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[at] = bytes[source]
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
        default: bytes.remove(at: at)
        }
      }
      guard let event = try? ModelFormat.openAIChat.read(bytes.span) else { continue }
      #expect((event.kind == .error) == (event.error != nil))
      let strings = [event.text, event.reasoning, event.refusal, event.finishReason]
      for string in strings + [event.error?.message] {
        guard let range = string?.range else { continue }
        #expect(range.lowerBound > 0 && range.upperBound < bytes.count)
      }
      var assembler = CompletionAssembler()
      try? assembler.add(bytes.span)
      #expect(isJSON(assembler.finish()))
      var output: [UInt8] = []
      if case .chunk? = try? CompletionAnswer.chunk(from: bytes.span, into: &output) {
        #expect(isJSON(output))
      }
    }
  }

  private func isJSON(_ bytes: [UInt8]) -> Bool {
    var reader = JSONReader()
    do {
      try reader.skipValue(in: bytes.span)
      try reader.end(in: bytes.span)
      return true
    } catch {
      return false
    }
  }
}
