import Foundation
import TestSupport
import Testing

@Suite(.showsLog)
struct LogTests {
  private static let chat = "/v1/chat/completions"

  private static func configuration(_ format: String, level: String = "debug") -> Configuration {
    var configuration = Configuration()
    configuration.more = #"log: { format: "\#(format)", level: "\#(level)" },"#
    return configuration
  }

  /// The `name=value` pairs of a text line; values that are quoted are none of ours here.
  private static func fields(_ line: String) -> [String: String] {
    var fields: [String: String] = [:]
    for word in line.split(separator: " ") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
    }
    return fields
  }

  // MARK: Text

  @Test func `a request is one line, with what it was, what it got and how it ended`() throws {
    try withDaemon(Self.configuration("text")) { daemon in
      let connection = try daemon.connect()
      let body = HTTPRequest.chat("demo", stream: true)
      let response = try connection.ask("POST", Self.chat, body: body, ["X-Request-Id: mine-1"])
      let id = try #require(response["X-Stream-Id"])
      let line = try daemon.lines(1) { $0.contains(" info request ") }[0]
      let start = #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info request request=mine-1 /#
      #expect(line.prefixMatch(of: start) != nil)
      var fields = Self.fields(line)
      #expect(fields.removeValue(forKey: "bytes") == "\(connection.received)")
      let shown = fields.removeValue(forKey: "stream") ?? ""
      #expect(shown.hasPrefix("strm_") && id.hasPrefix(shown) && shown.count < id.count)
      for name in ["first", "duration"] {
        let value = fields.removeValue(forKey: name) ?? ""
        #expect(value.wholeMatch(of: /\d+\.\d{3}ms/) != nil)
      }
      let events = fields.removeValue(forKey: "events").flatMap { Int($0) } ?? 0
      #expect(events > 100)
      #expect(
        fields == [
          "request": "mine-1", "client": "127.0.0.1", "api": "completions", "method": "POST",
          "path": Self.chat, "status": "200", "model": "demo", "upstream": "demo",
          "end": "completed",
        ])
    }
  }

  @Test func `every request has its line, refused ones too`() throws {
    try withDaemon(Self.configuration("text")) { daemon in
      let requests = [
        (HTTPRequest.text("GET", "/healthz"), "operations", "GET", "/healthz", "200"),
        (HTTPRequest.text("GET", "/nope?a=b"), "operations", "GET", "/nope", "404"),
        (HTTPRequest.text("PUT", "/v1/streams"), "streams", "PUT", "/v1/streams", "405"),
        (HTTPRequest.text("POST", Self.chat, body: "{"), "completions", "POST", Self.chat, "400"),
        ("GET /healthz HTTP/1.1\r\n\r\n", "operations", "?", "/healthz", "400"),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "operations", "?", "/", "505"),
      ]
      for (index, (request, api, method, path, status)) in requests.enumerated() {
        let connection = try daemon.connect()
        try connection.send(request)
        _ = try connection.response()
        let lines = try daemon.lines(index + 1) { $0.contains(" info request ") }
        #expect(lines.count == index + 1)
        let fields = Self.fields(lines[index])
        #expect(fields["api"] == api)
        #expect(fields["method"] == method)
        #expect(fields["path"] == path)
        #expect(fields["status"] == status)
        #expect(fields["bytes"] == "\(connection.received)")
        #expect(fields["end"] == "completed")
      }
    }
  }

  @Test func `the bytes of a request are its own on a connection that is kept`() throws {
    try withDaemon(Self.configuration("text")) { daemon in
      let connection = try daemon.connect()
      var before = 0
      for index in 0..<6 {
        switch index {
        case 1: _ = try connection.ask("HEAD", "/healthz")
        case 5:
          try connection.send("garbage\r\n\r\n")
          _ = try connection.response()
        default: _ = try connection.ask("GET", "/v1/models")
        }
        let lines = try daemon.lines(index + 1) { $0.contains(" info request ") }
        #expect(Self.fields(lines[index])["bytes"] == "\(connection.received - before)")
        before = connection.received
      }
    }
  }

  @Test func `a client that leaves in the middle is told from one that got its answer`() throws {
    let model = try ScriptedModel()
    try model.script("held", #"{"text":"one"},{"gate":"on"},{"text":" two"},{"done":true}"#)
    try withDaemon(Configuration(model)) { daemon in
      for reset in [true, false] {
        let connection = try daemon.connect()
        let body = HTTPRequest.chat("held", stream: true)
        try connection.send(HTTPRequest.text("POST", Self.chat, body: body))
        _ = try connection.head()
        _ = try connection.chunk()
        if reset { connection.socket.reset() } else { connection.socket.close() }
      }
      let lines = try daemon.lines(2) { $0.contains(" info request ") }
      for line in lines { #expect(Self.fields(line)["end"] == "clientLeft") }
    }
  }

  @Test func `what a client writes cannot break out of its line, nor make it long`() throws {
    try withDaemon(Self.configuration("text")) { daemon in
      let connection = try daemon.connect()
      let forged = #"x\n2026-01-01T00:00:00.000Z info request request=forged end=\"completed\""#
      let long = String(repeating: "m", count: 1 << 20)
      for (model, status) in [(forged, 404), (long, 400)] {
        let body = HTTPRequest.chat(model, stream: true)
        #expect(try connection.ask("POST", Self.chat, body: body).status == status)
      }
      let path = "/" + String(repeating: "p", count: 8_000)
      #expect(try connection.ask("GET", path).status == 404)
      let lines = try daemon.lines(3) { $0.contains("request=") }
      #expect(lines.count == 3)
      for line in lines {
        #expect(line.wholeMatch(of: /\d{4}-.*Z info request request=req_.*/) != nil)
        #expect(line.utf8.count < 2_048)
      }
    }
  }

  // MARK: JSON

  @Test func `as JSON each line is an object with the same members`() throws {
    let model = try ScriptedModel()
    try model.script("good", #"{"answer":"fine"}"#)
    try model.script("bad", #"{"head":{"status":500}},{"json":{"error":{"message":"no"}}}"#)
    var configuration = Configuration(model)
    configuration.more = #"log: { format: "json", level: "debug" },"#
    try withDaemon(configuration) { daemon in
      let connection = try daemon.connect()
      for name in ["good", "bad", #"we\"ird\n\u0001"#] {
        for stream in [true, false] {
          _ = try connection.ask("POST", Self.chat, body: HTTPRequest.chat(name, stream: stream))
        }
      }
      _ = try daemon.lines(6) { $0.contains(#""event":"request""#) }
      var events: [String: Int] = [:]
      for line in daemon.log {
        let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8))
        let object = try #require(parsed as? [String: Any], "\(line)")
        #expect(line.hasPrefix(#"{"time":""#))
        let event = try #require(object["event"] as? String)
        events[event, default: 0] += 1
        guard event == "request" else { continue }
        let strings = ["request", "client", "api", "method", "path", "model", "upstream", "end"]
        for name in strings { #expect(object[name] is String, "\(name) of \(line)") }
        for name in ["status", "bytes", "first", "duration"] {
          #expect(object[name] is NSNumber, "\(name) of \(line)")
        }
      }
      #expect(events["request"] == 6)
      #expect(events["generation"] == 6)
      #expect(events["listening"] == 1)
    }
  }

  // MARK: Levels

  @Test(arguments: ["text", "json"])
  func `with a journal each line begins with its priority`(format: String) throws {
    let environment = ["JOURNAL_STREAM": "8:12345"]
    try withDaemon(Self.configuration(format), environment: environment) { daemon in
      _ = try daemon.ask("GET", "/healthz")
      try daemon.folder.write("{", to: "deltad.json5")
      daemon.signal(1)
      let reload = try daemon.lines(2) { $0.contains("reload") }
      #expect(reload.allSatisfy { $0.hasPrefix("<3>") })
      let request = try daemon.lines(1) { $0.contains("request=") || $0.contains("\"request\"") }
      #expect(request[0].hasPrefix("<6>"))
      for line in daemon.log { #expect(line.hasPrefix("<6>") || line.hasPrefix("<3>")) }
    }
    try withDaemon(Self.configuration(format)) { daemon in
      let response = try daemon.ask("GET", "/healthz")
      #expect(response.status == 200)
      for line in daemon.log { #expect(!line.hasPrefix("<")) }
    }
  }

  @Test func `what is below the level is not written`() throws {
    // The port is in a line of level info: a Unix-domain socket needs none.
    let folder = try TemporaryFolder()
    var configuration = Self.configuration("text", level: "warning")
    configuration.listen = ["unix:\(folder.path("socket"))"]
    let file = try folder.write(configuration.text, to: "deltad.json5")
    let process = try ChildProcess(Repository.deltad, ["serve", "--config", file])
    let connection = try Patience.wait(for: "the daemon to listen") {
      try? HTTPConnection(ClientSocket(path: folder.path("socket")))
    }
    #expect(try connection.ask("GET", "/healthz").status == 200)
    try folder.write("{", to: "deltad.json5")
    process.signal(1)
    _ = try Patience.wait(for: "the refusal") { process.errors.contains("reload") ? () : nil }
    process.signal(15)
    #expect(try process.exitStatus() == 0)
    #expect(!process.errors.contains(" info "))
    #expect(process.errors.contains(" error reload "))
  }
}
