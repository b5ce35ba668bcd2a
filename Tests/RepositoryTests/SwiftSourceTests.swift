import Testing

/// The reader of sources must itself be right, or the rules below prove nothing.
@Suite struct SwiftSourceTests {
  private func source(_ text: String) -> SwiftSource { SwiftSource(path: "x.swift", text: text) }

  @Test(arguments: [
    ("a // b { \n c", "a        \n c"), ("a /* { /* } */ \n */ c", "a              \n    c"),
    (#"a "{" b"#, "a     b"), (#"a "\"{" b"#, "a       b"),
    (##"a #"{"}"# b"##, "a         b"),
    (#"a "\(x("{")) }" b"#, "a               b"), (##"a #"\#(f(")"))"# b"##, "a                b"),
    (##"a #"\("# b"##, "a        b"), ("a \"\"\"\n {\" \n \"\"\" b", "a    \n    \n     b"),
    (#"a "\\" { b"#, "a      { b"), ("a \"unfinished\n{", "a            \n{"),
    ("#if x {", "#if x {"),
    (#"a "" { "/*" b"#, "a    {      b"),
  ])
  func `comments and literals are blank, and nothing moves`(text: String, code: String) {
    #expect(String(decoding: source(text).code, as: UTF8.self) == code)
  }

  @Test func `functions are found from their keyword to their last brace`() {
    let text = """
      func one() {}
      protocol P {
        func none()
        init(x: Int)
      }
      struct S {
        init?(_ f: () -> Void = {}) {
          if true {
          }
        }
        func two(
          a: Int
        ) throws(E) -> Int
        where A: B {
          self.init()
          let deinitialized = "}"
        }
        deinit { x() }
        subscript(i: Int) -> Int { 1 }
        func three()
          -> Int
        {
          func inner() {
          }
        }
        let function = { func() }
      }
      """
    #expect(
      source(text).functions == [
        FoundFunction(line: 1, lineCount: 1), FoundFunction(line: 7, lineCount: 4),
        FoundFunction(line: 11, lineCount: 7), FoundFunction(line: 18, lineCount: 1),
        FoundFunction(line: 19, lineCount: 1), FoundFunction(line: 20, lineCount: 6),
        FoundFunction(line: 23, lineCount: 2),
      ])
  }

  @Test func `imports are found behind attributes and access levels`() {
    let text = """
      import A
      public import B
      @testable import C
      internal import struct D.E
      // import F
      @_exported public import G.H
      let x = "import I"
      important()
      """
    #expect(source(text).imports == ["A", "B", "C", "D", "G"])
  }

  @Test func `types are found by their names`() {
    let text = "public final class A: B {}\nenum C<D> { struct E {} }\n// struct F\nlet g: G.Type"
    #expect(source(text).types == ["A", "C", "E"])
  }
}
