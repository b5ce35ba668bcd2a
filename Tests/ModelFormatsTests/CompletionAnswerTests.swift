import JSONWire
import ModelFormats
import Testing

@Suite struct CompletionAnswerTests {
  static let bodies: [(String, String)] = [
    (
      """
      {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "m",
        "choices": [{
          "index": 0,
          "message": {"role": "assistant", "content": "a\\/b \\ud83d\\ude00\\n", "refusal": null,
                      "annotations": []},
          "logprobs": null, "finish_reason": "stop"
        }],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        "service_tier": "default", "system_fingerprint": "fp", "x": {"y": [1.50, true]}
      }
      """,
      #"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m","#
        + #""choices":[{"index":0,"delta":{"role":"assistant","content":"a/b \ud83d\ude00\n","#
        + #""refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"#
        + #""usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"#
        + #""service_tier":"default","system_fingerprint":"fp","x":{"y":[1.50,true]}}"#
    ),
    (
      #"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"a","function":{"name":"f"}},"#
        + #"{"index":7,"id":"b"},{"index":null,"id":"c"},null]},"finish_reason":"tool_calls"},"#
        + #"{"message":{"content":"x"},"index":null},{"message":null,"delta":null}]}"#,
      #"{"choices":[{"index":0,"delta":{"content":null,"tool_calls":["#
        + #"{"index":0,"id":"a","function":{"name":"f"}},"#
        + #"{"index":7,"id":"b"},{"index":2,"id":"c"},null]},"finish_reason":"tool_calls"},"#
        + #"{"index":1,"delta":{"content":"x"}},{"index":2,"delta":{},"delta":null}],"#
        + #""object":"chat.completion.chunk"}"#
    ),
    (
      #"{"object":"chat.completion","choices":[{"delta":null,"message":{"content":"m"}}]}"#,
      #"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"m"}}]}"#
    ),
    (#"{"choices":null}"#, #"{"choices":null,"object":"chat.completion.chunk"}"#),
    (
      "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"\u{2028}é\"}}]}",
      "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\u2028é\"}}],"
        + "\"object\":\"chat.completion.chunk\"}"
    ),
  ]

  @Test(arguments: bodies)
  func `a whole answer becomes one chunk`(_ body: String, _ expected: String) throws {
    #expect(try chunk(body) == expected)
  }

  @Test(arguments: bodies)
  func `a body cut at any byte throws and appends nothing`(_ body: String, _ chunk: String) {
    let bytes = Array(body.utf8)
    for length in 0..<bytes.count {
      let cut = Array(bytes[..<length])
      var output: [UInt8] = [0x78]
      #expect(throws: JSONError.self) { try CompletionAnswer.chunk(from: cut.span, into: &output) }
      #expect(output == [0x78])
    }
  }

  @Test(arguments: [
    (ChunkVectors.errorObject, "The server is \"busy\""),
    (ChunkVectors.errorString, "model not found"),
    (ChunkVectors.errorOnTop, "too long"),
  ])
  func `a body that reports a fault is told as one`(_ body: String, _ message: String) throws {
    let bytes = Array(body.utf8)
    var output: [UInt8] = []
    let outcome = try CompletionAnswer.chunk(from: bytes.span, into: &output)
    guard case .fault(let fault) = outcome else {
      Issue.record("expected a fault, got \(outcome)")
      return
    }
    #expect(SeenFault(fault, in: bytes).message == message)
    #expect(output.isEmpty)
  }

  @Test(arguments: ["[DONE]", "[]", "<html>", ""])
  func `a body that is no object throws`(_ body: String) {
    #expect(throws: JSONError.self) { try chunk(body) }
  }

  @Test func `what comes before in the output stays`() throws {
    let body = Array("{}".utf8)
    var output = Array("data: ".utf8)
    _ = try CompletionAnswer.chunk(from: body.span, into: &output)
    #expect(
      String(decoding: output, as: UTF8.self) == #"data: {"object":"chat.completion.chunk"}"#)
  }

  @Test func `what is said of a body without making its chunk is what the chunk says`() throws {
    for body in Self.bodies.map(\.0) + ChunkVectors.all {
      let bytes = Array(body.utf8)
      guard let event = CompletionAnswer.event(of: bytes.span) else { continue }
      let made = try #require(try chunk(body))
      let seen = try read(made)
      #expect(event.kind == seen.kind && event.usage == seen.usage)
      #expect(event.text?.text(in: bytes.span) == seen.text)
      #expect(event.finishReason?.text(in: bytes.span) == seen.finishReason)
      #expect(event.isContent == seen.isContent)
    }
    #expect(CompletionAnswer.event(of: Array(Self.bodies[0].0.utf8).span) != nil)
  }
}
