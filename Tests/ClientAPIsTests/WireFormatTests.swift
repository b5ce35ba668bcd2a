import ClientAPIs
import EventStream
import JSONWire
import ModelFormats
import Testing

@Suite struct WireFormatTests {
  private static let summary = AnswerSummary(
    conversationID: "strm_x", text: Array(" Hi \"é\" \n".utf8),
    usage: Usage(promptTokens: 1, completionTokens: 2, totalTokens: 3), sequence: 42)

  /// Payloads, and the text as it must be written; nil where there is none to show.
  private static let payloads: [(String, String?)] = [
    (#"{"choices":[{"delta":{"content":"Hi"}}]}"#, "Hi"),
    (#"{"choices":[{"delta":{"content":" "}}]}"#, " "),
    (#"{"choices":[{"delta":{"content":"\n\"\\"}}]}"#, #"\n\"\\"#),
    (#"{"choices":[{"delta":{"content":"a\/b"}}]}"#, "a/b"),
    (#"{"choices":[{"delta":{"content":"\u00e9\ud83c\udf0a"}}]}"#, #"\u00e9\ud83c\udf0a"#),
    (#"{"choices":[{"delta":{"content":"\ud83c"}}]}"#, #"\ufffd"#),
    (
      "{\"choices\":[{\"delta\":{\"content\":\"a\u{2028}b\u{2029}c\u{85}d\"}}]}",
      #"a\u2028b\u2029c\u0085d"#
    ),
    (#"{"choices":[{"delta":{"content":"é🌊"}}]}"#, "é🌊"),
    (#"{"choices":[{"delta":{"content":""}}]}"#, nil),
    (#"{"choices":[{"delta":{"role":"assistant"}}]}"#, nil),
    (#"{"choices":[{"index":1,"delta":{"content":"other"}}]}"#, nil),
    (#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#, nil),
    (#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#, nil),
    (#"{"choices":[],"usage":{"prompt_tokens":1}}"#, nil),
  ]

  @Test(arguments: payloads)
  func `each format shows a delta in its own way, or not at all`(
    payload: String, shownText: String?
  ) throws {
    let shownText = shownText.map { "\"\($0)\"" }
    #expect(try shown(payload, in: .openAI) == "data: \(payload)\n\n")
    #expect(
      try shown(payload, in: .events, sequence: 1_234_567_890)
        == (shownText.map { "id: 1234567890\ndata: {\"text\":\($0)}\n\n" } ?? ""))
    #expect(
      try shown(payload, in: .lines)
        == (shownText.map { "{\"type\":\"token\",\"token\":\($0)}\n" } ?? ""))
    #expect(
      try shown(payload, in: .chunks)
        == (shownText.map { "data: {\"chunk\": \($0)}\n\n" } ?? ""))
  }

  @Test func `sequence numbers are decimal, without leading zeros`() throws {
    for sequence in [0, 1, 9, 10, 99, 100, 101, Int.max] {
      let event = try shown(Self.payloads[0].0, in: .events, sequence: sequence)
      #expect(event.hasPrefix("id: \(sequence)\n"))
    }
  }

  // MARK: Endings

  @Test(arguments: [
    (WireFormat.openAI, ": continued\n\ndata: [DONE]\n\n"),
    (.chunks, ": continued\n\ndata: [DONE]\n\n"),
    (
      .events,
      "id: 7\nevent: done\ndata: {\"finishReason\":null,\"usage\":null,\"continued\":2}\n\n"
    ),
    (
      .lines,
      "{\"type\":\"done\",\"message\":\"Hi\",\"conversationId\":\"c\",\"continued\":true}\n"
    ),
  ])
  func `the end of a continued answer says so`(_ format: WireFormat, _ expected: String) {
    let summary = AnswerSummary(
      conversationID: "c", text: Array("Hi".utf8), usage: nil, continuations: 2, sequence: 7)
    var output: [UInt8] = []
    format.appendEnding(.done(finishReason: nil), summary, to: &output)
    #expect(String(decoding: output, as: UTF8.self) == expected)
  }

  @Test func `a whole answer ends with the mark of its format`() {
    let done = Ending.done(finishReason: "stop")
    #expect(shown(done, in: .openAI, Self.summary) == "data: [DONE]\n\n")
    #expect(
      shown(done, in: .events, Self.summary)
        == "id: 42\nevent: done\ndata: {\"finishReason\":\"stop\",\"usage\":"
        + "{\"promptTokens\":1,\"completionTokens\":2,\"totalTokens\":3}}\n\n")
    #expect(
      shown(done, in: .lines, Self.summary)
        == "{\"type\":\"done\",\"message\":\"Hi \\\"é\\\"\",\"conversationId\":\"strm_x\"}\n")
    #expect(shown(done, in: .chunks, Self.summary) == "data: [DONE]\n\n")
  }

  @Test func `what the model did not say is null`() {
    var summary = Self.summary
    summary.usage = nil
    #expect(
      shown(.done(finishReason: nil), in: .events, summary)
        == "id: 42\nevent: done\ndata: {\"finishReason\":null,\"usage\":null}\n\n")
  }

  @Test func `a stopped answer is not a whole one`() {
    #expect(
      shown(.cancelled, in: .openAI, Self.summary)
        == #"data: {"error":{"message":"the generation was stopped","type":"server_error","#
        + "\"param\":null,\"code\":\"cancelled\"}}\n\n")
    #expect(
      shown(.cancelled, in: .events, Self.summary)
        == "id: 42\nevent: done\ndata: {\"finishReason\":\"cancelled\",\"usage\":"
        + "{\"promptTokens\":1,\"completionTokens\":2,\"totalTokens\":3}}\n\n")
    #expect(
      shown(.cancelled, in: .lines, Self.summary)
        == "{\"type\":\"error\",\"error\":\"Internal server error\"}\n")
    #expect(
      shown(.cancelled, in: .chunks, Self.summary)
        == #"data: {"error": {"name":"InternalServerError","#
        + "\"message\":\"The generation was stopped\",\"details\":{}}}\n\n")
  }

  @Test func `a failure is told in the words of the format`() {
    let failed = Ending.failed(Failure(.upstreamTimeout, "too \"late\""))
    #expect(
      shown(failed, in: .openAI, Self.summary)
        == #"data: {"error":{"message":"too \"late\"","type":"upstream_error","param":null,"#
        + "\"code\":\"upstream_timeout\"}}\n\n")
    #expect(
      shown(failed, in: .events, Self.summary)
        == "id: 42\nevent: error\n"
        + #"data: {"code":"upstream_timeout","message":"too \"late\"","retryable":true}"# + "\n\n")
    #expect(
      shown(failed, in: .lines, Self.summary)
        == "{\"type\":\"error\",\"error\":\"Internal server error\"}\n")
    #expect(
      shown(failed, in: .chunks, Self.summary)
        == #"data: {"error": {"name":"InternalServerError","#
        + "\"message\":\"The agent could not answer\",\"details\":{}}}\n\n")
  }

  @Test func `what a provider said of its fault is passed on to readers of its format only`() {
    let payload = "{\"error\":{\"message\":\"x\",\n\"code\":7}}"
    let failed = Ending.failed(Failure(.upstreamFailed, "x", payload: Array(payload.utf8)))
    #expect(
      shown(failed, in: .openAI, Self.summary)
        == "data: {\"error\":{\"message\":\"x\",\ndata: \"code\":7}}\n\n")
    for format in [WireFormat.events, .lines, .chunks] {
      #expect(!shown(failed, in: format, Self.summary).contains("7}"))
    }
  }

  /// ECMAScript's white space: what `trim` takes away, and what it leaves.
  @Test(arguments: [
    ("", "I could not generate a response right now."),
    (
      " \t\n\u{B}\u{C}\r\u{A0}\u{FEFF}\u{2028}\u{2029}\u{3000}\u{1680}",
      "I could not generate a response right now."
    ),
    ("\u{85}", #"\u0085"#), ("\u{200B}x\u{200B}", "\u{200B}x\u{200B}"),
    ("\r\n a \n b \r\n", #"a \n b"#), (" \u{301}", "\u{301}"), ("e\u{301} ", "e\u{301}"),
    (" 🌊 ", "🌊"),
  ])
  func `the last line has the text trimmed, or says that there was none`(
    answer: String, message: String
  ) {
    var summary = Self.summary
    summary.text = Array(answer.utf8)
    #expect(
      shown(.done(finishReason: "stop"), in: .lines, summary)
        == "{\"type\":\"done\",\"message\":\"\(message)\",\"conversationId\":\"strm_x\"}\n")
  }

  // MARK: Around the events

  @Test func `what comes first, and between`() {
    let expected: [WireFormat: String] = [
      .openAI: "", .events: "retry: 1000\n\n",
      .lines: "{\"type\":\"start\",\"conversationId\":\"strm_x\"}\n", .chunks: "",
    ]
    for format in WireFormat.allCases {
      var output: [UInt8] = []
      format.appendPreamble(
        conversationID: "strm_x", returnAfter: WireFormat.usualReturn, to: &output)
      #expect(text(output) == expected[format])
      #expect(format.heartbeat.map { "\($0)" } == (format == .lines ? nil : ": ping\n\n"))
      #expect(
        "\(format.contentType)"
          == (format == .lines
            ? "application/x-ndjson; charset=utf-8" : "text/event-stream; charset=utf-8"))
    }
  }

  @Test func `who reads events is told when to come back, and nobody else`() {
    for format in WireFormat.allCases {
      var output: [UInt8] = []
      format.appendReturn(after: 2_345, to: &output)
      #expect(text(output) == (format == .events ? "retry: 2345\n\n" : ""))
      #expect(format.tellsReturn == (format == .events))
    }
  }

  @Test func `formats have names in queries, and there are no others`() {
    let names: [String: WireFormat] = [
      "openai": .openAI, "sse": .events, "ndjson": .lines, "chunk": .chunks,
    ]
    for (name, format) in names { #expect(WireFormat(queryName: name) == format) }
    for name in ["", "SSE", "json", "chunks", "openAI", " sse"] {
      #expect(WireFormat(queryName: name) == nil)
    }
  }

  @Test(arguments: ["\n", "\r\n"])
  func `a payload of several lines reads back as one`(lineEnd: String) throws {
    let lines = ["{", #" "choices": [{"delta":"#, #"{"content":"x"}}]"#, "}"]
    let written = try shown(lines.joined(separator: lineEnd), in: .openAI)
    var read: [String] = []
    var parser = EventStreamParser(maximumEventBytes: 1 << 10)
    try parser.consume(written.utf8.span) { _, data in
      read.append(String(decoding: data.indices.map { data[$0] }, as: UTF8.self))
      return .proceed
    }
    #expect(read == [lines.joined(separator: "\n")])
  }
}
