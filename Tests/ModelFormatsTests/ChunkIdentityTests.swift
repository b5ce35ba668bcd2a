import ModelFormats
import Testing

@Suite struct ChunkIdentityTests {
  private func adopt(_ first: String, _ chunk: String) -> String {
    let bytes = ChunkIdentity(Array(first.utf8).span).adopt(Array(chunk.utf8).span)
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
  ])
  func `a chunk becomes one of the stream`(_ first: String, _ chunk: String, _ expected: String) {
    #expect(adopt(first, chunk) == expected)
  }
}
