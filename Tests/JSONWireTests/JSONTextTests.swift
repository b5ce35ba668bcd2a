import TestSupport
import JSONWire
import Testing

@Suite struct JSONTextTests {
  private func quoted(_ utf8: [UInt8]) -> String {
    var output: [UInt8] = []
    JSONText.appendQuoted(utf8.span, to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  private func normalized(_ json: [UInt8]) throws -> String {
    var output: [UInt8] = []
    JSONText.appendNormalized(try Reading.string(json), from: json.span, to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  @Test func `text is quoted with the shortest escapes and no needless ones`() {
    let cases: [(String, String)] = [
      ("", #""""#), ("plain /", #""plain /""#), ("\"\\", #""\"\\""#),
      ("\u{8}\u{C}\n\r\t", #""\b\f\n\r\t""#), ("\0\u{1}\u{1F}", #""\u0000\u0001\u001f""#),
      ("\u{7F}é語😀", "\"\u{7F}é語😀\""), ("\\u0041", #""\\u0041""#),
      ("\u{85}\u{2028}\u{2029}", #""\u0085\u2028\u2029""#),
      ("\u{84}\u{86}\u{2027}\u{202A}", "\"\u{84}\u{86}\u{2027}\u{202A}\""),
      ("\u{FFFD}", "\"\u{FFFD}\""),
    ]
    for (text, json) in cases {
      #expect(quoted(Array(text.utf8)) == json)
      var output: [UInt8] = Array("x".utf8)
      JSONText.appendQuoted(text, to: &output)
      #expect(String(decoding: output, as: UTF8.self) == "x" + json)
    }
    #expect(quoted([0x61, 0xFF, 0xE0, 0xA0, 0x62]) == #""a\ufffd\ufffdb""#)
  }

  @Test func `every text comes back from its quotes`() throws {
    var random = SplitMix64(seed: 4)
    for _ in 0..<2_000 {
      let text = String.random(using: &random)
      var output: [UInt8] = []
      JSONText.appendQuoted(text, to: &output)
      #expect(try Reading.text(output) == text)
    }
  }

  static let normalizations: [(String, String)] = [
    (#""""#, #""""#), (#""plain""#, #""plain""#), (#""a\/b""#, #""a/b""#),
    (#""\u002f\u0041\u2028""#, #""\u002f\u0041\u2028""#), (#""\"\\\n""#, #""\"\\\n""#),
    ("\"\u{2028}\u{2029}\u{85}\"", #""\u2028\u2029\u0085""#), ("\"é語😀\"", "\"é語😀\""),
    (#""\ud83d\ude00""#, #""\ud83d\ude00""#), (#""\ud83d""#, #""\ufffd""#),
    (#""\ude00\ud83d""#, #""\ufffd\ufffd""#), (#""\uD83D\uDE00""#, #""\uD83D\uDE00""#),
    (#""\\/""#, #""\\/""#), (#""\\\/""#, #""\\/""#), (#""\u0000""#, #""\u0000""#),
  ]

  @Test(arguments: normalizations)
  func `a string that was read is made fit for any reader`(_ json: String, _ expected: String)
    throws
  {
    #expect(try normalized(Array(json.utf8)) == expected)
    #expect(try normalized(Array(expected.utf8)) == expected, "once is enough")
  }

  @Test func `normalizing keeps the meaning`() throws {
    for (json, text) in JSONStringTests.meanings {
      let output = Array(try normalized(Array(json.utf8)).utf8)
      #expect(try Reading.text(output) == text, "\(json.debugDescription)")
    }
  }

  @Test(arguments: JSONStringTests.malformed)
  func `malformed UTF-8 is normalized to escapes of the replacement`(_ sequence: [UInt8]) throws {
    let text = String(decoding: sequence, as: UTF8.self)
    let expected = text.unicodeScalars.map { $0 == "\u{FFFD}" ? #"\ufffd"# : String($0) }
    #expect(try normalized([0x22] + sequence + [0x22]) == "\"\(expected.joined())\"")
  }

  @Test func `pieces cut inside a character are whole again when joined before normalizing`()
    throws
  {
    let pieces: [[UInt8]] = [
      Array(#""\ud83d""#.utf8), Array(#""\ude00""#.utf8), [0x22, 0xC3, 0x22], [0x22, 0xA9, 0x22],
    ]
    var joined: [UInt8] = []
    for piece in pieces {
      JSONText.appendEscaped(try Reading.string(piece), from: piece.span, to: &joined)
    }
    let string = JSONString(range: 0..<joined.count, isPlain: false)
    #expect(string.text(in: joined.span) == "😀é")
  }
}

extension String {
  /// Short, and rich in what needs care.
  static func random(using random: inout SplitMix64) -> String {
    let ranges: [ClosedRange<UInt32>] = [
      0...0x1F, 0x20...0x7E, 0x20...0x7E, 0x7F...0xFF, 0x2020...0x2030, 0x4E00...0x4E20,
      0xE000...0xFFFF, 0x1F600...0x1F610, 0x22...0x22, 0x5C...0x5C,
    ]
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...24, using: &random) {
      let range = ranges.randomElement(using: &random) ?? 0...0
      if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) {
        text.append(scalar)
      }
    }
    return String(text)
  }
}
