import JSONWire
import Testing

@Suite struct JSONStringMovedTests {
  /// `{"a…":"TEXT"…}` with so many bytes before and behind the string.
  private static func text(_ before: Int, _ string: String, _ behind: Int) -> [UInt8] {
    Array(
      ("{\"" + String(repeating: "k", count: before) + "\":\"" + string + "\""
        + String(repeating: " ", count: behind) + "}").utf8)
  }

  private static func string(_ before: Int, _ count: Int) -> JSONString {
    JSONString(range: before + 5..<before + 5 + count, isPlain: true)
  }

  @Test(arguments: [0, 1, 10, 11, 12, 13, 26, 27, 28, 29, 42, 43, 44, 58, 59, 60])
  func `a byte that differs outside of the string is found wherever it is`(_ length: Int) {
    for behind in [0, 1, 13, 14, 15, 16, 29, 30, 31, 32, 45, 46, 47] {
      let former = Self.text(length, "ab", behind)
      let next = Self.text(length, "xyz", behind)
      let string = Self.string(length, 2)
      let expected = Self.string(length, 3)
      #expect(string.moved(from: former.span, to: next.span) == expected)
      for index in next.indices where !expected.range.contains(index) {
        var other = next
        other[index] ^= 1
        #expect(string.moved(from: former.span, to: other.span) == nil)
      }
    }
  }

  private static let inner: [(String, isPlain: Bool?)] = [
    ("x", true), ("\u{e9}", true), (#"\n"#, false), (#"a\\"#, false), (#"\"q\""#, false),
    ("", nil), (#"\"#, nil), (#"\u0041"#, nil), (#"\x"#, nil), ("\n", nil), ("\"", nil),
    (#"a","b":"c"#, nil),
  ]

  @Test(arguments: inner)
  func `a string moves when it ends where it should`(_ text: String, _ isPlain: Bool?) {
    let former = Self.text(3, "former", 20)
    let next = Self.text(3, text, 20)
    let moved = Self.string(3, 6).moved(from: former.span, to: next.span)
    #expect(moved?.isPlain == isPlain)
    if let moved { #expect(moved.range == 8..<8 + text.utf8.count) }
  }

  @Test func `ranges that no reader gave are not followed`() {
    let bytes = Self.text(3, "former", 20)
    for range in [0..<0, 0..<bytes.count, 0..<bytes.count + 1, bytes.count..<bytes.count + 9] {
      let string = JSONString(range: range, isPlain: true)
      #expect(string.moved(from: bytes.span, to: bytes.span) == nil)
    }
  }

  @Test(arguments: [0, 1, 9, 10, 11, 99, 100, 101, 999_999, 1_000_000, UInt.max - 1, UInt.max])
  func `decimal digits are those of the number`(_ value: UInt) {
    var bytes = Array("x".utf8)
    bytes.append(decimal: value)
    #expect(String(decoding: bytes, as: UTF8.self) == "x\(value)")
  }
}
