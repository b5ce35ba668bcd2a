import JSONWire
import ModelFormats
import TestSupport
import Testing

/// Reading by comparison must never show.
@Suite struct PayloadReaderTests {
  private static let seeds: [UInt64] = [1, 2, 3, 4, 5]

  /// Payloads as one stream might bring them: most resemble the one before.
  private static func stream(_ generator: inout SplitMix64) -> [[UInt8]] {
    let base = Array((ChunkVectors.all.randomElement(using: &generator) ?? "{}").utf8)
    return (0..<40).map { _ in
      if generator.oneIn(8) {
        return Array((ChunkVectors.all.randomElement(using: &generator) ?? "{}").utf8)
      }
      return mutated(base, &generator)
    }
  }

  private static let words = [
    "a", "", " ", #"\n"#, #"\""#, #"\\"#, #"\q"#, #"\u00e9"#, "\\", "\"", "\n", "\u{1}", "é🌊",
    #"","content":"b"#, "}", #"\ud83d"#,
    String(repeating: "long ", count: 20),
  ]

  /// A word is put in, taken in place of a few bytes, or a few bytes go.
  private static func mutated(_ base: [UInt8], _ generator: inout SplitMix64) -> [UInt8] {
    var bytes = base
    let start = Int.random(in: 0...bytes.count, using: &generator)
    let end = min(bytes.count, start + Int.random(in: 0...3, using: &generator))
    let word = words.randomElement(using: &generator) ?? ""
    bytes.replaceSubrange(start..<end, with: generator.oneIn(4) ? [] : Array(word.utf8))
    return bytes
  }

  private static func outcome(
    _ read: () throws(JSONError) -> ModelEvent
  ) -> (event: ModelEvent?, isOneLine: Bool, error: JSONError?) {
    do {
      var event = try read()
      let isOneLine = event.isOneLine
      event.isOneLine = false
      return (event, isOneLine, nil)
    } catch {
      return (nil, false, error)
    }
  }

  @Test(arguments: seeds)
  func `it says what its format says, in whatever order payloads come`(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    for _ in 0..<300 {
      var reader = PayloadReader(.openAIChat)
      for payload in Self.stream(&generator) {
        let told = Self.outcome { () throws(JSONError) in try reader.read(payload.span) }
        let meant = Self.outcome { () throws(JSONError) in
          try ModelFormat.openAIChat.read(payload.span)
        }
        #expect(told.event == meant.event && told.error == meant.error)
        if told.isOneLine { #expect(!payload.contains(10)) }
      }
    }
  }

  @Test(arguments: ["content", "reasoning_content"])
  func `only the string is read of what resembles the payload before`(_ name: String) throws {
    var reader = PayloadReader(.openAIChat)
    for text in [#"first\n"#, "second", "3", String(repeating: "x", count: 300), "é", #"a\nb\t"#] {
      let payload = Array(#"{"id":"c","choices":[{"delta":{"\#(name)":"\#(text)"}}]}"#.utf8)
      let event = try reader.read(payload.span)
      let string = name == "content" ? event.text : event.reasoning
      let meant = text.replacing(#"\n"#, with: "\n").replacing(#"\t"#, with: "\t")
      #expect(string?.text(in: payload.span) == meant)
      #expect(event.isOneLine == !text.hasPrefix("first"))
    }
  }

  @Test func `a payload of several lines is never called one line`() throws {
    var reader = PayloadReader(.openAIChat)
    for text in ["a", "b"] {
      let payload = Array("{\"choices\":\n[{\"delta\":{\"content\":\"\(text)\"}}]}".utf8)
      #expect(try !reader.read(payload.span).isOneLine)
    }
  }
}
