import TestSupport
import JSONWire
import Testing

@Suite struct JSONReaderTests {
  // The vectors hold control characters, which have no place in a test's printed name: hence loops.
  @Test func `what the grammar allows is read, passed over or pulled out`() {
    for text in JSONVectors.accepted {
      #expect(Reading.error(Array(text.utf8)) == (nil, nil), "\(text.debugDescription)")
    }
  }

  @Test func `what the grammar does not allow is refused at its place`() {
    for (text, expected) in JSONVectors.refused {
      let found = Reading.error(Array(text.utf8))
      #expect(found == (expected, expected), "\(text.debugDescription)")
    }
  }

  @Test func `a text cut at any byte is refused`() {
    // In an array, as a number that is cut is a number.
    for text in JSONVectors.accepted {
      #expect(Reading.error(Array("[\(text)]".utf8)) == (nil, nil))
      expectCutsRefused("[\(text)]")
    }
  }

  @Test func `a refused text cut at any byte does not trap, and both ways agree`() {
    for (text, _) in JSONVectors.refused { expectCutsRefused("[\(text)") }
  }

  private func expectCutsRefused(_ text: String) {
    let whole = Array(text.utf8)
    for length in 0..<whole.count {
      let found = Reading.error(Array(whole[..<length]))
      let isRefused = found.skip != nil && found.skip == found.walk
      #expect(isRefused, "\(text.debugDescription) cut at \(length)")
    }
  }

  @Test func `a value's range has no white space around it`() throws {
    for text in JSONVectors.accepted {
      let bytes = Array("  \(text) \n,".utf8)
      var reader = JSONReader()
      let range = try reader.skipValue(in: bytes.span)
      let value = text.drop { $0.isWhitespace }
      #expect(range.lowerBound == 2 + text.utf8.count - value.utf8.count)
      #expect(reader.position == range.upperBound)
      #expect(Reading.error(Array(bytes[range])) == (nil, nil))
      #expect(throws: JSONError.trailingBytes(at: bytes.count - 1)) {
        try reader.end(in: bytes.span)
      }
    }
  }

  @Test func `containers may be nested up to the limit and no deeper`() {
    for limit in [1, 2, 5, 63, 64, 1000] {
      let allowed = min(limit, 64)
      for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
        func nested(_ depth: Int) -> [UInt8] {
          let inner = opening == "[" ? "" : "0"
          let text =
            String(repeating: opening, count: depth) + inner
            + String(repeating: closing, count: depth)
          return Array(text.utf8)
        }
        #expect(Reading.error(nested(allowed), maximumDepth: limit) == (nil, nil))
        let error = JSONError.tooDeep(at: allowed * opening.utf8.count)
        #expect(Reading.error(nested(allowed + 1), maximumDepth: limit) == (error, error))
      }
    }
    let flat = Array("[[],[],[[]],[]]".utf8)
    #expect(Reading.error(flat, maximumDepth: 3) == (nil, nil))
    #expect(Reading.error(Array("1".utf8), maximumDepth: 0) == (nil, nil))
    let none = JSONError.tooDeep(at: 0)
    #expect(Reading.error(Array("[]".utf8), maximumDepth: 0) == (none, none))
  }

  @Test func `fields come in document order, duplicates and all`() throws {
    let bytes = Array(#" {"b":1, "a" : [2,{"c":null}] ,"b":"x"}"#.utf8)
    var reader = JSONReader()
    var keys: [String] = []
    var values: [String] = []
    try reader.beginObject(in: bytes.span)
    while let key = try reader.nextKey(in: bytes.span) {
      keys.append(key.text(in: bytes.span))
      let range = try reader.skipValue(in: bytes.span)
      values.append(String(decoding: bytes[range], as: UTF8.self))
    }
    try reader.end(in: bytes.span)
    #expect(keys == ["b", "a", "b"])
    #expect(values == ["1", #"[2,{"c":null}]"#, "\"x\""])
  }

  @Test func `a copy of a reader is a bookmark`() throws {
    let bytes = Array("[1,2,3]".utf8)
    var reader = JSONReader()
    try reader.beginArray(in: bytes.span)
    #expect(try reader.nextElement(in: bytes.span))
    var bookmark = reader
    #expect(try reader.integer(in: bytes.span) == 1)
    #expect(try reader.nextElement(in: bytes.span))
    #expect(try reader.integer(in: bytes.span) == 2)
    #expect(try bookmark.integer(in: bytes.span) == 1)
  }

  @Test func `reading begins wherever a value stands`() throws {
    let bytes = Array(#"{"a":[true]}"#.utf8)
    var reader = JSONReader(at: 5)
    #expect(try reader.skipValue(in: bytes.span) == 5..<11)
    var beyond = JSONReader(at: 50)
    #expect(throws: JSONError.unexpectedEnd(at: bytes.count)) {
      try beyond.skipValue(in: bytes.span)
    }
  }

  @Test func `kind looks and does not read`() throws {
    let kinds: [(String, JSONKind)] = [
      ("{", .object), ("[", .array), ("\"", .string), ("-", .number), ("0", .number),
      ("9", .number), ("t", .bool), ("f", .bool), ("n", .null),
    ]
    for (text, kind) in kinds {
      let bytes = Array(" \(text)".utf8)
      var reader = JSONReader()
      #expect(try reader.kind(in: bytes.span) == kind)
      #expect(try reader.kind(in: bytes.span) == kind)
    }
  }

  @Test func `a value that was not read is an error and not skipped in silence`() throws {
    let bytes = Array(#"{"a":1}"#.utf8)
    var reader = JSONReader()
    try reader.beginObject(in: bytes.span)
    _ = try reader.nextKey(in: bytes.span)
    #expect(throws: JSONError.expectedCommaOrObjectEnd(at: 5)) {
      try reader.nextKey(in: bytes.span)
    }
  }

  @Test func `random changes to good texts never trap, and both ways agree`() {
    var random = SplitMix64(seed: 8259)
    let seeds = JSONVectors.accepted.map { Array("[\($0)]".utf8) }
    let alphabet = Array("{}[]\",:\\u0123eE+-.tfn \u{0}\u{1F}".utf8) + [0x80, 0xC2, 0xED, 0xFF]
    for _ in 0..<20_000 {
      var bytes = seeds.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        let byte = alphabet.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[at] = byte
        case 1: bytes.insert(byte, at: at)
        default: bytes.remove(at: at)
        }
      }
      let found = Reading.error(bytes)
      #expect(found.skip == found.walk)
      if let offset = found.skip?.offset { #expect((0...bytes.count).contains(offset)) }
    }
  }
}
