import TestSupport
import JSONWire
import Testing

@Suite struct JSONWriterTests {
  @Test func `members come in the order of the calls, with commas between`() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("b")
    writer.integer(1)
    writer.key(text: "a\"")
    writer.beginArray()
    writer.null()
    writer.bool(true)
    writer.bool(false)
    writer.beginObject()
    writer.endObject()
    writer.beginArray()
    writer.endArray()
    writer.string("x/y")
    writer.raw(Array("1.50".utf8).span)
    writer.endArray()
    writer.key("c")
    writer.string(utf8: [0x7A, 0xFF].span)
    writer.endObject()
    let expected = #"{"b":1,"a\"":[null,true,false,{},[],"x/y",1.50],"c":"z\ufffd"}"#
    #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
  }

  @Test func `integers are written exactly`() {
    for value in [0, 7, -7, 10, 1_000_000, Int.max, Int.min] {
      var writer = JSONWriter(appendingTo: Array("data: ".utf8))
      writer.integer(value)
      #expect(String(decoding: writer.bytes, as: UTF8.self) == "data: \(value)")
    }
  }

  @Test func `a value that was read is written compact and normalized`() throws {
    let source = Array(" { \"a\\/ b\" : [ 1.0 , \"\u{2028} x\" , { } ] ,\n\"c\":null }".utf8)
    var reader = JSONReader()
    var writer = JSONWriter()
    try writer.value(from: &reader, in: source.span)
    try reader.end(in: source.span)
    let expected = #"{"a/ b":[1.0,"\u2028 x",{}],"c":null}"#
    #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
  }

  @Test func `nothing is written of a value that is none`() {
    for (text, _) in JSONVectors.refused {
      let source = Array("[{\"a\":\(text)".utf8)
      var reader = JSONReader()
      var writer = JSONWriter(appendingTo: [0x78])
      #expect(throws: JSONError.self, "\(text.debugDescription)") {
        try writer.value(from: &reader, in: source.span)
      }
      #expect(writer.bytes == [0x78])
    }
  }

  @Test func `a copied value can be copied again without change`() throws {
    func copy(_ source: [UInt8]) throws -> [UInt8] {
      var reader = JSONReader()
      var writer = JSONWriter()
      try writer.value(from: &reader, in: source.span)
      return writer.bytes
    }
    for text in JSONVectors.accepted {
      let once = try copy(Array(text.utf8))
      #expect(try copy(once) == once, "\(text.debugDescription)")
    }
  }

  @Test func `random values come back as they were written`() throws {
    var random = SplitMix64(seed: 7159)
    for _ in 0..<2_000 {
      let value = Value.random(depth: 4, using: &random)
      var writer = JSONWriter()
      value.write(to: &writer)
      #expect(Reading.error(writer.bytes) == (nil, nil))
      var reader = JSONReader()
      #expect(try Value(from: &reader, in: writer.bytes.span) == value)
      try reader.end(in: writer.bytes.span)
    }
  }
}

/// A tree, for comparison.
private indirect enum Value: Equatable {
  case object([Member])
  case array([Value])
  case string(String)
  case integer(Int)
  case bool(Bool)
  case null

  struct Member: Equatable {
    var name: String
    var value: Value
  }

  static func random(depth: Int, using random: inout SplitMix64) -> Value {
    switch Int.random(in: depth > 0 ? 0..<6 : 2..<6, using: &random) {
    case 0:
      .object(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in
          Member(
            name: String.random(using: &random), value: .random(depth: depth - 1, using: &random))
        })
    case 1:
      .array(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in
          .random(depth: depth - 1, using: &random)
        })
    case 2: .string(String.random(using: &random))
    case 3:
      .integer(Int(truncatingIfNeeded: random.next()) >> Int.random(in: 0...63, using: &random))
    case 4: .bool(Bool.random(using: &random))
    default: .null
    }
  }

  func write(to writer: inout JSONWriter) {
    switch self {
    case .object(let members):
      writer.beginObject()
      for member in members {
        writer.key(text: member.name)
        member.value.write(to: &writer)
      }
      writer.endObject()
    case .array(let elements):
      writer.beginArray()
      for element in elements { element.write(to: &writer) }
      writer.endArray()
    case .string(let text): writer.string(text)
    case .integer(let value): writer.integer(value)
    case .bool(let value): writer.bool(value)
    case .null: writer.null()
    }
  }

  init(from reader: inout JSONReader, in bytes: Span<UInt8>) throws(JSONError) {
    switch try reader.kind(in: bytes) {
    case .object:
      var members: [Member] = []
      try reader.beginObject(in: bytes)
      while let key = try reader.nextKey(in: bytes) {
        let value = try Value(from: &reader, in: bytes)
        members.append(Member(name: key.text(in: bytes), value: value))
      }
      self = .object(members)
    case .array:
      var elements: [Value] = []
      try reader.beginArray(in: bytes)
      while try reader.nextElement(in: bytes) {
        elements.append(try Value(from: &reader, in: bytes))
      }
      self = .array(elements)
    case .string: self = .string(try reader.string(in: bytes).text(in: bytes))
    case .number: self = try reader.integer(in: bytes).map { .integer($0) } ?? .null
    case .bool: self = .bool(try reader.bool(in: bytes))
    case .null:
      try reader.null(in: bytes)
      self = .null
    }
  }
}
