import Testing

@testable import EventStream

@Suite struct FieldLineTests {
  static let vectors: [(line: String, name: FieldLine.Name, value: String)] = [
    ("data: x", .data, "x"), ("data:x", .data, "x"), ("data:", .data, ""), ("data", .data, ""),
    ("data:  x", .data, " x"), ("event: x", .event, "x"), ("event", .event, ""),
    ("id: 1", .id, "1"), ("id", .id, ""), ("retry: 1", .retry, "1"), ("retry:", .retry, ""),
    (":", .comment, ""), (": hello", .comment, "hello"), ("dat", .unknown, ""),
    ("datas: x", .unknown, ""), ("eventual", .unknown, ""), ("i", .unknown, ""),
    ("r", .unknown, ""), ("retrying: 1", .unknown, ""), ("x: data", .unknown, ""),
    (" data: x", .unknown, ""), ("data : x", .unknown, ""), ("\u{FEFF}data: x", .unknown, ""),
  ]

  @Test(arguments: vectors.indices)
  func `a line is read by its whole name, wherever it lies`(index: Int) {
    let vector = Self.vectors[index]
    let line = Array(vector.line.utf8)
    for padding in ["", "data: before\n"] {
      for trailing in ["", ": x"] {
        let start = padding.utf8.count
        let bytes = Array(padding.utf8) + line + Array(trailing.utf8)
        let field = FieldLine(start..<start + line.count, in: bytes.span)
        #expect(field.name == vector.name, "\(vector.line)")
        #expect(Array(bytes[field.value]) == Array(vector.value.utf8), "\(vector.line)")
      }
    }
  }

  @Test func `a reconnection time is ASCII digits that fit`() {
    let vectors: [(value: String, time: Int?)] = [
      ("", nil), ("0", 0), ("42", 42), ("007", 7), ("9223372036854775807", .max),
      ("9223372036854775808", nil), ("92233720368547758070", nil), ("+1", nil), ("-1", nil),
      ("1 ", nil), ("1e3", nil), ("0x1", nil), ("/", nil), (":", nil),
    ]
    for vector in vectors {
      let bytes = Array(vector.value.utf8)
      let time = FieldLine.reconnectionTime(0..<bytes.count, in: bytes.span)
      #expect(time == vector.time, "\(vector.value)")
    }
  }
}
