import TestSupport
import Testing

@testable import Configuration

/// A value as strict JSON, numbers that are no whole number as they were written.
func json(_ value: JSON5Value) -> String {
  switch value.content {
  case .null, .bool, .integer, .number: value.shown
  case .string(let text): quoted(text)
  case .array(let elements): "[" + elements.map(json).joined(separator: ",") + "]"
  case .object(let members):
    "{" + members.map { quoted($0.key) + ":" + json($0.value) }.joined(separator: ",") + "}"
  }
}

private func parsed(_ text: String) -> String? {
  do {
    return try JSON5Parser.parse(Array(text.utf8)).map(json)
  } catch {
    return "line \(error.line), column \(error.column): found \(error.found); "
      + "expected \(error.expected)"
  }
}

private let accepted: [(String, String?)] = [
  ("{}", "{}"), ("[]", "[]"), ("[[],{}]", "[[],{}]"), ("null", "null"), (" true ", "true"),
  ("{a:1,}", "{\"a\":1}"), ("[1,2,]", "[1,2]"), ("{b:1,a:2,b:3}", "{\"b\":1,\"a\":2,\"b\":3}"),
  ("{'a':'b',\"c\":\"d\"}", "{\"a\":\"b\",\"c\":\"d\"}"), ("{$a_1:1,ü:2}", "{\"$a_1\":1,\"ü\":2}"),
  ("{\\u0061b:1,a\\u200Db:2}", "{\"ab\":1,\"a\\u{200d}b\":2}"), ("{null:1}", "{\"null\":1}"),
  ("// a\n1 /* b */ // c", "1"), ("/**/1/***/", "1"), ("// a\r1", "1"), ("// a\u{2028}1", "1"),
  ("\u{FEFF}\t\u{B}\u{C}\u{A0}\u{2003}\u{2029}1", "1"), ("", nil), ("/* */ // x", nil),
  ("'\\'\\\"\\\\\\/\\a'", "\"'\\\"\\\\/a\""), ("'\\b\\f\\n\\r\\t\\v\\0'", nil),
  ("'\\x41\\u00e9\\ud83d\\ude00'", "\"Aé😀\""), ("'a\\\nb\\\r\nc\\\rd\\\u{2028}e'", "\"abcde\""),
  ("'\t\u{2028}'", "\"\\t\\u{2028}\""), ("\"it's\"", "\"it's\""), ("'a//b/*c'", "\"a//b/*c\""),
  ("[0,-1,+1,0x1F,-0Xa,9223372036854775807]", "[0,-1,1,31,-10,9223372036854775807]"),
  ("[.5,5.,1e3,-1.5E-2,Infinity,-Infinity,+NaN]", "[.5,5.,1e3,-1.5E-2,Infinity,-Infinity,+NaN]"),
  ("[9223372036854775808,-9223372036854775808]", "[9223372036854775808,-9223372036854775808]"),
]

private let refused: [(String, String)] = [
  ("{", "line 1, column 2: found the end of the file; expected a key or \"}\""),
  ("{a", "line 1, column 3: found the end of the file; expected \":\" after a key"),
  ("{a:", "line 1, column 4: found the end of the file; expected a value"),
  ("{a:1", "line 1, column 5: found the end of the file; expected \",\" or \"}\""),
  ("[1", "line 1, column 3: found the end of the file; expected \",\" or \"]\""),
  ("{\n  a: 1\n  b: 2}", "line 3, column 3: found \"b\"; expected \",\" or \"}\""),
  ("{\r\n a: sk-abc}", "line 2, column 5: found text without quotes; expected a value"),
  ("{\r a:1,\r\r b c}", "line 4, column 4: found \"c\"; expected \":\" after a key"),
  ("{é: ü é}", "line 1, column 5: found text without quotes; expected a value"),
  ("{,}", "line 1, column 2: found \",\"; expected a key or \"}\""),
  ("[,]", "line 1, column 2: found \",\"; expected a value"),
  ("[1,,2]", "line 1, column 4: found \",\"; expected a value"),
  ("[1}", "line 1, column 3: found \"}\"; expected \",\" or \"]\""),
  ("{a:1]", "line 1, column 5: found \"]\"; expected \",\" or \"}\""),
  ("{1:2}", "line 1, column 2: found \"1\"; expected a key or \"}\""),
  ("{a-b:1}", "line 1, column 3: found \"-\"; expected \":\" after a key"),
  ("{} x", "line 1, column 4: found \"x\"; expected the end of the file after the one value"),
  ("{a:tru}", "line 1, column 4: found text without quotes; expected a value"),
  (
    "{a:'x\ny'}",
    "line 1, column 4: found a string that its line does not end; "
      + "expected the closing quote"
  ),
  ("'x", "line 1, column 1: found a string without an end; expected the closing quote"),
  ("'\\", "line 1, column 3: found the end of the file; expected an escape"),
  ("'\\1'", "line 1, column 3: found \"1\"; expected an escape"),
  ("'\\01'", "line 1, column 3: found \"0\"; expected an escape"),
  ("'\\xg0'", "line 1, column 4: found \"g\"; expected 2 hexadecimal digits"),
  ("'\\u12'", "line 1, column 6: found \"'\"; expected 4 hexadecimal digits"),
  ("'\\ud83d'", "line 1, column 3: found half of a surrogate pair; expected both halves"),
  ("'\\ude00\\ud83d'", "line 1, column 3: found half of a surrogate pair; expected both halves"),
  ("'\\ud83d\\u0041'", "line 1, column 3: found half of a surrogate pair; expected both halves"),
  ("{\\x61:1}", "line 1, column 3: found \"x\"; expected \"u\" after \"\\\" in a key"),
  ("{\\ud800:1}", "line 1, column 8: found \":\"; expected an escape of a letter"),
  ("/ /", "line 1, column 2: found \" \"; expected \"/\" or \"*\" after \"/\""),
  ("1\n/* x *", "line 2, column 1: found a comment without an end; expected \"*/\""),
  ("/*/", "line 1, column 1: found a comment without an end; expected \"*/\""),
  ("010", "line 1, column 2: found \"1\"; expected the end of a number after a leading zero"),
  ("-", "line 1, column 2: found the end of the file; expected a digit"),
  ("-x", "line 1, column 2: found \"x\"; expected a digit"),
  (".", "line 1, column 2: found the end of the file; expected a digit"),
  ("0x", "line 1, column 3: found the end of the file; expected a hexadecimal digit"),
  ("1e+", "line 1, column 4: found the end of the file; expected a digit of the exponent"),
  ("12abc", "line 1, column 3: found \"a\"; expected the end of a number"),
  ("1_000", "line 1, column 2: found \"_\"; expected the end of a number"),
  ("1.2.3", "line 1, column 4: found \".\"; expected the end of a number"),
  ("'a\u{0}'", "line 1, column 3: found a NUL byte; expected UTF-8 text"),
]

@Suite struct JSON5ParserTests {
  @Test(arguments: accepted.filter { $0.0 != "'\\b\\f\\n\\r\\t\\v\\0'" })
  func `a text is read as its values in the order of the file`(_ text: String, _ value: String?) {
    #expect(parsed(text) == value)
  }

  @Test func `every named escape stands for its character`() throws {
    let value = try JSON5Parser.parse(Array("'\\b\\f\\n\\r\\t\\v\\0'".utf8))
    guard case .string(let text) = value?.content else {
      Issue.record("no string")
      return
    }
    #expect(Array(text.utf8) == [8, 12, 10, 13, 9, 11, 0])
  }

  @Test(arguments: refused)
  func `a text that is not JSON5 is refused at its first wrong place`(
    _ text: String, _ expected: String
  ) {
    #expect(parsed(text) == expected)
  }

  @Test func `bytes that are not UTF-8 are refused where they are`() {
    let bytes = Array("{\n 'é': '".utf8) + [0xC3] + Array("'}".utf8)
    #expect(
      throws: JSON5SyntaxError(
        at: 10, in: bytes, found: "a byte that is not UTF-8", expected: "UTF-8 text")
    ) { try JSON5Parser.parse(bytes) }
    #expect(JSON5SyntaxError.place(of: 10, in: bytes) == (2, 8))
  }

  @Test func `brackets nest 32 deep and no deeper`() {
    let nested = { (depth: Int) in
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(parsed(nested(32)) == nested(32))
    let problem = "line 1, column 33: found \"[\"; expected at most 32 levels of brackets"
    #expect(parsed(nested(33)) == problem)
    #expect(parsed(String(repeating: "[", count: 100_000)) == problem)
    #expect(parsed("[" + String(repeating: "[],", count: 100) + "]") != problem)
  }

  @Test func `a value knows its first and its last byte`() throws {
    let root = try #require(try JSON5Parser.parse(Array(" {a: [1, 23 ] } ".utf8)))
    #expect(root.start == 1 && root.end == 14)
    guard case .object(let members) = root.content else { return }
    #expect(members.map(\.start) == [2])
    #expect(members.map(\.value.start) == [5] && members.map(\.value.end) == [12])
  }

  @Test func `every text cut anywhere is read or refused within its bounds`() {
    for text in accepted.map(\.0) + refused.map(\.0) {
      let bytes = Array(text.utf8)
      for count in 0...bytes.count { check(Array(bytes[..<count])) }
    }
  }

  @Test func `any bytes are read or refused within their bounds`() {
    var random = SplitMix64(seed: 7)
    let alphabet = Array("{}[]:,'\"\\/*+-.0x1eEuab\n\r\t $_é\u{2028}".utf8)
    for _ in 0..<5_000 {
      let count = Int.random(in: 0...24, using: &random)
      check((0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 })
    }
  }

  private func check(_ bytes: [UInt8]) {
    do {
      let value = try JSON5Parser.parse(bytes)
      #expect(value.map { $0.start <= $0.end && $0.end < bytes.count } ?? true)
    } catch {
      #expect(error.line >= 1 && error.column >= 1 && error.column <= bytes.count + 1)
    }
  }
}
