import Testing

@testable import Configuration

/// A whole configuration whose one agent has `members`.
private func agent(_ members: String, _ more: String = "") -> String {
  let comma = members.isEmpty ? "" : ", "
  return demo("agents: [{id: \"a\", slug: \"a\", model: \"demo\"\(comma)\(members)}],\(more)")
}

/// A whole configuration with these agents, each as `id/slug/model`.
private func agents(_ list: String..., more: String = "") -> String {
  let all = list.map { entry in
    let parts = entry.split(separator: "/")
    return "{id: \"\(parts[0])\", slug: \"\(parts[1])\", model: \"\(parts[2])\"}"
  }
  return demo("agents: [\(all.joined(separator: ", "))],\(more)")
}

private let slugBounds =
  "expected a slug of 1 to 64 lower-case letters, digits or \"-\", which is neither first nor last"
private let origin = "expected an origin such as \"https://www.example.com\", or \"*\""

private let cases: [(text: String, problems: [String])] = [
  (agents("a/a/demo", "b/b/demo"), []),
  (
    agents("a/a/demo", "a/b/demo"),
    ["agents[1].id: found \"a\", as in agents[0].id; expected an id of its own"]
  ),
  (agents("a/a/demo", "agent_a/b/demo"), []),
  (
    agents("a/help/demo", "b/help/demo"),
    ["agents[1].slug: found \"help\", as in agents[0].slug; expected a slug of its own"]
  ),
  (
    agents("a/a/demp"),
    ["agents[0].model: found \"demp\", which is no model; did you mean \"demo\"?"]
  ),
  (
    agents("a/a/gpt-9"),
    ["agents[0].model: found \"gpt-9\", which is no model; expected one of \"demo\""]
  ),
  (agents("a/Help/demo"), ["agents[0].slug: found \"Help\"; \(slugBounds)"]),
  (agents("a/-a/demo"), ["agents[0].slug: found \"-a\"; \(slugBounds)"]),
  (agents("a/a-/demo"), ["agents[0].slug: found \"a-\"; \(slugBounds)"]),
  (agents("a/a_b/demo"), ["agents[0].slug: found \"a_b\"; \(slugBounds)"]),
  (agents("a/é/demo"), ["agents[0].slug: found \"é\"; \(slugBounds)"]),
  (
    agents("a b/a/demo"),
    ["agents[0].id: found \"a b\"; expected an id of 1 to 64 letters, digits, \"_\" or \"-\""]
  ),
  (
    demo("agents: [{}],"),
    [
      "agents[0].id: missing; expected an id of 1 to 64 letters, digits, \"_\" or \"-\"",
      "agents[0].slug: missing; \(slugBounds)",
      "agents[0].model: missing; expected a model's name of 1 to 256 bytes without blanks",
    ]
  ),
  (
    agent("status: \"live\""),
    ["agents[0].status: found \"live\"; expected \"Live\", \"Testing\" or \"Disabled\""]
  ),
  (agent("history: 0"), ["agents[0].history: found 0; expected a whole number from 1 to 10000"]),
  (agent("promt: \"x\""), ["agents[0].promt: unknown key; did you mean \"prompt\"?"]),
  (agent("prompt: 5"), ["agents[0].prompt: found 5; expected a text of at most 256KiB"]),
  (
    agent("name: \"a\\nb\""),
    ["agents[0].name: found \"a\\nb\"; expected a name of 1 to 256 bytes in one line"]
  ),
  (
    agent("apis: []"),
    [
      "agents[0].apis: found an empty array; expected an array of \"chats\", \"agents\", "
        + "\"widget\", \"completions\", \"streams\""
    ]
  ),
  (
    agent("apis: [\"chats\", \"chat\"]"),
    [
      "agents[0].apis[1]: found \"chat\"; expected \"chats\", \"agents\", \"widget\", "
        + "\"completions\" or \"streams\""
    ]
  ),
  (
    agent("apis: [\"chats\", \"chats\"]"),
    ["agents[0].apis[1]: found \"chats\" again; expected it once"]
  ),
  (
    agent("parameters: {model: \"x\", n: 2, top_p: 1, stream: true}"),
    ["model", "n", "stream"].map {
      "agents[0].parameters.\($0): found a field that the daemon sets; expected it left out"
    }
  ),
  (
    agent("parameters: {a: 1, a: 2}"),
    ["agents[0].parameters.a: found a second time; expected once"]
  ),
  (
    agent("parameters: {a: [Infinity]}"),
    ["agents[0].parameters.a: found a number that JSON does not have; expected a decimal number"]
  ),
  (
    agent("parameters: 5"),
    ["agents[0].parameters: found a number; expected an object such as {temperature: 0.2}"]
  ),
  (agent("", "widget: {agent: \"a\"},"), []),
  (
    agents("a/help/demo", more: "widget: {agent: \"hepl\"},"),
    ["widget.agent: found \"hepl\", which is no agent; did you mean \"help\"?"]
  ),
  (
    agent("apis: [\"chats\"]", "widget: {agent: \"a\"},"),
    [
      "widget.agent: found \"a\", which is no agent that serves the widget; expected an "
        + "agent whose apis have \"widget\""
    ]
  ),
  (
    demo(
      "cors: {origins: [\"https://a.test/\", \"a.test\", \"HTTPS://a.test\", "
        + "\"https://a.test:443\"]},"
    ),
    ["https://a.test/", "a.test", "HTTPS://a.test", "https://a.test:443"].enumerated().map {
      "cors.origins[\($0.offset)]: found \"\($0.element)\"; \(origin)"
    }
  ),
  (
    demo("cors: {origins: [\"http://a.test:8080\", \"http://a.test:8080\", \"*\"]},"),
    [
      "cors.origins[1]: found \"http://a.test:8080\", as in cors.origins[0]; expected an "
        + "origin of its own",
      "cors.origins[2]: found \"*\" beside others; expected it alone",
    ]
  ),
  (demo("cors: {origins: [\"*\"]},"), []),
  (
    demo("rates: {widget: {requests: -1, per: \"0s\"}},"),
    [
      "rates.widget.requests: found -1; expected a whole number from 0 to 1000000",
      "rates.widget.per: found \"0s\"; expected a duration such as \"1m\", from \"1s\" to \"24h\"",
    ]
  ),
  (
    demo("archive: {file: 5, journal: \"1\"},"),
    [
      "archive.file: found 5; expected the path of a file",
      "archive.journal: found \"1\" without a unit; expected a duration such as \"1s\", "
        + "from \"50ms\" to \"1m\"",
    ]
  ),
  (
    demo("conversations: {whenBusy: \"queue\"},"),
    ["conversations.whenBusy: found \"queue\"; expected \"wait\" or \"refuse\""]
  ),
  (
    "{upstreams: [{name: \"d\", kind: \"demo\"}], models: [{id: \"agent:x\", upstream: \"d\"}]}",
    [
      "models[0].id: found \"agent:x\", by which an agent is asked; expected a name that "
        + "does not begin with \"agent:\""
    ]
  ),
  (
    demo("keys: [{name: \"k\", file: \"f\", apis: [\"chats\", \"all\"]}],"),
    [
      "keys[0].apis[1]: found \"all\"; expected \"completions\", \"streams\", \"chats\", "
        + "\"agents\", \"widget\" or \"admin\""
    ]
  ),
]

@Suite struct ListenerSettingsTests {
  private static func found(_ address: String) -> String {
    "found \"\(address)\", where everybody could ask; expected keys, or allowAnonymous: true"
  }

  @Test(arguments: [
    ("", []), ("listen: [\"127.0.0.1:1\", \"[::1]:1\", \"localhost:1\", \"127.9.9.9:1\"],", []),
    ("listen: [\"unix:/run/d\"],", []),
    (
      "listen: [\"127.0.0.1:1\", \"0.0.0.0:1\"],", ["listen[1]: \(found("0.0.0.0:1"))"]
    ),
    ("listen: [\"[::]:1\"],", ["listen[0]: \(found("[::]:1"))"]),
    ("listen: [\"relay.test:1\"],", ["listen[0]: \(found("relay.test:1"))"]),
    ("listen: [\"0.0.0.0:1\"], allowAnonymous: true,", []),
    ("listen: [\"0.0.0.0:1\"], keys: [{name: \"a\", file: \"a\"}],", []),
  ])
  func `beyond the loopback there are keys, or it is said that there are none`(
    members: String, expected: [String]
  ) {
    #expect(problems(demo(members)) == expected)
  }
}

@Suite struct AgentSettingsTests {
  @Test(arguments: cases.indices)
  func `what is wrong with agents and their conversations is told with its place`(index: Int) {
    #expect(problems(cases[index].text) == cases[index].problems)
  }

  @Test func `an agent is read with all it can have`() throws {
    let read = try settings(
      agent(
        """
        name: "Anna", status: "Testing", prompt: "Hi {{ x }}\\n", history: 7,
        apis: ["widget", "chats"], parameters: {z: 1, a: "x\\"\\n"}
        """))
    let agent = try #require(read.agents.first)
    #expect(agent.name == "Anna" && agent.status == .testing && agent.history == 7)
    #expect(agent.prompt == "Hi {{ x }}\n")
    #expect(agent.apis == [.widget, .chats])
    #expect(agent.parameters.map(\.name) == ["z", "a"])
    #expect(agent.parameters.map(\.json) == ["1", #""x\"\u000a""#])
  }

  @Test func `an agent without a name has its slug's`() throws {
    #expect(try settings(agents("a/help-me/demo")).agents[0].name == "help-me")
  }

  @Test func `with a model for every name an agent's may be any`() throws {
    let text = """
      {upstreams: [{name: "d", kind: "demo"}], models: [{id: "*", upstream: "d"}],
       agents: [{id: "a", slug: "a", model: "whatever/1"}]}
      """
    #expect(try settings(text).agents[0].model == "whatever/1")
  }

  @Test(
    arguments: [
      ("null", "null"), ("true", "true"), ("5", "5"), ("-5", "-5"), ("+5", "5"), ("0x1F", "31"),
      ("1.50", "1.50"), (".5", "0.5"), ("-.5", "-0.5"), ("5.", "5"), ("1e3", "1e3"),
      ("5.e3", "5e3"), ("99999999999999999999", "99999999999999999999"), ("'a'", "\"a\""),
      ("[]", "[]"), ("[1, 'x', {}]", #"[1,"x",{}]"#), ("{a: {b: null},}", #"{"a":{"b":null}}"#),
      ("'\\\\'", #""\\""#), ("'\\u0001é🌊'", "\"\\u0001é🌊\""), ("Infinity", nil), ("NaN", nil),
      ("[-Infinity]", nil), ("{a: NaN}", nil), ("0xFFFFFFFFFFFFFFFFFF", nil),
    ] as [(String, String?)])
  func `JSON5 becomes JSON`(text: String, json: String?) throws {
    let value = try #require(try JSON5Parser.parse(Array(text.utf8)))
    #expect(value.json == json)
  }

  @Test func `a widget's key must be long, and is not shown`() throws {
    let folder = try TemporaryFolder()
    for (secret, apis, isRefused) in [
      ("short-secret", "[\"widget\"]", true), ("short-secret", "[\"chats\"]", false),
      (String(repeating: "k", count: 23), "[\"chats\", \"widget\"]", true),
      (String(repeating: "k", count: 24), "[\"widget\"]", false),
    ] {
      let file = try folder.write(secret, to: "key")
      let read = try settings(
        demo("keys: [{name: \"w\", file: \"\(file)\", apis: \(apis)}],"))
      switch Secrets.read(for: read, file: "c") {
      case .success(let secrets):
        #expect(!isRefused)
        #expect(secrets.keys.map(\.apis) == read.keys.map(\.apis))
      case .failure(let problems):
        #expect(isRefused)
        #expect(
          problems.description
            == "c: keys[0]: found a key of \(secret.utf8.count) bytes; "
            + "expected at least 24 for the widget")
      }
    }
  }
}
