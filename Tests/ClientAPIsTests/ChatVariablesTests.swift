import ClientAPIs
import Testing

@Suite struct ChatVariablesTests {
  private static let variables =
    #"{"name":"Michael","n":1.50,"yes":true,"o":{"a":[1,"\u0078"]},"l":[1,2],"q":"a\"b\nc","#
    + #""nested":"{{ name }}","two words":"2","e":""}"#

  @Test(arguments: [
    ("", ""), ("plain", "plain"), ("{{name}}", "Michael"), ("{{ name }}", "Michael"),
    ("{{\n\tname  }}", "Michael"), ("Hi {{ name }}, {{n}}!", "Hi Michael, 1.50!"),
    ("{{ yes }}{{ o }}{{ l }}", #"true{"a":[1,"x"]}[1,2]"#), ("{{ q }}", "a\"b\nc"),
    ("{{ nested }}", "{{ name }}"), ("{{ two words }}", "2"), ("[{{ nobody }}]", "[]"),
    ("[{{ e }}]", "[]"), ("[{{}}]", "[]"), ("[{{ }}]", "[]"), ("{{ name", "{{ name"),
    ("name }}", "name }}"), ("{ name }", "{ name }"), ("{{ name }", "{{ name }"),
    ("{{{ name }}}", "{Michael}"), ("{{ a {{ name }}", "{{ a Michael"),
    ("}} {{ name }}", "}} Michael"), ("{{ name }}{{ name }}", "MichaelMichael"),
    ("{{", "{{"), ("}}", "}}"), ("{{ Name }}", ""), ("é🌊{{ name }}é", "é🌊Michaelé"),
    (#"{"json": {"k": "{{ name }}"}}"#, #"{"json": {"k": "Michael"}}"#),
  ])
  func `a name in braces becomes its value`(prompt: String, expected: String) {
    #expect(PromptTemplate.expand(prompt, variables: Self.variables) == expected)
  }

  @Test func `many braces take no longer than they are many`() {
    for text in ["{{", "}}", "{{}}", "{", "{{ x "] {
      let prompt = String(repeating: text, count: 20_000)
      _ = PromptTemplate.expand(prompt, variables: "{}")
    }
  }

  @Test(arguments: [
    ("{}", "{}", "{}"), (#"{"a":1}"#, "{}", #"{"a":1}"#), ("{}", #"{"a":1}"#, #"{"a":1}"#),
    (#"{"a":1,"b":2}"#, #"{"c":3,"a":"x"}"#, #"{"a":"x","b":2,"c":3}"#),
    (#"{"a":{"x":1,"y":2}}"#, #"{"a":{"z":3}}"#, #"{"a":{"z":3}}"#),
    (#"{"a":1,"a":2}"#, "{}", #"{"a":2}"#), (#"{"é\"":"\/"}"#, "{}", #"{"é\"":"/"}"#),
  ])
  func `merging replaces values whole, and keeps the order`(
    old: String, new: String, expected: String
  ) {
    #expect(ChatVariables.merge(old, new) == expected)
  }

  @Test func `what is more than the bound together is nothing`() {
    let half = String(repeating: "x", count: ChatVariables.bound / 2)
    let merged = ChatVariables.merge(#"{"a":"\#(half)"}"#, #"{"b":"\#(half.dropLast(15))"}"#)
    #expect(merged?.utf8.count == ChatVariables.bound)
    #expect(ChatVariables.merge(#"{"a":"\#(half)"}"#, #"{"b":"\#(half.dropLast(14))"}"#) == nil)
    #expect(ChatVariables.merge(#"{"a":"\#(half)"}"#, #"{"a":"\#(half)"}"#) != nil)
  }
}
