import Glibc
import TestSupport
import Testing

@Suite(.showsLog)
struct ShutdownTests {
  private static let chat = "/v1/chat/completions"

  /// A daemon with a stream that waits at the gate `on` behind its first word.
  private static func withStream(
    shutdown: String, loops: Int = 2,
    _ body: (Daemon, ScriptedModel, HTTPConnection, _ id: String) throws -> Void
  ) throws {
    let model = try ScriptedModel()
    try model.script(
      "held", #"{"text":"one"},{"gate":"on"},{"text":" two"},{"finish":"stop"},{"done":true}"#)
    try model.script("whole", #"{"gate":"on"},{"answer":"late"}"#)
    var configuration = Configuration(model)
    configuration.timeouts["shutdown"] = shutdown
    configuration.more = "loops: \(loops),"
    let daemon = try Daemon(configuration.text)
    try DaemonLog.$current.withValue(daemon.standardError) {
      let asker = try daemon.connect()
      try asker.send(
        HTTPRequest.text("POST", chat, body: HTTPRequest.chat("held", stream: true)))
      let id = try #require(try asker.head()["X-Stream-Id"])
      #expect(try asker.chunks(until: "\n\n").contains(#""content":"one""#))
      try body(daemon, model, asker, id)
    }
  }

  /// A reader that has had the first word.
  private static func reader(_ daemon: Daemon, _ id: String, _ format: String = "sse") throws
    -> HTTPConnection
  {
    let reader = try daemon.connect()
    try reader.send(HTTPRequest.text("GET", "/v1/streams/\(id)?format=\(format)"))
    _ = try reader.head()
    let ends = [
      "sse": #""one"}"# + "\n\n", "ndjson": #""one"}"# + "\n", "chunk": #""one"}"# + "\n\n",
    ]
    _ = try reader.chunks(until: ends[format] ?? "\n\n")
    return reader
  }

  private static func waitUntilDraining(_ daemon: Daemon) throws {
    try Patience.wait(for: "the daemon to be unready") {
      (try? daemon.ask("GET", "/readyz"))?.status == 503 ? () : nil
    }
  }

  private static var patient: Configuration {
    var configuration = Configuration()
    configuration.timeouts["shutdown"] = "30s"
    return configuration
  }

  // MARK: Nothing runs

  @Test(arguments: [SIGTERM, SIGINT])
  func `with no stream it ends at once, and idle connections with it`(signal: CInt) throws {
    let daemon = try Daemon(Self.patient.text)
    let connections = try (0..<10).map { _ in try daemon.connect() }
    for connection in connections.prefix(5) {
      #expect(try connection.ask("GET", "/healthz").status == 200)
    }
    daemon.signal(signal)
    #expect(try daemon.exitStatus() == 0)
    for connection in connections.prefix(5) { #expect(try connection.end() == .end) }
    let ends = daemon.log.filter { $0.contains(" info shutdown ") || $0.contains(" info stopped") }
    #expect(ends.count == 2)
    #expect(ends.first?.hasSuffix(" info shutdown signal=\(signal)") == true)
    #expect(daemon.log.last?.hasSuffix(" info stopped ended=0 closed=0") == true)
  }

  @Test func `a finished stream that is still kept does not hold it up`() throws {
    let daemon = try Daemon(Self.patient.text)
    let body = HTTPRequest.chat("demo", stream: true)
    #expect(try daemon.ask("POST", Self.chat, body: body).text.hasSuffix("data: [DONE]\n\n"))
    daemon.terminate()
    #expect(try daemon.exitStatus() == 0)
  }

  // MARK: Streams that may go on

  @Test func `a running stream goes on to its end, who looks is told, then it ends`()
    throws
  {
    try Self.withStream(shutdown: "30s") { daemon, model, asker, id in
      let reader = try Self.reader(daemon, id)
      daemon.terminate()
      try Self.waitUntilDraining(daemon)
      #expect(!daemon.hasExited)
      #expect(!asker.hasSomething)
      try model.open(gate: "on")
      #expect(try asker.chunks(until: "data: [DONE]\n\n").contains(#""content":" two""#))
      #expect(try asker.chunk() == nil)
      #expect(try asker.end() == .end)
      let rest = try reader.chunks(until: "}\n\n") + reader.chunks(until: "}\n\n")
      #expect(rest.contains("data: {\"text\":\" two\"}\n\n"))
      #expect(rest.contains("event: done\ndata: {\"finishReason\":\"stop\","))
      #expect(try reader.chunk() == nil)
      #expect(try reader.end() == .end)
      #expect(try daemon.exitStatus() == 0)
    }
  }

  @Test func `an answer that is no stream is given before it ends`() throws {
    try Self.withStream(shutdown: "30s") { daemon, model, asker, _ in
      let whole = try daemon.connect()
      try whole.send(
        HTTPRequest.text("POST", Self.chat, body: HTTPRequest.chat("whole", stream: false)))
      try model.wait(for: "attempt", of: "whole")
      daemon.terminate()
      try Self.waitUntilDraining(daemon)
      try model.open(gate: "on")
      let response = try whole.response()
      #expect(response.status == 200)
      #expect(response["Connection"] == "close")
      #expect(response.text.contains(#""content":"late""#))
      #expect(try whole.end() == .end)
      #expect(try asker.chunks(until: "data: [DONE]\n\n").contains(" two"))
      #expect(try daemon.exitStatus() == 0)
    }
  }

  @Test func `a request that was half there is answered, but no generation begins`() throws {
    try Self.withStream(shutdown: "30s", loops: 1) { daemon, model, asker, id in
      let body = HTTPRequest.chat("held", stream: true)
      let requests = [
        (HTTPRequest.text("GET", "/healthz"), 200),
        (HTTPRequest.text("GET", "/v1/streams/\(id)?format=json"), 200),
        (HTTPRequest.text("POST", Self.chat, body: body), 503),
        (HTTPRequest.text("POST", "/v1/streams", body: body), 503),
      ]
      let connections = try requests.map { request, _ in
        let connection = try daemon.connect()
        try connection.send(String(request.prefix(12)))
        return connection
      }
      // One loop: what was sent before has been read when this is answered.
      #expect(try daemon.ask("GET", "/healthz").status == 200)
      daemon.terminate()
      try Self.waitUntilDraining(daemon)
      for (connection, (request, status)) in zip(connections, requests) {
        try connection.send(String(request.dropFirst(12)))
        let response = try connection.response()
        #expect(response.status == status)
        #expect(response["Connection"] == "close")
        if status == 503 {
          #expect(response["Retry-After"] == "1")
          #expect(response.text.contains("shutting_down"))
        }
        #expect(try connection.end() == .end)
        connection.socket.close()
      }
      try model.open(gate: "on")
      #expect(try asker.chunks(until: "data: [DONE]\n\n").contains(" two"))
      #expect(try daemon.exitStatus() == 0)
    }
  }

  // MARK: Streams whose time is up

  @Test(arguments: ["0s", "100ms"])
  func `readers of a stream whose time is up get its terminal error, and no DONE`(
    shutdown: String
  ) throws {
    try Self.withStream(shutdown: shutdown) { daemon, model, asker, id in
      let events = try Self.reader(daemon, id)
      let lines = try Self.reader(daemon, id, "ndjson")
      let chunks = try Self.reader(daemon, id, "chunk")
      daemon.terminate()
      let message = "the server is shutting down"
      #expect(
        try Self.rest(asker)
          == "data: {\"error\":{\"message\":\"\(message)\",\"type\":\"overloaded_error\","
          + "\"param\":null,\"code\":\"shutting_down\"}}\n\n")
      let terminal = try Self.rest(events)
      #expect(terminal.hasPrefix("id: "))
      #expect(
        terminal.drop { $0 != "\n" }
          == "\nevent: error\ndata: {\"code\":\"shutting_down\",\"message\":\"\(message)\","
          + "\"retryable\":true}\n\n")
      #expect(
        try Self.rest(lines) == "{\"type\":\"error\",\"error\":\"Internal server error\"}\n")
      #expect(
        try Self.rest(chunks)
          == "data: {\"error\": {\"name\":\"InternalServerError\",\"message\":\"\(message)\","
          + "\"details\":{}}}\n\n")
      #expect(try daemon.exitStatus() == 3)
      // The bill stops: the upstream has lost its client.
      try model.wait(for: "gone", of: "held")
      let lost = daemon.log.filter { $0.contains(" generation ") }
      #expect(lost.count == 1)
      #expect(lost.first?.hasSuffix(" end=shutting_down") == true)
    }
  }

  @Test func `who waits for a whole answer, or its first event, gets 503`() throws {
    try Self.withStream(shutdown: "0s") { daemon, model, asker, _ in
      let waiting = try [false, true].map { stream in
        let connection = try daemon.connect()
        let body = HTTPRequest.chat("whole", stream: stream)
        try connection.send(HTTPRequest.text("POST", Self.chat, body: body))
        return connection
      }
      try model.wait(for: "attempt", of: "whole", count: 2)
      daemon.terminate()
      for connection in waiting {
        let response = try connection.response()
        #expect(response.status == 503)
        #expect(
          response.text
            == #"{"error":{"message":"the server is shutting down","type":"overloaded_error","#
            + #""param":null,"code":"shutting_down"}}"#)
        #expect(try connection.end() == .end)
      }
      #expect(try Self.rest(asker).contains("shutting_down"))
      #expect(try daemon.exitStatus() == 3)
    }
  }

  @Test func `a client that does not close is not waited for`() throws {
    try Self.withStream(shutdown: "0s") { daemon, _, asker, _ in
      daemon.terminate()
      let status = try daemon.exitStatus()
      #expect(status == 3)
      #expect(try Self.rest(asker).contains("shutting_down"))
    }
  }

  /// What comes until the end of the body, which must be the end of the connection too.
  private static func rest(_ connection: HTTPConnection) throws -> String {
    var data: [UInt8] = []
    while let chunk = try connection.chunk() { data += chunk }
    #expect(try connection.end() == .end)
    connection.socket.close()
    return String(decoding: data, as: UTF8.self)
  }
}
