import TestSupport
import Testing

/// What a log must never hold, in a run that used all of it.
@Suite(.showsLog)
struct LogSecrecyTests {
  private static let chat = "/v1/chat/completions"
  private static let key = "Authorization: Bearer sekret-of-alice"

  /// The daemon of the test, with keys on both sides and all that can be logged.
  private static func withSecrets(
    _ format: String, _ body: (Daemon, ScriptedModel) throws -> Void
  ) throws {
    let model = try ScriptedModel()
    try model.script("good", #"{"text":"spoken-by-the-model"},{"finish":"stop"},{"done":true}"#)
    try model.script("whole", #"{"answer":"spoken-by-the-model"}"#)
    try model.script(
      "refused", #"{"head":{"status":401}},{"json":{"error":{"message":"spoken-by-the-model"}}}"#)
    try model.script("cut", #"{"text":"spoken-by-the-model"},{"truncate":9},{"text":"more"}"#)
    try model.script(
      "reported", #"{"event":{"error":{"message":"spoken-by-the-model","code":1}}}"#)
    try model.script("garbage", #"{"sse":"data: spoken-by-the-model\n\n"}"#)
    let folder = try TemporaryFolder()
    try folder.write("sekret-of-alice\n", to: "alice")
    var configuration = Configuration(model)
    configuration.upstreams = [
      model.upstream("scripted", #"key: { environment: "E2E_UPSTREAM" }"#)
    ]
    configuration.more = """
      keys: [{ name: "alice", file: "alice" }],
      log: { format: "\(format)", level: "debug" },
      """
    let environment = ["E2E_UPSTREAM": "sekret-of-upstream"]
    try withDaemon(configuration, in: folder, environment: environment) { daemon in
      try body(daemon, model)
    }
  }

  @Test(arguments: ["text", "json"])
  func `no key, no text and no whole stream id is ever in the log`(format: String) throws {
    try Self.withSecrets(format) { daemon, model in
      var ids: [String] = []
      for name in ["good", "whole", "refused", "cut", "reported", "garbage"] {
        for (target, stream) in [(Self.chat, true), (Self.chat, false), ("/v1/streams", true)] {
          let body = HTTPRequest.chat(name, stream: stream, message: "asked-by-the-client")
          let response = try daemon.ask("POST", target, body: body, [Self.key])
          if let id = response["X-Stream-Id"] { ids.append(id) }
        }
      }
      #expect(ids.count == 18)
      try Self.read(ids, daemon)
      try Self.offend(daemon)

      // The run did use all of it.
      let asked = try model.wait(for: "attempt", of: "good", count: 2)
      #expect(asked.contains("Bearer sekret-of-upstream"))
      #expect(asked.contains("asked-by-the-client"))
      let reads = try daemon.lines(ids.count * 6) { $0.contains("/v1/streams/") }
      #expect(reads.allSatisfy { $0.contains("request") })

      let log = daemon.standardError.text.lowercased()
      for secret in ["sekret", "authorization", "bearer", "spoken-by", "asked-by"] {
        #expect(!log.contains(secret), "\(secret)")
      }
      for id in ids { #expect(!log.contains(id.dropFirst("strm_".count).lowercased())) }
    }
  }

  /// Reads each stream in every way that its id can be written.
  private static func read(_ ids: [String], _ daemon: Daemon) throws {
    for id in ids {
      let connection = try daemon.connect()
      let encoded = "%73trm%5F" + id.dropFirst("strm_".count)
      for target in [id, "\(id)?format=json", "\(id)/more", encoded, "x\(id)"] {
        _ = try connection.ask("GET", "/v1/streams/\(target)")
      }
      _ = try connection.ask("DELETE", "/v1/streams/\(id)", [key])
    }
  }

  /// Requests that are wrong, with secrets in them.
  private static func offend(_ daemon: Daemon) throws {
    let bodies = [#"{"messages":[{"content":"asked-by-the-client"}]}"#, #"{"asked-by-the-client"#]
    for body in bodies {
      #expect(try daemon.ask("POST", chat, body: body, [key]).status == 400)
    }
    #expect(try daemon.ask("POST", chat, body: bodies[0], [key, key]).status == 401)
    #expect(try daemon.ask("GET", "/v1/models", ["Authorization: Bearer sekret-2"]).status == 401)
    #expect(try daemon.ask("GET", "/nope?key=sekret-of-alice").status == 404)
    #expect(
      try daemon.ask("GET", "/healthz", ["Authorization sekret-of-alice: x"]).status == 400)
  }
}
