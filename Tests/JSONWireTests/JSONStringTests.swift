import TestSupport
import JSONWire
import Testing

@Suite struct JSONStringTests {
  static let meanings: [(String, String)] = [
    (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0041\u00e9\u8a9E""#, "Aé語"), (#""\u0000""#, "\0"), (#""\uFFFF""#, "\u{FFFF}"),
    (#""\ud83d\ude00""#, "😀"), (#""\uD800\uDC00""#, "\u{10000}"),
    (#""\udbff\udfff""#, "\u{10FFFF}"), (#""a\ud83d\ude00b""#, "a😀b"),
    // Surrogates without their other half.
    (#""\ud83d""#, "\u{FFFD}"), (#""\ude00""#, "\u{FFFD}"),
    (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"), (#""\ud83dx""#, "\u{FFFD}x"),
    (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
    (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud83d\\ude00""#, "\u{FFFD}\\ude00"),
    (#""\ud83d""# + " ", "\u{FFFD}"), (#""\ud83d\ude00\ude00""#, "😀\u{FFFD}"),
  ]

  @Test func `escapes are decoded`() throws {
    for (json, text) in Self.meanings {
      #expect(try Reading.text(Array(json.utf8)) == text, "\(json.debugDescription)")
    }
  }

  /// Every class of malformed sequence of table 3-7, alone, doubled and within text.
  static let malformed: [[UInt8]] = [
    [0x80], [0xBF], [0xFE], [0xFF], [0xC0], [0xC1], [0xC0, 0x80], [0xC1, 0xBF], [0xF5], [0xF8],
    [0xC2], [0xC2, 0x41], [0xE0], [0xE0, 0x80], [0xE0, 0x9F, 0xBF], [0xE0, 0xA0],
    [0xE0, 0xA0, 0x41],
    [0xE1], [0xE1, 0x80], [0xE1, 0x80, 0xC0], [0xEF, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
    [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], [0xF0], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F],
    [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x41], [0xF1, 0x80, 0x80], [0xF4, 0x8F, 0xBF],
    [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFC, 0x80, 0x80, 0x80, 0x80, 0x80],
    [0xE1, 0x80, 0xE2, 0xF0, 0x91, 0x92, 0xF1, 0xBF, 0x41], [0xC2, 0xC2, 0x80], [0x80, 0xC3, 0xA9],
  ]

  @Test(arguments: malformed)
  func `each maximal subpart of a malformed sequence is one replacement`(_ sequence: [UInt8])
    throws
  {
    for body in [
      sequence, sequence + sequence, [0x61] + sequence + [0x62], sequence + [0x5C, 0x6E],
    ] {
      let bytes = [0x22] + body + [0x22]
      let plain = body.last == 0x6E ? body.dropLast(2) + [0x0A] : body
      // The standard library follows the same practice.
      #expect(try Reading.text(bytes) == String(decoding: plain, as: UTF8.self))
    }
  }

  @Test func `random bytes decode as the standard library decodes them`() throws {
    var random = SplitMix64(seed: 39)
    let leads: [UInt8] = [0x41, 0x80, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xFF]
    for _ in 0..<5_000 {
      let body = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        leads.randomElement(using: &random) ?? 0
      }
      #expect(try Reading.text([0x22] + body + [0x22]) == String(decoding: body, as: UTF8.self))
    }
  }

  @Test func `a key equals a literal however it is written`() throws {
    let same = [#""choices""#, #""\u0063hoices""#, #""choice\u0073""#, #""c\u0068o\u0069ces""#]
    for json in same {
      let bytes = Array(json.utf8)
      #expect(try Reading.isString(bytes, "choices"))
    }
    let different = [
      #""choice""#, #""choicess""#, #""Choices""#, #""""#, #""choice\u0053""#, #""choices\u0000""#,
      #""\u0063hoice""#, #""choixes""#, #""xhoices""#, #""\ud83d""#,
    ]
    for json in different {
      let bytes = Array(json.utf8)
      #expect(try !Reading.isString(bytes, "choices"))
    }
  }

  @Test func `equality looks at every byte, whatever the length`() throws {
    let literals: [StaticString] = [
      "", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh", "abcdefghi",
      "abcdefghijkl", "abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnopqrs",
    ]
    for literal in literals {
      let bytes = Array("\"\(literal.description)\"".utf8)
      let string = try Reading.string(bytes)
      #expect(try Reading.isString(bytes, literal))
      for index in string.range {
        var changed = bytes
        changed[index] = UInt8(ascii: "#")
        #expect(try !Reading.isString(changed, literal))
      }
    }
  }

  @Test func `escaped keys beyond ASCII compare by their text`() throws {
    for json in [#""\u00e9\ud83d\ude00""#, "\"é\\ud83d\\ude00\"", "\"é😀\""] {
      let bytes = Array(json.utf8)
      #expect(try Reading.isString(bytes, "é😀"))
    }
  }

  @Test func `ranges that no reader gave do not trap`() {
    let bytes = Array(#"\u12\"#.utf8)
    for lower in 0...9 {
      for upper in lower...9 {
        for isPlain in [true, false] {
          let string = JSONString(range: lower..<upper, isPlain: isPlain)
          _ = string.text(in: bytes.span)
          _ = string.equals("u", in: bytes.span)
          var output: [UInt8] = []
          JSONText.appendNormalized(string, from: bytes.span, to: &output)
          #expect(Reading.error(output) == (nil, nil))
          JSONText.appendEscaped(string, from: bytes.span, to: &output)
        }
      }
    }
  }
}
