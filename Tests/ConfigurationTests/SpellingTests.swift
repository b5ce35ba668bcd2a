import Testing

@testable import Configuration

@Suite struct SpellingTests {
  @Test(arguments: [
    ("timeots", "timeouts"), ("timeoust", "timeouts"), ("timeoutss", "timeouts"),
    ("Timeouts", "timeouts"), ("tmeots", "timeouts"), ("lop", "log"), ("lgo", "log"),
    ("keps", "keys"), ("", nil), ("x", nil), ("bogus", nil), ("times", nil),
    (String(repeating: "l", count: 65), nil),
  ])
  func `the nearest word is suggested when it is near enough to be meant`(
    _ word: String, _ expected: String?
  ) {
    #expect(Spelling.nearest(to: word, in: ["timeouts", "log", "keys"]) == expected)
  }

  @Test func `of equally near words the first is suggested`() {
    #expect(Spelling.nearest(to: "bat", in: ["cat", "hat"]) == "cat")
    #expect(Spelling.nearest(to: "hat", in: ["cat", "hat"]) == "hat")
  }

  @Test func `without candidates there is no suggestion`() {
    #expect(Spelling.nearest(to: "a", in: []) == nil)
    #expect(Spelling.nearest(to: "", in: [""]) == "")
  }
}
