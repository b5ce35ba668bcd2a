import Testing

@testable import Configuration

/// A configuration, and every problem that it has, whole.
struct ProblemCase: CustomTestStringConvertible, Sendable {
  var text: String
  var problems: [String]
  var testDescription: String { problems.first ?? "no problem" }

  init(_ text: String, _ problems: String...) {
    self.text = text
    self.problems = problems
  }
}

@Suite struct ConfigurationProblemTests {
  @Test(arguments: keyCases + typeCases)
  func `a key or a type that does not fit is one problem`(_ vector: ProblemCase) {
    #expect(problems(vector.text) == vector.problems)
  }

  @Test(arguments: crossCases)
  func `values that contradict each other are a problem`(_ vector: ProblemCase) {
    #expect(problems(vector.text) == vector.problems)
  }

  @Test(arguments: secretCases)
  func `a secret in the file is refused with advice`(_ vector: ProblemCase) {
    #expect(problems(vector.text) == vector.problems)
  }

  @Test(arguments: [
    "keys: \"sk-abc\",", "keys: [\"sk-abc\"],", "keys: {alice: \"sk-abc\"},",
    "keys: [{name: \"a\", key: \"sk-abc\"}],", "keys: [{\"sk-abc\": \"alice\"}],",
    "keys: [{name: \"a\", environment: \"sk-abc\"}],", "keys: [sk-abc],",
    "keys: [{name: \"a\", file: [\"sk-abc\"]}],", "keys: [{name: \"a\", key: sk-abc}],",
    "keys: [{name: \"a\", file: {\"sk-abc\": 1}}],", "keys: [{name: \"a\", key: 'sk-abc}],",
  ])
  func `what may be a secret is in no message`(_ members: String) {
    for text in [demo(members), upstream(members.replacing("keys:", with: "key:"))] {
      let problems = problems(text)
      #expect(!problems.isEmpty)
      #expect(!problems.contains { $0.contains("sk") || $0.contains("abc") })
    }
  }

  @Test func `the problems of a file are lines`() {
    let a = ConfigurationProblem(file: "f", place: "a", found: "missing", expected: "expected b")
    let b = ConfigurationProblem(file: "f", place: "", found: "no such file", expected: "x")
    #expect(
      ConfigurationProblems([a, b]).description
        == "f: a: missing; expected b\nf: no such file; x")
  }
}

private let keyCases = [
  ProblemCase(demo("loopz: 1,"), "loopz: unknown key; did you mean \"loops\"?"),
  ProblemCase(
    demo("\"a b\": 1,"),
    "[\"a b\"]: unknown key; expected the keys listen, proxyProtocol, loops, trustedProxies, "
      + "clientField, limits, timeouts, streams, keys, allowAnonymous, upstreams, models, agents, "
      + "widget, conversations, archive, rates, cors, metrics, log"),
  ProblemCase(
    demo("timeouts: {keepalive: \"1s\"},"),
    "timeouts.keepalive: unknown key; did you mean \"keepAlive\"?"),
  ProblemCase(demo("loops: 1, loops: 2,"), "loops: found a second time; expected once"),
  ProblemCase(
    demo("log: {format: \"text\", form\\u0061t: \"json\"},"),
    "log.format: found a second time; expected once"),
  ProblemCase(
    upstream("kind: \"demo\", timeouts: {conect: \"1s\"}"),
    "upstreams[0].timeouts.conect: unknown key; did you mean \"connect\"?"),
  ProblemCase(
    upstream("pace: \"1s\""),
    "upstreams[0].kind: missing; expected \"openai\" or \"demo\""),
  ProblemCase(
    "{upstreams: [{kind: \"demo\"}], models: [{id: \"m\", upstream: \"a\"}]}",
    "upstreams[0].name: missing; expected a name of 1 to 64 letters, digits, \".\", \"_\" or "
      + "\"-\""),
  ProblemCase(
    "{upstreams: [{name: \"a\", kind: \"demo\"}], models: [{}]}",
    "models[0].id: missing; expected a model's name of 1 to 256 bytes without blanks",
    "models[0].upstream: missing; expected a name of 1 to 64 letters, digits, \".\", \"_\" or "
      + "\"-\""),
  ProblemCase(
    "{upstreams: [], models: []}",
    "upstreams: found an empty array; expected at least one upstream such as "
      + "{name: \"demo\", kind: \"demo\"}",
    "models: found an empty array; expected at least one model such as "
      + "{id: \"demo\", upstream: \"demo\"}"),
  ProblemCase("{a: 1\n b: 2}", "line 2, column 2: found \"b\"; expected \",\" or \"}\""),
]

private let typeCases = [
  ProblemCase(
    "[]",
    "found an empty array; expected an object with the keys listen, proxyProtocol, loops, "
      + "trustedProxies, clientField, limits, timeouts, streams, keys, allowAnonymous, upstreams, "
      + "models, agents, widget, conversations, archive, rates, cors, metrics, log"),
  ProblemCase(
    demo("log: null,"), "log: found null; expected an object with the keys format, level, perSecond"
  ),
  ProblemCase(demo("loops: \"4\","), "loops: found \"4\"; expected a whole number from 0 to 256"),
  ProblemCase(demo("loops: -1,"), "loops: found -1; expected a whole number from 0 to 256"),
  ProblemCase(demo("loops: NaN,"), "loops: found NaN; expected a whole number from 0 to 256"),
  ProblemCase(
    demo("loops: 99999999999999999999,"),
    "loops: found 99999999999999999999; expected a whole number from 0 to 256"),
  ProblemCase(
    demo("timeouts: {head: 10},"),
    "timeouts.head: found 10 without a unit; expected a duration such as \"10s\", "
      + "from \"100ms\" to \"10m\""),
  ProblemCase(
    demo("timeouts: {head: \"10\"},"),
    "timeouts.head: found \"10\" without a unit; expected a duration such as \"10s\", "
      + "from \"100ms\" to \"10m\""),
  ProblemCase(
    demo("limits: {body: \"2MB\"},"),
    "limits.body: found \"2MB\"; expected a size in B, KiB, MiB or GiB such as \"2MiB\", "
      + "from \"1KiB\" to \"256MiB\""),
  ProblemCase(
    demo("streams: {requireKeyToRead: \"yes\"},"),
    "streams.requireKeyToRead: found \"yes\"; expected true or false"),
  ProblemCase(
    demo("streams: {whenUnread: {streams: \"stop\"}},"),
    "streams.whenUnread.streams: found \"stop\"; expected \"finish\" or \"cancel\""),
  ProblemCase(
    demo("listen: \"127.0.0.1:80\","),
    "listen: found a string; expected 1 to 64 addresses such as [\"127.0.0.1:8080\"]"),
  ProblemCase(
    demo("listen: [],"),
    "listen: found an empty array; expected 1 to 64 addresses such as [\"127.0.0.1:8080\"]"),
  ProblemCase(
    demo("keys: [{name: \"a b\", environment: \"A\"}],"),
    "keys[0].name: found \"a b\"; expected a name of 1 to 64 letters, digits, \".\", \"_\" or "
      + "\"-\""),
  ProblemCase(
    demo("log: {level: \"a\\nb\\u001b\"},"),
    "log.level: found \"a\\nb\\u{1b}\"; expected \"debug\", \"info\", \"warning\" or \"error\""),
]

private let crossCases = [
  ProblemCase(
    demo("listen: [\"[::1]:1\", \"[0:0::1]:1\"],"),
    "listen[1]: found \"[::1]:1\", as in listen[0]; expected an address of its own"),
  ProblemCase(
    demo(
      "keys: [{name: \"a\", environment: \"A\"}, {name: \"b\", environment: \"B\"}, "
        + "{name: \"a\", environment: \"C\"}],"),
    "keys[2].name: found \"a\", as in keys[0].name; expected a name of its own"),
  ProblemCase(
    "{upstreams: [{name: \"a\", kind: \"demo\"}, {name: \"a\", kind: \"demo\"}], "
      + "models: [{id: \"m\", upstream: \"a\"}, {id: \"m\", upstream: \"b\"}]}",
    "upstreams[1].name: found \"a\", as in upstreams[0].name; expected a name of its own",
    "models[1].id: found \"m\", as in models[0].id; expected an id of its own",
    "models[1].upstream: found \"b\", which is no upstream; did you mean \"a\"?"),
  ProblemCase(
    "{upstreams: [{name: \"alpha\", kind: \"demo\"}, {name: \"beta\", kind: \"demo\"}], "
      + "models: [{id: \"m\", upstream: \"omega-9\"}]}",
    "models[0].upstream: found \"omega-9\", which is no upstream; expected one of \"alpha\", "
      + "\"beta\""),
  ProblemCase(
    upstream("kind: \"demo\", baseURL: \"http://a\", key: {environment: \"A\"}, caFile: \"b\""),
    "upstreams[0].baseURL: found with kind \"demo\"; expected only with kind \"openai\"",
    "upstreams[0].key: found with kind \"demo\"; expected only with kind \"openai\"",
    "upstreams[0].caFile: found with kind \"demo\"; expected only with kind \"openai\""),
  ProblemCase(
    upstream("kind: \"openai\", baseURL: \"http://a\", pace: \"1s\", stamps: true"),
    "upstreams[0].pace: found with kind \"openai\"; expected only with kind \"demo\"",
    "upstreams[0].stamps: found with kind \"openai\"; expected only with kind \"demo\""),
  ProblemCase(
    demo("streams: {memory: \"16MiB\"},"),
    "streams.stream: found \"32MiB\" (the default); expected at most streams.memory, "
      + "which is \"16MiB\""),
  ProblemCase(
    upstream("kind: \"demo\", timeouts: {firstEvent: \"2m\", total: \"1m\", idle: \"61s\"}"),
    "upstreams[0].timeouts.firstEvent: found \"2m\"; expected at most "
      + "upstreams[0].timeouts.total, which is \"1m\"",
    "upstreams[0].timeouts.idle: found \"61s\"; expected at most "
      + "upstreams[0].timeouts.total, which is \"1m\""),
  ProblemCase(demo("streams: {memory: \"32MiB\", stream: \"32MiB\"},")),
  ProblemCase(upstream("kind: \"demo\", timeouts: {firstEvent: \"1m\", total: \"1m\"}")),
]

private let advice =
  "a secret is never written here: expected {file: \"PATH\"}, {credential: \"NAME\"} "
  + "or {environment: \"VARIABLE\"}"

private let secretCases = [
  ProblemCase(demo("keys: [\"sk-abc\"],"), "keys[0]: found a string; \(advice)"),
  ProblemCase(
    demo("keys: [{name: \"a\", key: \"sk-abc\"}],"), "keys[0].key: unknown key; \(advice)"),
  ProblemCase(
    demo("keys: [{name: \"a\", value: \"sk-abc\", environment: \"A\"}],"),
    "keys[0].value: unknown key; \(advice)"),
  ProblemCase(
    demo("keys: [{\"sk-abc\": \"alice\", name: \"a\", environment: \"A\"}],"),
    "keys[0]: unknown key (not shown); expected the keys name, apis, rate, streams, file, "
      + "credential, environment"),
  ProblemCase(
    demo("keys: [{name: \"a\", fiel: \"b\"}],"),
    "keys[0]: found neither file nor credential nor environment; expected one of them",
    "keys[0].fiel: unknown key; did you mean \"file\"?"),
  ProblemCase(
    demo("keys: [{name: \"a\", file: \"b\", environment: \"A\"}],"),
    "keys[0]: found both file and environment; expected one of them"),
  ProblemCase(
    demo("keys: [{name: \"a\", environment: \"sk-abc\"}],"),
    "keys[0].environment: found a string (not shown); expected the name of an environment "
      + "variable such as \"OPENAI_API_KEY\""),
  ProblemCase(
    upstream("kind: \"openai\", baseURL: \"http://a\", key: \"sk-abc\""),
    "upstreams[0].key: found a string; \(advice)"),
  ProblemCase(
    upstream("kind: \"openai\", baseURL: \"http://a\", key: {}"),
    "upstreams[0].key: found neither file nor credential nor environment; expected one of them"),
]
