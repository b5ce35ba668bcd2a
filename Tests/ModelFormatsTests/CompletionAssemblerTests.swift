import JSONWire
import ModelFormats
import Testing

@Suite struct CompletionAssemblerTests {
  /// One answer whose message has these members.
  private func answer(_ message: String, finish: String = "null") -> String {
    #"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","#
      + message + #"},"logprobs":null,"finish_reason":\#(finish)}]}"#
  }

  private func delta(_ members: String, finish: String = "null") -> String {
    #"{"choices":[{"index":0,"delta":{\#(members)},"finish_reason":\#(finish)}]}"#
  }

  @Test func `a recorded stream becomes one answer`() throws {
    let payloads = [
      ChunkVectors.role, ChunkVectors.text, ChunkVectors.escapes, ChunkVectors.finish,
      ChunkVectors.usageOnly, "[DONE] ",
    ]
    let expected =
      #"{"id":"chatcmpl-AbC","object":"chat.completion","created":1721075653,"#
      + #""model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","#
      + #""content":" helloa \"q\"\n\ud83d\ude00/","refusal":null},"logprobs":null,"#
      + #""finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"#
      + #""total_tokens":29,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0}},"#
      + #""service_tier":"default","system_fingerprint":"fp_8b761cb050"}"#
    #expect(try assembled(payloads) == expected)
  }

  @Test func `nothing at all is an answer without choices`() throws {
    #expect(try assembled([]) == #"{"object":"chat.completion","choices":[]}"#)
    #expect(try assembled(["[DONE]"]) == #"{"object":"chat.completion","choices":[]}"#)
  }

  @Test func `tool calls are merged by their index`() throws {
    let payloads = [
      delta(
        #""role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a","type":"function","#
          + #""function":{"name":"f","arguments":""}}]"#),
      delta(#""tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]"#),
      delta(
        #""tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","#
          + #""arguments":"{}"}},{"index":0,"id":"other","function":{"name":"h","#
          + #""arguments":":1}"}}]"#),
      delta("", finish: #""tool_calls""#),
    ]
    let expected = answer(
      #""content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":"#
        + #"{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":"#
        + #"{"name":"g","arguments":"{}"}}]"#, finish: #""tool_calls""#)
    #expect(try assembled(payloads) == expected)
  }

  @Test func `tool calls without an index are told apart by their ids`() throws {
    let payloads = [
      delta(#""tool_calls":[{"id":"a","function":{"name":"f","arguments":"1"}}]"#),
      delta(#""tool_calls":[{"id":"","function":{"arguments":"2"}}]"#),
      delta(#""tool_calls":[{"id":"a","function":{"arguments":"3"}}]"#),
      delta(#""tool_calls":[{"id":"b","custom":{"name":"c","input":"4"},"extra":{"k":1}}]"#),
    ]
    let expected = answer(
      #""content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":"#
        + #"{"name":"f","arguments":"123"}},{"id":"b","type":"custom","custom":"#
        + #"{"name":"c","input":"4"},"extra":{"k":1}}]"#)
    #expect(try assembled(payloads) == expected)
  }

  @Test func `the single function call of old is joined too`() throws {
    let payloads = [
      ChunkVectors.functionCall, delta(#""function_call":{"arguments":"}"}"#),
    ]
    let expected = answer(
      #""content":null,"refusal":null,"function_call":{"name":"f","arguments":"{}"}"#)
    #expect(try assembled(payloads) == expected)
  }

  @Test func `reasoning is joined under the name it came with`() throws {
    let payloads = [
      delta(#""reasoning_content":"a""#), delta(#""reasoning_content":"b","reasoning":"c""#),
      delta(#""reasoning":"d","content":"e""#),
    ]
    let expected = answer(
      #""content":"e","reasoning_content":"ab","reasoning":"cd","refusal":null"#)
    #expect(try assembled(payloads) == expected)
  }

  @Test func `a refusal has no content`() throws {
    let payloads = [delta(#""content":"","refusal":"I "# + #"""#), delta(#""refusal":"won't""#)]
    #expect(try assembled(payloads) == answer(#""content":null,"refusal":"I won't""#))
  }

  @Test func `an answer that said nothing has empty content`() throws {
    #expect(try assembled([delta("")]) == answer(#""content":"","refusal":null"#))
  }

  @Test func `characters cut in two by the provider are whole again`() throws {
    let payloads = [delta(#""content":"\ud83d""#), delta(#""content":"\ude00""#)]
    #expect(try assembled(payloads) == answer(#""content":"\ud83d\ude00","refusal":null"#))
    let lone = [delta(#""content":"\ud83d""#), delta(#""content":"x""#)]
    #expect(try assembled(lone) == answer(#""content":"\ufffdx","refusal":null"#))
  }

  @Test func `log probabilities are put end to end`() throws {
    func payload(_ logprobs: String) -> String {
      #"{"choices":[{"index":0,"delta":{},"logprobs":\#(logprobs)}]}"#
    }
    let payloads = [
      payload("null"), payload(#"{"content":[{"token":"a","logprob":-0.5}],"refusal":null}"#),
      payload(#"{"content":[],"refusal":[ ]}"#), payload(#"{"content":[ {"token":"b"} ]}"#),
    ]
    let expected =
      #""logprobs":{"content":[{"token":"a","logprob":-0.5},{"token":"b"}],"refusal":[]}"#
    #expect(try assembled(payloads).contains(expected))
  }

  @Test func `choices are ordered by index, each with its own text`() throws {
    let payloads = [
      ChunkVectors.secondChoice, ChunkVectors.bothChoices,
      #"{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#,
    ]
    let expected =
      #"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","#
      + #""content":"zero","refusal":null},"logprobs":null,"finish_reason":null},"#
      + #"{"index":1,"message":{"role":"assistant","content":"otherone","refusal":null},"#
      + #""logprobs":null,"finish_reason":"length"}]}"#
    #expect(try assembled(payloads) == expected)
  }

  @Test func `placeholders give way to what comes later, and nothing else does`() throws {
    let payloads = [
      ChunkVectors.promptFilter,
      #"{"id":"one","created":5,"model":"m","choices":[],"usage":{"total_tokens":1}}"#,
      #"{"id":"two","created":6,"model":"n","choices":[],"usage":{"total_tokens":2}}"#,
      #"{"usage":null}"#,
    ]
    let expected =
      #"{"id":"one","object":"chat.completion","created":5,"model":"m","choices":[],"#
      + #""usage":{"total_tokens":2},"prompt_filter_results":"#
      + #"[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false}}}]}"#
    #expect(try assembled(payloads) == expected)
  }

  @Test func `unknown fields are kept, arrays of a delta being joined`() throws {
    let payloads = [
      #"{"p":1,"choices":[{"index":0,"delta":{"details":[1],"role":"assistant"},"n":null}]}"#,
      #"{"p":2,"choices":[{"index":0,"delta":{"details":[ 2 ],"audio":{}},"n":"s"}]}"#,
    ]
    let expected =
      #"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","#
      + #""content":"","refusal":null,"details":[1,2],"audio":{}},"logprobs":null,"#
      + #""finish_reason":null,"n":"s"}],"p":2}"#
    #expect(try assembled(payloads) == expected)
  }

  @Test func `a payload that throws leaves no trace, and faults add nothing`() throws {
    let good = [ChunkVectors.role, ChunkVectors.text]
    let expected = try assembled(good)
    let bad = Array((ChunkVectors.toolStart + "x").utf8)
    var assembler = CompletionAssembler()
    for payload in good {
      #expect(throws: JSONError.self) { try assembler.add(bad.span) }
      let bytes = Array(payload.utf8)
      try assembler.add(bytes.span)
    }
    let fault = Array(ChunkVectors.errorWithChoices.utf8)
    try assembler.add(fault.span)
    #expect(String(decoding: assembler.finish(), as: UTF8.self) == expected)
  }

  @Test(arguments: ChunkVectors.all)
  func `a chunk made into an answer and back means the same`(_ payload: String) throws {
    let original = try read(payload)
    guard original.kind == .content, payload != ChunkVectors.contentInParts,
      payload != ChunkVectors.strangeKinds
    else { return }
    let again = try read(try #require(try chunk(try assembled([payload]))))
    #expect(again == original)
  }

  @Test func `an answer made into a chunk and back is the same, byte for byte`() throws {
    let body =
      #"{"id":"i","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"#
      + #""message":{"role":"assistant","content":null,"reasoning_content":"r","#
      + #""refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","#
      + #""arguments":"{\"x\":\"\\n\"}"}},{"id":"b","type":"function","function":{"name":"g","#
      + #""arguments":""}}],"annotations":[{"k":1}]},"logprobs":{"content":[{"t":1}],"#
      + #""refusal":null},"finish_reason":"tool_calls"},{"index":1,"message":{"role":"assistant","#
      + #""content":"é\u2028","refusal":null},"logprobs":null,"finish_reason":"stop"}],"#
      + #""usage":{"prompt_tokens":1},"system_fingerprint":"s","extra":[]}"#
    #expect(try assembled([try #require(try chunk(body))]) == body)
  }

  @Test func `more unknown fields than there is room for are left out`() throws {
    let payload = "{" + (0..<80).map { "\"f\($0)\":1" }.joined(separator: ",") + "}"
    let answer = try assembled([payload, payload])
    #expect(answer.contains("\"f63\":1") && !answer.contains("\"f64\""))
  }
}
