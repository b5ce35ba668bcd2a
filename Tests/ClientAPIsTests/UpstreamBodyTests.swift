import TestSupport
import ClientAPIs
import JSONWire
import Testing

@Suite struct UpstreamBodyTests {
  private func sent(
    _ body: String, model: String? = nil, streams: Bool, asksUsage: Bool = true
  ) throws -> String {
    let bytes = Array(body.utf8)
    let request = try CompletionsRequest(bytes.span)
    let sent = request.upstreamBody(
      from: bytes.span, model: model, streams: streams, asksUsage: asksUsage)
    #expect(isJSON(sent))
    let again = try CompletionsRequest(sent.span)
    #expect(again.model == model ?? request.model)
    #expect(again.streams == streams)
    #expect(again.question == request.question)
    if streams && asksUsage { #expect(again.wantsUsage) }
    return text(sent)
  }

  @Test func `what needs no change goes as it came`() throws {
    let plain = " {\"model\" : \"m\", \"messages\":[{}] ,\"x\":[1.50, {\"y\":\"\\u0041\"}]}\n"
    #expect(try sent(plain, streams: false) == plain)
    #expect(try sent(plain, model: "m", streams: false) == plain)
    let full =
      #"{"stream_options":{"include_usage":true},"stream":true,"model":"m","#
      + #""messages":[{}]}"#
    #expect(try sent(full, streams: true) == full)
    let without = #"{"stream":true,"model":"m","messages":[{}]}"#
    #expect(try sent(without, streams: true, asksUsage: false) == without)
  }

  @Test func `a model's name is replaced where it stands, and only there`() throws {
    #expect(
      try sent(
        #"{"messages":[{"model":"m"}],"model" : "m\u0041","x":"m"}"#, model: "up/\"é\"",
        streams: false)
        == #"{"messages":[{"model":"m"}],"model" : "up/\"é\"","x":"m"}"#)
  }

  /// The value of `stream` in a body, and what becomes of the body when it streams or does not.
  @Test(arguments: [
    ("", #""stream":true,"#, ""), (#""stream":true,"#, #""stream":true,"#, #""stream":false,"#),
    (#""stream":false,"#, #""stream":true,"#, #""stream":false,"#),
    (#""stream": null ,"#, #""stream": true ,"#, #""stream": null ,"#),
    (#""str\u0065am":false,"#, #""str\u0065am":true,"#, #""str\u0065am":false,"#),
    (
      #""stream":true,"stream":false,"#, #""stream":true,"stream":true,"#,
      #""stream":true,"stream":false,"#
    ),
  ])
  func `whether it streams is set in place or put in front`(
    field: String, streaming: String, whole: String
  ) throws {
    let rest = #""messages":[{"stream":false}],"model":"m"}"#
    #expect(
      try sent("{" + field + rest, streams: true, asksUsage: false) == "{" + streaming + rest)
    #expect(try sent("{" + field + rest, streams: false) == "{" + whole + rest)
  }

  /// The value of `stream_options`, and what asks for the usage.
  @Test(arguments: [
    ("null", #"{"include_usage":true}"#), ("{}", #"{"include_usage":true}"#),
    ("{ \n}", #"{"include_usage":true}"#),
    (#"{"include_usage":false}"#, #"{"include_usage":true}"#),
    (#"{"include_usage":null}"#, #"{"include_usage":true}"#),
    (#"{"include_usage":"true"}"#, #"{"include_usage":true}"#),
    (#"{ "include_usage" : 0 }"#, #"{ "include_usage" : true }"#),
    (#"{"a":{"include_usage":true}}"#, #"{"include_usage":true,"a":{"include_usage":true}}"#),
    (#"{"a":1,"include_usage":false,"b":[]}"#, #"{"a":1,"include_usage":true,"b":[]}"#),
    (
      #"{"include_usage":true,"include_usage":false}"#,
      #"{"include_usage":true,"include_usage":true}"#
    ),
    (#"{"include_\u0075sage":false}"#, #"{"include_\u0075sage":true}"#),
    (#"{"include_usage":true}"#, #"{"include_usage":true}"#),
  ])
  func `the usage is asked for beside what the client asked`(
    options: String, asking: String
  ) throws {
    let (start, end) = (
      #"{"model":"m","stream":true,"stream_options":"#, #","messages":[{}]}"#
    )
    #expect(try sent(start + options + end, streams: true) == start + asking + end)
    #expect(
      try sent(start + options + end, streams: true, asksUsage: false) == start + options + end)
  }

  @Test func `of options that come twice the last ones are changed`() throws {
    let first = #"{"model":"m","stream":true,"messages":[{}],"stream_options":"#
    for (came, goes) in [
      (#"{"include_usage":false}"#, #"{"include_usage":false}"#),
      (#"{"include_usage":true}"#, #"{"include_usage":true}"#), ("null", "null"),
    ] {
      #expect(
        try sent(first + came + #","stream_options":{}}"#, streams: true)
          == first + goes + #","stream_options":{"include_usage":true}}"#)
    }
  }

  @Test func `all changes at once keep the rest as it was`() throws {
    let body = #" {"a":[1, 2],"model":"m","z":{} ,"messages":[{"content":"x"}],"n":-0.0e+1} "#
    #expect(
      try sent(body, model: "up", streams: true)
        == #" {"stream":true,"stream_options":{"include_usage":true},"a":[1, 2],"model":"up","#
        + #""z":{} ,"messages":[{"content":"x"}],"n":-0.0e+1} "#)
  }

  /// A body from random fields in a random order, and the one expected of it.
  @Test(arguments: 0..<200)
  func `whatever the order and the spelling, only the changed values change`(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    func blank() -> String {
      ["", " ", "\n", "\t \r\n"].randomElement(using: &random) ?? ""
    }
    // Each field as it comes and as it must go.
    let (model, streams, asksUsage) = (
      Bool.random(using: &random) ? "up \"x\" 🌊" : nil, Bool.random(using: &random),
      Bool.random(using: &random)
    )
    var fields = [
      ("model", #""m""#, model == nil ? #""m""# : #""up \"x\" 🌊""#),
      ("messages", #"[{"content":"}{][\"" }]"#, #"[{"content":"}{][\"" }]"#),
    ]
    var inserted = ""
    let came = Bool.random(using: &random)
    if Bool.random(using: &random) {
      fields.append(("stream", "\(came)", "\(streams)"))
    } else if streams {
      inserted += #""stream":true,"#
    }
    let asks = streams && asksUsage
    switch Int.random(in: 0..<3, using: &random) {
    case 0: if asks { inserted += #""stream_options":{"include_usage":true},"# }
    case 1:
      fields.append(
        (
          "stream_options", #"{"x":[{}]}"#,
          asks ? #"{"include_usage":true,"x":[{}]}"# : #"{"x":[{}]}"#
        ))
    default:
      fields.append(
        (
          "stream_options", #"{"include_usage": false}"#,
          asks ? #"{"include_usage": true}"# : #"{"include_usage": false}"#
        ))
    }
    for number in 0..<Int.random(in: 0...4, using: &random) {
      let value =
        [#""model""#, "1e5", "null", #"{"stream":true}"#, "[[]]"]
        .randomElement(using: &random) ?? "0"
      fields.append(("x\(number)", value, value))
    }
    fields.shuffle(using: &random)
    var (body, expected) = (blank() + "{", "")
    expected = body + inserted
    for (index, field) in fields.enumerated() {
      let name = blank() + "\"\(field.0)\"" + blank() + ":" + blank()
      let end = blank() + (index == fields.count - 1 ? "}" : ",")
      body += name + field.1 + end
      expected += name + field.2 + end
    }
    #expect(
      try sent(body, model: model, streams: streams, asksUsage: asksUsage) == expected)
  }
}
