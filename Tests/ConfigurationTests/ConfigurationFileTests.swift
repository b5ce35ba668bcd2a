import Testing

@testable import Configuration

/// The descriptions of all problems, without the name of the file in front.
func problems(_ text: String) -> [String] {
  switch ConfigurationFile.decode(Array(text.utf8), file: "c") {
  case .success: []
  case .failure(let refusal): refusal.problems.map { String($0.description.dropFirst("c: ".count)) }
  }
}

/// A whole configuration with the built-in model, and `members` besides.
func demo(_ members: String) -> String {
  "{\(members)\nupstreams: [{name: \"demo\", kind: \"demo\"}],"
    + "models: [{id: \"demo\", upstream: \"demo\"}]}"
}

/// A whole configuration with one upstream that has `members`.
func upstream(_ members: String) -> String {
  "{upstreams: [{name: \"a\", \(members)}], models: [{id: \"m\", upstream: \"a\"}]}"
}

func settings(_ text: String) throws -> Settings {
  try ConfigurationFile.decode(Array(text.utf8), file: "etc/deltad.json5").get()
}

/// The demo without its agent.
private var plain: Settings {
  var settings = Settings.demo
  settings.agents = []
  return settings
}

private let noUpstreams =
  "upstreams: missing; expected at least one upstream such as {name: \"demo\", kind: \"demo\"}"
private let noModels =
  "models: missing; expected at least one model such as {id: \"demo\", upstream: \"demo\"}"

@Suite struct ConfigurationFileTests {
  @Test func `a file with nothing but what is required has every default`() throws {
    #expect(try settings(demo("")) == plain)
  }

  @Test func `an empty section has its defaults`() throws {
    let text = demo("limits: {}, timeouts: {}, streams: {whenUnread: {}}, log: {}, keys: [],")
    #expect(try settings(text) == plain)
  }

  @Test(arguments: ["", " \n", "// nothing\n/* at all */", "{}", "\u{FEFF}{}"])
  func `an empty file says what is missing`(_ text: String) {
    #expect(problems(text) == [noUpstreams, noModels])
  }

  @Test func `a description names file, key path, what was found and what would be right`() {
    let text = demo("timeouts: {head: \"10 parsecs\"},")
    let result = ConfigurationFile.decode(Array(text.utf8), file: "etc/deltad.json5")
    #expect(throws: ConfigurationProblems.self) { try result.get() }
    guard case .failure(let refusal) = result else { return }
    #expect(
      refusal.description
        == "etc/deltad.json5: timeouts.head: found \"10 parsecs\"; "
        + "expected a duration such as \"10s\", from \"100ms\" to \"10m\"")
  }

  @Test func `every key has its place in the settings`() throws {
    let read = try settings(wholeFile)
    var expected = Settings()
    expected.listen = [.tcp(host: "::1", port: 0), .unix(path: "/run/d.sock")]
    expected.loops = 3
    expected.limits.connections = 1
    expected.limits.headBytes = 2 << 10
    expected.limits.fields = 9
    expected.limits.targetBytes = 300
    expected.limits.bodyBytes = 5 << 10
    expected.limits.eventBytes = 6 << 10
    expected.limits.answerBytes = 7 << 10
    expected.limits.generations = 8
    expected.timeouts.head = .seconds(1)
    expected.timeouts.body = .seconds(2)
    expected.timeouts.keepAlive = .seconds(3)
    expected.timeouts.stall = .seconds(4)
    expected.timeouts.heartbeat = .seconds(5)
    expected.timeouts.shutdown = .seconds(6)
    expected.streams.memoryBytes = 3 << 20
    expected.streams.streamBytes = 1 << 20
    expected.streams.retention = .seconds(60)
    expected.streams.requireKeyToRead = true
    expected.streams.whenUnread.completions = .finish
    expected.streams.whenUnread.streams = .cancel
    expected.streams.whenUnread.grace = .milliseconds(1500)
    expected.keys = [
      Settings.NamedKey(name: "alice", source: .file(path: "etc/keys/alice")),
      Settings.NamedKey(name: "bob", source: .environment(variable: "BOB")),
    ]
    var upstream = Settings.Upstream(name: "a", kind: .openai)
    upstream.baseURL = "https://api.example.com/v1"
    upstream.key = .file(path: "/etc/key")
    upstream.caFile = "etc/ca.pem"
    upstream.connectTimeout = .seconds(1)
    upstream.firstEventTimeout = .seconds(2)
    upstream.idleTimeout = .seconds(3)
    upstream.totalTimeout = .seconds(4)
    upstream.asksUsage = false
    upstream.idleConnections = 5
    var demo = Settings.Upstream(name: "d", kind: .demo)
    demo.pace = .zero
    demo.stamps = true
    expected.upstreams = [upstream, demo]
    expected.models = [
      Settings.Model(id: "m", upstream: "a", upstreamModel: "M"),
      Settings.Model(id: "*", upstream: "d"),
    ]
    expected.log.format = .json
    expected.log.level = .debug
    #expect(read == expected)
  }

  @Test(arguments: [
    ("c.json5", "keys/a"), ("/etc/d/c.json5", "/etc/d/keys/a"), ("/c.json5", "/keys/a"),
    ("./c.json5", "./keys/a"),
  ])
  func `relative paths are from the folder of the file`(_ file: String, _ path: String) throws {
    let text = demo("keys: [{name: \"a\", file: \"keys/a\"}],")
    let settings = try ConfigurationFile.decode(Array(text.utf8), file: file).get()
    #expect(settings.keys.map(\.source) == [.file(path: path)])
  }

  @Test func `ten problems are reported in one run in the order of the file`() {
    #expect(problems(tenMistakes) == tenProblems)
  }

  @Test func `a value that was refused is not compared as well`() {
    #expect(
      problems(demo("streams: {memory: \"1KiB\"},")) == [
        "streams.memory: found \"1KiB\"; expected a size in B, KiB, MiB or GiB such as "
          + "\"256MiB\", from \"1MiB\" to \"1024GiB\""
      ])
  }
}

private let wholeFile = """
  {
    listen: ["[::1]:0", "unix:/run/d.sock"], loops: 3,
    limits: {connections: 1, head: "2KiB", fields: 9, target: "300B", body: "5KiB",
      event: "6KiB", answer: "7KiB", generations: 8},
    timeouts: {head: "1s", body: "2s", keepAlive: "3s", stall: "4s", heartbeat: "5s",
      shutdown: "6s"},
    streams: {memory: "3MiB", stream: "1MiB", retention: "1m", requireKeyToRead: true,
      whenUnread: {completions: "finish", streams: "cancel", grace: "1.5s"}},
    keys: [{name: "alice", file: "keys/alice"}, {name: "bob", environment: "BOB"}],
    upstreams: [
      {name: "a", kind: "openai", baseURL: "HTTPS://API.example.com/v1/", key: {file: "/etc/key"},
        caFile: "ca.pem", timeouts: {connect: "1s", firstEvent: "2s", idle: "3s", total: "4s"},
        askUsage: false, idleConnections: 5},
      {name: "d", kind: "demo", pace: "0ms", stamps: true}],
    models: [{id: "m", upstream: "a", upstreamModel: "M"}, {id: "*", upstream: "d"}],
    log: {format: "json", level: "debug"},
  }
  """

private let tenMistakes = """
  {
    log: {level: "loud"},
    loops: 1.5,
    listen: ["127.0.0.1"],
    timeots: {},
    limits: {head: 16384, bogus: 1},
    models: [{id: "m", upstream: "opnai"}],
    upstreams: [{name: "openai", kind: "openai"}],
    streams: {stream: "512MiB"},
    keys: [{name: "a"}],
  }
  """

private let tenProblems = [
  "log.level: found \"loud\"; expected \"debug\", \"info\", \"warning\" or \"error\"",
  "loops: found 1.5; expected a whole number from 0 to 256",
  "listen[0]: found \"127.0.0.1\"; expected an address such as \"127.0.0.1:8080\", "
    + "\"[::1]:8080\", \"localhost:0\" or \"unix:/run/deltad/deltad.sock\"",
  "timeots: unknown key; did you mean \"timeouts\"?",
  "limits.head: found 16384 without a unit; expected a size in B, KiB, MiB or GiB such as "
    + "\"16KiB\", from \"1KiB\" to \"1MiB\"",
  "limits.bogus: unknown key; expected the keys connections, head, fields, target, body, event, "
    + "answer, generations, queuedGenerations, streamsPerClient",
  "models[0].upstream: found \"opnai\", which is no upstream; did you mean \"openai\"?",
  "upstreams[0].baseURL: missing; expected an http or https URL with a host, such as "
    + "\"https://api.example.com/v1\"",
  "streams.stream: found \"512MiB\"; expected at most streams.memory, which is \"256MiB\"",
  "keys[0]: found neither file nor credential nor environment; expected one of them",
]
