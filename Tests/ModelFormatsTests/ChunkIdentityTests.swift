import ModelFormats
import Testing

@Suite struct ChunkIdentityTests {
  private func adopt(_ first: String, _ chunk: String) -> String {
    var identity = ChunkIdentity()
    identity.learn(Array(first.utf8).span)
    let bytes = identity.adopt(Array(chunk.utf8).span)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: [
    (
      #"{"id":"a","created":1,"model":"m","choices":[]}"#,
      #"{"id":"b","object":"o","created":22,"model":"other","choices":[{"id":"b"}],"x":1}"#,
      #"{"id":"a","object":"o","created":1,"model":"m","choices":[{"id":"b"}],"x":1}"#
    ),
    // What only one of them has stays as it is.
    (#"{"system_fingerprint":"f"}"#, #"{"id":"b","created":2}"#, #"{"id":"b","created":2}"#),
    (#"{"id":"a"}"#, #"{"system_fingerprint":null}"#, #"{"system_fingerprint":null}"#),
    (#"{"id":"a"}"#, #"{ "i\u0064" : [ "b" ] }"#, #"{ "i\u0064" : "a" }"#),
    ("[]", #"{"id":"b"}"#, #"{"id":"b"}"#), (#"{"id":"a"}"#, "7", "7"),
    (#"{"id":"a"}"#, #"{"id":"b","id":"c"}"#, #"{"id":"a","id":"a"}"#),
    // Blank values say nothing.
    (
      #"{"id":"","created":0,"model":null}"#, #"{"id":"b","created":2}"#, #"{"id":"b","created":2}"#
    ),
  ])
  func `a chunk becomes one of the stream`(_ first: String, _ chunk: String, _ expected: String) {
    #expect(adopt(first, chunk) == expected)
  }

  @Test func `what was blank at first is learned later, and what was said first stays`() {
    var identity = ChunkIdentity()
    for chunk in [#"{"id":"","model":""}"#, #"{"id":"a","model":"m"}"#, #"{"id":"b"}"#] {
      identity.learn(Array(chunk.utf8).span)
    }
    let bytes = identity.adopt(Array(#"{"id":"c","model":"x"}"#.utf8).span)
    #expect(String(decoding: bytes, as: UTF8.self) == #"{"id":"a","model":"m"}"#)
    #expect(!identity.hasRole)
    identity.learn(Array(#"{"choices":[{"delta":{"role":"assistant"}}]}"#.utf8).span)
    #expect(identity.hasRole)
  }
}
