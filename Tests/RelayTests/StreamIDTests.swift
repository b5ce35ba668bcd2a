import Testing

@testable import Relay

@Suite struct StreamIDTests {
  @Test(arguments: [0, 1, 9, 10, 35, 36, 60, 61])
  func `an id says which loop owns it`(owner: Int) {
    let id = StreamID(owner: owner)
    #expect(id.owner == owner)
    #expect(StreamID(id.text) == id)
    #expect(StreamID(id.text)?.owner == owner)
  }

  @Test func `there are as many owners as letters`() {
    #expect(StreamID.maximumLoops == 62)
    let letters = (0..<62).map { StreamID(owner: $0).text.dropFirst(5).first }
    #expect(Set(letters).count == 62)
  }

  @Test func `ten thousand ids are ten thousand, and every place takes every letter`() {
    var places = [Set<Character>](repeating: [], count: 23)
    var seen: Set<String> = []
    for _ in 0..<10_000 {
      let text = StreamID(owner: 7).text
      seen.insert(text)
      for (place, letter) in text.dropFirst(5).enumerated() { places[place].insert(letter) }
    }
    #expect(seen.count == 10_000)
    #expect(places[0] == ["7"])
    #expect(places.dropFirst().allSatisfy { $0.count == 62 })
  }

  @Test(arguments: [
    "", "strm_", "strm_0ABCDEFGHIJKLMNOPQRSTU", "strm_0ABCDEFGHIJKLMNOPQRSTUVW",
    "strm-0ABCDEFGHIJKLMNOPQRSTUV", "STRM_0ABCDEFGHIJKLMNOPQRSTUV",
    "strm_0ABCDEFGHIJKLMNOPQRSTU-", "strm_0ABCDEFGHIJKLMNOPQRSTU/",
    "strm_-ABCDEFGHIJKLMNOPQRSTUV", "strm_0ABCDEFGHIJKLMNOPQRSTU\u{0}",
    "strm_0ABCDEFGHIJKLMNOPQRSTU\n", " strm_0ABCDEFGHIJKLMNOPQRSTU",
    "strm_0ABCDEFGHIJKLMNOPQRSé", "strm_0ABCDEFGHIJKLMNOPQRSTUK\u{301}",
    "../../0ABCDEFGHIJKLMNOPQRSTUVW",
  ])
  func `what no stream can be called is no id`(text: String) {
    #expect(StreamID(text) == nil)
  }

  @Test func `an id of the right shape is taken as it is`() {
    let text = "strm_zABCdefGHIjklMNOpqr0123"
    #expect(StreamID(text)?.text == text)
    #expect(StreamID(text)?.owner == 61)
  }
}
