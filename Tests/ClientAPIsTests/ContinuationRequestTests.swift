import ClientAPIs
import Testing

@Suite struct ContinuationRequestTests {
  private static let plain =
    #"{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true}"#

  private func continued(
    _ body: String, _ text: String, _ manner: ContinuationRequest.Manner
  ) -> String {
    let bytes = ContinuationRequest.body(
      Array(body.utf8).span, text: Array(text.utf8), manner)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `the answer so far goes behind the messages, and nothing else changes`() {
    #expect(
      continued(Self.plain, "He said \"é\"\n", .prefill)
        == #"{"model":"m","messages":[{"role":"user","content":"Hi"},"#
        + #"{"role":"assistant","content":"He said \"é\"\n"}],"stream":true}"#)
    #expect(
      continued(#"{ "messages" : [ 1 , [2] ] , "n" : 1.0 }"#, "x", .prefill)
        == #"{ "messages" : [ 1 , [2] ,{"role":"assistant","content":"x"}] , "n" : 1.0 }"#)
  }

  @Test func `fields say so, or a message does`() {
    #expect(
      continued(Self.plain, "x", .finalMessage)
        == #"{"continue_final_message":true,"add_generation_prompt":false,"model":"m","#
        + #""messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"x"}],"#
        + #""stream":true}"#)
    let instructed = continued(Self.plain, "x", .instruction)
    #expect(
      instructed.contains(
        #"{"role":"assistant","content":"x"},{"role":"user","content":"Your answer was "#))
    #expect(instructed.hasSuffix(#""}],"stream":true}"#))
  }

  @Test func `with nothing said yet it is the request as it was`() {
    for manner in [ContinuationRequest.Manner.prefill, .finalMessage, .instruction] {
      #expect(continued(Self.plain, "", manner) == Self.plain)
    }
  }

  @Test(arguments: [
    ("", true), (#""tools":[],"#, true), (#""n":1,"#, true), (#""n":null,"#, true),
    (#""n":2,"#, false), (#""logprobs":false,"#, true), (#""logprobs":true,"#, false),
    (#""response_format":{"type":"text"},"#, true), (#""response_format":null,"#, true),
    (#""response_format":{"type":"json_object"},"#, false),
    (#""response_format":{"json_schema":{"type":"text"},"type":"json_schema"},"#, false),
    (#""response_format":"x","#, false), (#""audio":{"voice":"a"},"#, false),
    (#""guided_json":{},"#, false), (#""guided_json":null,"#, true), (#""echo":true,"#, false),
    (#""echo":false,"#, true), (#""regex":"a","#, false), (#""structured_outputs":{},"#, false),
  ])
  func `what another model could not go on with is not tried`(_ field: String, _ isPossible: Bool) {
    let body = Self.plain.replacing(#"{"model""#, with: #"{\#(field)"model""#)
    #expect(ContinuationRequest.isPossible(Array(body.utf8).span) == isPossible)
  }
}
