import Testing

@testable import LoadGeneration

@Suite struct StampTests {
  private func find(_ text: String, hint: Int = 0) -> Stamp? {
    var hint = hint
    return Stamp.find(in: Array(text.utf8).span, hint: &hint)
  }

  @Test func `a stamp that was written is found, wherever it stands`() {
    for prefix in ["", "t", "t=", "t=000 n=1 ", #"{"choices":[{"delta":{"content":""#, "ttttt="] {
      var bytes = Array("\(prefix)\(Stamp.blank) rest".utf8)
      let stamp = Stamp(time: 1_234_567_890_123_456_789, number: 42)
      stamp.write(into: &bytes, at: prefix.utf8.count)
      for hint in [0, 3, prefix.utf8.count, 1000] {
        #expect(find(String(decoding: bytes, as: UTF8.self), hint: hint) == stamp)
      }
    }
  }

  @Test func `the place of a stamp is remembered`() {
    var hint = 0
    let bytes = Array("abc \(Stamp.blank)".utf8)
    #expect(Stamp.find(in: bytes.span, hint: &hint) != nil)
    #expect(hint == 4)
  }

  @Test(arguments: [
    "", "t=", "t=1 n=2", "t=000000000000000000x n=00000000", "t=0000000000000000000 n=0000000",
    "t=0000000000000000000 m=00000000", "t=0000000000000000000_n=00000000",
  ])
  func `what only looks like one is none`(text: String) {
    #expect(find(text) == nil)
  }

  @Test func `the text is what the models write`() {
    var bytes = Array(Stamp.blank.utf8)
    Stamp(time: 7, number: 3).write(into: &bytes, at: 0)
    #expect(String(decoding: bytes, as: UTF8.self) == "t=0000000000000000007 n=00000003")
    #expect(bytes.count == Stamp.byteCount)
  }
}
