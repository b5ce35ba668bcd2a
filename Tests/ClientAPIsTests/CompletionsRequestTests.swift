import ClientAPIs
import JSONWire
import Testing

@Suite struct CompletionsRequestTests {
  private func read(_ body: String) throws(Failure) -> CompletionsRequest {
    try CompletionsRequest(body.utf8.span)
  }

  private struct Vector: Sendable {
    var body: String
    var model = "m"
    var streams = false
    var wantsUsage = false
    var question = ""
  }

  private static let vectors: [Vector] = [
    Vector(body: #"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#, question: "hi"),
    Vector(
      body: #"{"messages":[{"content":"hi","role":"user"}],"stream":true,"model":"m"}"#,
      streams: true, question: "hi"),
    Vector(
      body: "\n { \"stream\" : true , \"stream_options\" : { \"include_usage\" : true } ,"
        + " \"model\" : \"m\" , \"messages\" : [ { } ] } \n",
      streams: true, wantsUsage: true),
    // Escapes in names and values.
    Vector(
      body: #"{"\u006dodel":"m\u002F\u00e9\ud83c\udf0a","m\u0065ssages":[{"\u0063ontent":"\n"}]}"#,
      model: "m/é🌊", question: "\n"),
    Vector(
      body: #"{"model":"\"\\","messages":[{"content":"\"\\\/"}],"str\u0065am":true}"#,
      model: #""\"#, streams: true, question: #""\/"#),
    // The last of repeated names counts.
    Vector(
      body: #"{"model":"a","stream":true,"messages":[{"content":"x"}],"stream":false,"#
        + #""model":"m","messages":[{"content":"y"}]}"#,
      question: "y"),
    Vector(
      body: #"{"model":1,"model":"m","stream":"x","stream":null,"messages":{},"messages":[1]}"#),
    Vector(
      body: #"{"model":"m","messages":[{}],"stream_options":{"include_usage":true},"#
        + #""stream_options":{"include_usage":false}}"#),
    Vector(
      body: #"{"model":"m","messages":[{}],"stream_options":{"include_usage":true},"#
        + #""stream_options":null}"#),
    Vector(
      body: #"{"model":"m","messages":[{}],"#
        + #""stream_options":{"include_usage":false,"include_usage":true}}"#,
      wantsUsage: true),
    // What looks like a field but stands elsewhere.
    Vector(
      body: #"{"messages":[{"content":"{\"model\":\"x\",\"stream\":true}","model":"x","#
        + #""stream":true,"stream_options":{"include_usage":true}}],"model":"m","#
        + #""metadata":{"model":"x","messages":[],"stream":true}}"#,
      question: #"{"model":"x","stream":true}"#),
    Vector(body: #"{"model":"m","messages":[[],7,{"content":"a"}]}"#, question: "a"),
    // The demo model's question is the last message's text.
    Vector(
      body: #"{"model":"m","messages":[{"content":"a"},{"content":"b","role":"user"}]}"#,
      question: "b"),
    Vector(
      body: #"{"model":"m","messages":[{"content":"a"},{"content":[{"type":"text","#
        + #""text":"b"},{"type":"image_url","image_url":{"url":"text"}},{"text":"c"}]}]}"#,
      question: "bc"),
    Vector(body: #"{"model":"m","messages":[{"content":"a"},{"content":null}]}"#),
    // Null is as good as absent.
    Vector(body: #"{"model":"m","messages":[{}],"stream":null,"stream_options":null}"#),
    Vector(body: #"{"model":"m","messages":[{}],"stream_options":{}}"#),
    Vector(body: #"{"model":"m","messages":[{}],"stream_options":{"include_usage":null}}"#),
  ]

  @Test(arguments: vectors.indices)
  func `a body says what its fields say`(index: Int) throws {
    let vector = Self.vectors[index]
    let request = try read(vector.body)
    #expect(request.model == vector.model)
    #expect(request.streams == vector.streams)
    #expect(request.wantsUsage == vector.wantsUsage)
    #expect(request.question == vector.question)
  }

  /// Bodies that are refused, and the field that is to blame.
  private static let refused: [(String, String?)] = [
    ("", nil), (" ", nil), ("{", nil), ("[]", nil), ("null", nil), (#""x""#, nil), ("7", nil),
    (#"{"model":"m","messages":[{}]"#, nil), (#"{"model":"m","messages":[{}]}}"#, nil),
    (#"{"model":"m","messages":[{}],}"#, nil), (#"{"model":"m" "messages":[{}]}"#, nil),
    (#"{model:"m","messages":[{}]}"#, nil), ("{'model':'m'}", nil),
    ("{\"model\":\"m\nn\",\"messages\":[{}]}", nil), (#"{"model":"\x","messages":[{}]}"#, nil),
    ("\u{FEFF}{\"model\":\"m\",\"messages\":[{}]}", nil),
    ("{}", "model"), (#"{"messages":[{}]}"#, "model"),
    (#"{"model":null,"messages":[{}]}"#, "model"), (#"{"model":"","messages":[{}]}"#, "model"),
    (#"{"model":["m"],"messages":[{}]}"#, "model"),
    (#"{"model":"m","model":7,"messages":[{}]}"#, "model"),
    (#"{"model":"\#(String(repeating: "a", count: 257))","messages":[{}]}"#, "model"),
    (#"{"model":"m"}"#, "messages"), (#"{"model":"m","messages":[]}"#, "messages"),
    (#"{"model":"m","messages":{}}"#, "messages"), (#"{"model":"m","messages":"x"}"#, "messages"),
    (#"{"model":"m","messages":[{"content":"a"}],"messages":[]}"#, "messages"),
    (#"{"model":"m","messages":[{}],"stream":"true"}"#, "stream"),
    (#"{"model":"m","messages":[{}],"stream":1}"#, "stream"),
    (#"{"model":"m","messages":[{}],"stream":true,"stream":[]}"#, "stream"),
    (#"{"model":"m","messages":[{}],"stream_options":[]}"#, "stream_options"),
    (#"{"model":"m","messages":[{}],"stream_options":true}"#, "stream_options"),
  ]

  @Test(arguments: refused)
  func `what is not a request is refused by the name of the field`(
    body: String, parameter: String?
  ) {
    do {
      _ = try read(body)
      Issue.record("\(body) was taken")
    } catch {
      #expect(error.reason == .invalidRequest)
      #expect(error.parameter == parameter, "\(body): \(error.message)")
      #expect(!error.message.isEmpty)
    }
  }

  @Test func `a body cut anywhere is malformed, never a request and never a crash`() {
    for vector in Self.vectors {
      let bytes = Array(vector.body.utf8)
      let end = vector.body.lastIndex(of: "}")?.utf16Offset(in: vector.body) ?? 0
      for cut in 0..<min(end, bytes.count) {
        #expect(throws: Failure.self) { try CompletionsRequest(bytes.span.extracting(0..<cut)) }
      }
    }
  }

  @Test func `the longest name that a model may have is taken`() throws {
    let name = String(repeating: "é", count: 128)
    #expect(try read(#"{"model":"\#(name)","messages":[{}]}"#).model == name)
  }
}
