import HTTPWire
import Testing

@Suite struct TargetPathTests {
  private func segments(_ path: String, limit: Int = 16) -> [String]? {
    let bytes = latin1("x\(path)/x")
    return TargetPath.segments(1..<(bytes.count - 2), in: bytes.span, limit: limit)
  }

  private func decoded(_ piece: String) -> String? {
    let bytes = latin1("41\(piece)41")
    return TargetPath.decoded(2..<(bytes.count - 2), in: bytes.span)
  }

  private func value(_ name: StaticString, _ query: String) -> String? {
    let bytes = latin1("?\(query)&n=behind")
    return TargetPath.queryValue(name, query: 1..<(bytes.count - 9), in: bytes.span)
  }

  @Test(arguments: [
    ("/", [""]), ("/a", ["a"]), ("/a/", ["a", ""]), ("//a", ["", "a"]), ("/a/b", ["a", "b"]),
    ("/a%2Fb/c", ["a/b", "c"]), ("/a%2fb", ["a/b"]), ("/%61%20+", ["a +"]),
    ("/../%2e%2E/.", ["..", "..", "."]), ("/caf%C3%A9", ["caf\u{E9}"]), ("/%252F", ["%2F"]),
  ])
  func `a path is split before its segments are decoded`(path: String, expected: [String]) {
    #expect(segments(path) == expected)
  }

  @Test(arguments: [
    "", "a", "*", "/%", "/%4", "/%4g", "/%g4", "/a/%", "/%00", "/%0a", "/%7F", "/%FF", "/%C3",
    "/%C0%AF", "/%ED%A0%80",
  ])
  func `a path with a segment that does not decode has no segments`(path: String) {
    #expect(segments(path) == nil)
  }

  @Test func `a path may have as many segments as the limit and not one more`() {
    #expect(segments("/a/b/c", limit: 3)?.count == 3)
    #expect(segments("/a/b/c", limit: 2) == nil)
    #expect(segments("/" + String(repeating: "/", count: 15))?.count == 16)
    #expect(segments("/" + String(repeating: "/", count: 16)) == nil)
  }

  @Test(arguments: [
    ("", ""), ("a", "a"), ("+", "+"), ("%2B", "+"), ("%41%4a%6B", "AJk"), ("a%2Fb", "a/b"),
    ("%E2%82%AC", "\u{20AC}"), ("%F0%9F%A6%86", "\u{1F986}"),
  ])
  func `a piece is decoded byte by byte`(piece: String, expected: String) {
    #expect(decoded(piece) == expected)
  }

  @Test(arguments: ["%", "%4", "%%41", "%u0041", "% 41", "%0A", "%80"])
  func `a piece is not decoded past its end or around a fault`(piece: String) {
    #expect(decoded(piece) == nil)
  }

  @Test(arguments: [
    ("n=1", "1"), ("a=1&n=2", "2"), ("n=1&n=2", "1"), ("n", ""), ("n=", ""), ("n&a=1", ""),
    ("n=a+b%2Bc", "a b+c"), ("n=a=b", "a=b"), ("&&n=1", "1"), ("%6E=1", "1"), ("=x&n=1", "1"),
    ("n=%0A", "\n"), ("nn=1&n=2", "2"), ("a=%zz&n=1", "1"), ("%zz=1&n=2", "2"), ("n=?/", "?/"),
  ])
  func `the first parameter of the name is decoded as a form`(query: String, expected: String) {
    #expect(value("n", query) == expected)
  }

  @Test(arguments: ["", "N=1", "a=n", "a=&b", "nn=1", "n=%", "n=%4", "n=%zz", "n=%FF", "n=%zz&n=1"])
  func `without such a parameter, or with one that does not decode, there is no value`(
    query: String
  ) {
    #expect(value("n", query) == nil)
  }

  @Test func `without a query there is no value`() {
    #expect(TargetPath.queryValue("n", query: nil, in: latin1("").span) == nil)
  }
}
