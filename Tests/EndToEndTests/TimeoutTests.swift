import TestSupport
import Testing

@Suite(.showsLog)
struct TimeoutTests {
  private static let chat = "/v1/chat/completions"

  private static func configuration(_ timeouts: [String: String]) -> Configuration {
    var configuration = Configuration()
    configuration.timeouts.merge(timeouts) { $1 }
    return configuration
  }

  private static let slowHead =
    #"{"error":{"code":"request_timeout","message":"the request head took too long","#
    + #""retryable":true}}"#

  @Test func `a head that stops in the middle is 408, and closes`() throws {
    try withDaemon(Self.configuration(["head": "200ms"])) { daemon in
      let connection = try daemon.connect()
      let start = Patience.now
      try connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\nX-")
      let response = try connection.response()
      #expect(Patience.now - start >= 200)
      #expect(response.statusLine == "HTTP/1.1 408 Request Timeout")
      #expect(response["Connection"] == "close")
      #expect(response.text == Self.slowHead)
      #expect(try connection.end() == .end)
    }
  }

  @Test func `bytes that trickle in do not give a head more time`() throws {
    try withDaemon(Self.configuration(["head": "200ms"])) { daemon in
      let connection = try daemon.connect()
      try connection.send("GET /healthz HTTP/1.1\r\nX-Long: ")
      while !connection.hasSomething {
        try connection.send("x")
        Patience.pace(milliseconds: 5)
      }
      #expect(try connection.response().text == Self.slowHead)
    }
  }

  @Test func `a second request has its own time for its head`() throws {
    try withDaemon(Self.configuration(["head": "200ms"])) { daemon in
      let connection = try daemon.connect()
      let start = Patience.now
      while Patience.now - start < 400 {
        #expect(try connection.ask("GET", "/healthz").status == 200)
      }
      try connection.send("G")
      #expect(try connection.response().status == 408)
      #expect(try connection.end() == .end)
    }
  }

  @Test(arguments: ["Content-Length: 10", "Transfer-Encoding: chunked"])
  func `a body that stops in the middle is 408 in the shape of the API, and closes`(
    framing: String
  ) throws {
    try withDaemon(Self.configuration(["body": "200ms"])) { daemon in
      for (target, body) in [
        (
          Self.chat,
          #"{"error":{"message":"the request body took too long","#
            + #""type":"invalid_request_error","param":null,"code":"request_timeout"}}"#
        ),
        (
          "/v1/streams",
          #"{"error":{"code":"request_timeout","message":"the request body took too long","#
            + #""retryable":true}}"#
        ),
      ] {
        let connection = try daemon.connect()
        let start = Patience.now
        try connection.send("POST \(target) HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n4\r\n{")
        let response = try connection.response()
        #expect(Patience.now - start >= 200)
        #expect(response.status == 408)
        #expect(response["Connection"] == "close")
        #expect(response.text == body)
        #expect(try connection.end() == .end)
      }
    }
  }

  @Test func `a slow body is taken as long as no silence is too long`() throws {
    try withDaemon(Self.configuration(["head": "100ms", "body": "1s"])) { daemon in
      let connection = try daemon.connect()
      let body = Array(HTTPRequest.chat("demo", stream: false).utf8)
      try connection.send(
        "POST \(Self.chat) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
      let start = Patience.now
      for (index, byte) in body.enumerated() {
        if index.isMultiple(of: body.count / 5) { Patience.pace(milliseconds: 250) }
        try connection.send([byte])
      }
      #expect(Patience.now - start >= 1_000)
      #expect(try connection.response().status == 200)
    }
  }

  @Test func `an idle connection is closed without a word, used before or not`() throws {
    try withDaemon(Self.configuration(["keepAlive": "1s", "head": "100ms"])) { daemon in
      let silent = try daemon.connect()
      let used = try daemon.connect()
      let start = Patience.now
      #expect(try used.ask("GET", "/healthz").status == 200)
      #expect(try used.end() == .end)
      #expect(Patience.now - start >= 1_000)
      #expect(try silent.end() == .end)
      // Nothing was asked: nothing is in the log but the one request.
      #expect(daemon.log.filter { $0.contains(" info request ") }.count == 1)
    }
  }

  @Test func `answers may take longer than any time that a client has`() throws {
    let model = try ScriptedModel()
    try model.script("slow", #"{"text":"one"},{"gate":"on"},{"text":" two"},{"done":true}"#)
    try model.script("late", #"{"gate":"on"},{"answer":"late"}"#)
    var configuration = Configuration(model)
    configuration.timeouts.merge(
      ["head": "100ms", "body": "100ms", "keepAlive": "1s", "heartbeat": "1s"]
    ) { $1 }
    try withDaemon(configuration) { daemon in
      let whole = try daemon.connect()
      try whole.send(
        HTTPRequest.text("POST", Self.chat, body: HTTPRequest.chat("late", stream: false)))
      let reader = try daemon.connect()
      try reader.send(
        HTTPRequest.text("POST", Self.chat, body: HTTPRequest.chat("slow", stream: true)))
      _ = try reader.head()
      // Two heartbeats: the silence was longer than each of the time-outs.
      _ = try reader.chunks(until: ": ping\n\n")
      #expect(try reader.chunks(until: "\n\n") == ": ping\n\n")
      try model.open(gate: "on")
      #expect(try reader.chunks(until: "data: [DONE]\n\n").contains(#""content":" two""#))
      #expect(try reader.chunk() == nil)
      #expect(try whole.response().text.contains(#""content":"late""#))
      for connection in [whole, reader] {
        #expect(try connection.ask("GET", "/healthz").status == 200)
      }
    }
  }
}
