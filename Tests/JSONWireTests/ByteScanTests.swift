import JSONWire
import Testing

/// The lanes of a vector, the words in it, and the tail behind the last vector.
@Suite struct ByteScanTests {
  @Test(arguments: 0...70)
  func `a quote ends a string at whatever position`(_ length: Int) throws {
    for follower in [0, 1, 7, 8, 15, 16, 17, 40] {
      let text = String(repeating: "a", count: length)
      let bytes = Array("\"\(text)\"".utf8) + Array(repeating: UInt8(ascii: " "), count: follower)
      let string = try Reading.string(bytes)
      #expect(string.range == 1..<1 + length)
      #expect(string.isPlain)
      #expect(string.text(in: bytes.span) == text)
    }
  }

  @Test(arguments: 0...70)
  func `an escape is found at whatever position`(_ position: Int) throws {
    for (escape, meaning) in [("\\n", "\n"), ("\\u00e9", "é"), ("\\ud83d\\ude00", "😀")] {
      let before = String(repeating: "b", count: position)
      let after = String(repeating: "c", count: 70 - position)
      let bytes = Array("\"\(before)\(escape)\(after)\"".utf8)
      let string = try Reading.string(bytes)
      #expect(!string.isPlain)
      #expect(string.text(in: bytes.span) == before + meaning + after)
    }
  }

  @Test(arguments: 0...70)
  func `a control character is found at whatever position`(_ position: Int) {
    for control in [UInt8(0), 0x0A, 0x1F] {
      var bytes = Array("\"\(String(repeating: "d", count: 71))\"".utf8)
      bytes[1 + position] = control
      #expect(throws: JSONError.controlCharacter(at: 1 + position)) {
        try Reading.string(bytes)
      }
    }
  }

  @Test(arguments: 0...70)
  func `bytes next to the special ones in value are plain`(_ position: Int) throws {
    for neighbour in [UInt8(0x20), 0x21, 0x23, 0x5B, 0x5D, 0x7F] {
      var bytes = Array("\"\(String(repeating: "e", count: 71))\"".utf8)
      bytes[1 + position] = neighbour
      #expect(try Reading.string(bytes).range.count == 71)
    }
  }

  @Test(arguments: 0...70)
  func `a character beyond ASCII is kept at whatever position`(_ position: Int) throws {
    for character in ["é", "語", "😀"] {
      let text =
        String(repeating: "f", count: position) + character
        + String(repeating: "g", count: 70 - position)
      let bytes = Array("\"\(text)\"".utf8)
      #expect(try Reading.text(bytes) == text)
      var normalized: [UInt8] = []
      JSONText.appendNormalized(
        try Reading.string(bytes), from: bytes.span, to: &normalized)
      #expect(normalized == bytes)
    }
  }

  @Test(arguments: 0...70)
  func `a byte that is no UTF-8 is replaced at whatever position`(_ position: Int) throws {
    var bytes = Array("\"\(String(repeating: "h", count: 71))\"".utf8)
    bytes[1 + position] = 0xFF
    let expected = String(decoding: bytes[1...71], as: UTF8.self)
    #expect(try Reading.text(bytes) == expected)
  }
}
