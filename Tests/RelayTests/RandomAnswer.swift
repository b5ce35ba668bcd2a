import TestSupport
import ModelFormats

/// Payloads such as providers send, in any order and with any content, and what they say.
struct RandomAnswer {
  private(set) var payloads: [String] = []
  private(set) var usagePayloads: [String] = []
  /// What the payloads say together.
  private(set) var text = ""
  private(set) var usage: Usage?
  private(set) var finishReason: String?
  private var random: SplitMix64

  /// Texts, as they are and as JSON spells them; one of each pair may have several spellings.
  private static let texts: [(text: String, json: String)] = [
    ("Hello", "Hello"), (" ", " "), ("\n", #"\n"#), ("\"quoted\"", #"\"quoted\""#),
    ("a/b", #"a\/b"#), ("back\\slash", #"back\\slash"#), ("\u{1}", #"\u0001"#),
    ("é", "é"), ("é", #"\u00e9"#), ("🌊", "🌊"), ("🌊", #"\ud83c\udf0a"#),
    ("\u{2028}", "\u{2028}"), ("你好", "你好"), ("data: [DONE]", "data: [DONE]"),
    ("\r\n\r\n", #"\r\n\r\n"#), ("\u{85}", "\u{85}"),
  ]

  private static let others = [
    #"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
    #"{"choices":[]}"#,
    #"{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#,
    #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","#
      + #""function":{"name":"f","arguments":"{"}}]}}]}"#,
    #"{"choices":[{"index":1,"delta":{"content":"the second answer"}}]}"#,
    #"{"choices":[{"index":0,"delta":{"content":null}}],"x_unknown":{"a":[1,2,{}]}}"#,
    "{\n  \"choices\": [\n    {\"index\": 0,\n     \"delta\": {}}\n  ]\n}",
    " {\"choices\":[{\"index\":0,\"delta\":{}}]} ",
  ]

  /// The payloads in the order of the log: usage belongs to the end, whenever it came.
  var logged: [String] {
    payloads.filter { !usagePayloads.contains($0) } + usagePayloads
  }

  init(seed: Int) {
    random = SplitMix64(seed: UInt64(seed))
    for _ in 0..<Int.random(in: 0...30, using: &random) { addEvent() }
  }

  private mutating func addEvent() {
    switch Int.random(in: 0..<10, using: &random) {
    case 0...5: addText()
    case 6, 7: payloads.append(Self.others.randomElement(using: &random) ?? "{}")
    case 8:
      let count = Int.random(in: 0...1000, using: &random)
      usage = Usage(promptTokens: count, completionTokens: 2, totalTokens: count + 2)
      let payload = #"{"choices":[],"usage":{"prompt_tokens":\#(count),"completion_tokens":2}}"#
      payloads.append(payload)
      usagePayloads.append(payload)
    default:
      finishReason = "stop"
      payloads.append(#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#)
    }
  }

  private mutating func addText() {
    var json = ""
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      guard let piece = Self.texts.randomElement(using: &random) else { continue }
      text += piece.text
      json += piece.json
    }
    if Int.random(in: 0..<8, using: &random) == 0 {
      let filler = String(repeating: "x", count: Int.random(in: 0...3000, using: &random))
      text += filler
      json += filler
    }
    payloads.append(#"{"choices":[{"index":0,"delta":{"content":"\#(json)"}}]}"#)
  }
}
