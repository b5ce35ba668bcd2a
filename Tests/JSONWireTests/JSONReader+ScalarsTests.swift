import JSONWire
import Testing

@Suite struct JSONReaderScalarsTests {
  private func integer(_ text: String) throws -> Int? {
    let bytes = Array(text.utf8)
    var reader = JSONReader()
    let value = try reader.integer(in: bytes.span)
    try reader.end(in: bytes.span)
    return value
  }

  @Test func `integers are exact to the bounds of Int`() throws {
    for value in [0, 1, -1, 42, Int.max, Int.max - 1, Int.min, Int.min + 1] {
      #expect(try integer("\(value)") == value)
    }
    #expect(try integer("-0") == 0)
    #expect(try integer("9223372036854775808") == nil)
    #expect(try integer("-9223372036854775809") == nil)
    #expect(try integer("99999999999999999999999999") == nil)
  }

  @Test(arguments: ["1.0", "1e2", "0.5", "-1E1", "1e0"])
  func `a number with a fraction or an exponent is no integer`(_ text: String) throws {
    #expect(try integer(text) == nil)
  }

  @Test(arguments: ["0", "-0", "1e5", "-12.50E+07"])
  func `a number's range is what is written`(_ text: String) throws {
    let bytes = Array(" \(text) ".utf8)
    var reader = JSONReader()
    #expect(try reader.number(in: bytes.span) == 1..<bytes.count - 1)
  }

  @Test func `asking for another kind than there is names the kind`() {
    let bytes = Array(" {}".utf8)
    func expect(
      _ kind: JSONKind, in bytes: [UInt8],
      _ read: (inout JSONReader, Span<UInt8>) throws(JSONError) -> Void
    ) {
      var reader = JSONReader()
      #expect(throws: JSONError.unexpectedKind(expected: kind, at: 1)) {
        try read(&reader, bytes.span)
      }
    }
    expect(.string, in: bytes) { (r, b) throws(JSONError) in _ = try r.string(in: b) }
    expect(.number, in: bytes) { (r, b) throws(JSONError) in _ = try r.number(in: b) }
    expect(.number, in: bytes) { (r, b) throws(JSONError) in _ = try r.integer(in: b) }
    expect(.bool, in: bytes) { (r, b) throws(JSONError) in _ = try r.bool(in: b) }
    expect(.null, in: bytes) { (r, b) throws(JSONError) in try r.null(in: b) }
    expect(.array, in: bytes) { (r, b) throws(JSONError) in try r.beginArray(in: b) }
    expect(.object, in: Array(" []".utf8)) { (r, b) throws(JSONError) in
      try r.beginObject(in: b)
    }
  }

  @Test func `true and false`() throws {
    let bytes = Array("[true,false]".utf8)
    var reader = JSONReader()
    try reader.beginArray(in: bytes.span)
    _ = try reader.nextElement(in: bytes.span)
    #expect(try reader.bool(in: bytes.span) == true)
    _ = try reader.nextElement(in: bytes.span)
    #expect(try reader.bool(in: bytes.span) == false)
    #expect(try !reader.nextElement(in: bytes.span))
  }
}
