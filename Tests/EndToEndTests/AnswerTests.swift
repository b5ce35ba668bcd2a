import TestSupport
import Testing

@Suite(.showsLog)
struct AnswerTests {
  @Test(arguments: ["/healthz", "/v1/models", "/v1/models/demo", "/"])
  func `HEAD has the fields of GET and no body`(target: String) throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let get = try connection.ask("GET", target, ["X-Request-Id: same"])
      let head = try connection.ask("HEAD", target, ["X-Request-Id: same"])
      #expect(head.statusLine == "HTTP/1.1 200 OK")
      #expect(head.names == get.names)
      for name in head.names where name != "Date" { #expect(head[name] == get[name]) }
      #expect(head["Content-Length"] == "\(get.body.count)")
      #expect(!get.body.isEmpty)
      // No body stands between it and the next answer.
      #expect(try connection.ask("GET", "/healthz").text == #"{"status":"ok"}"#)
    }
  }

  @Test func `HEAD of a stream and of nothing has no body either`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let created = try connection.ask(
        "POST", "/v1/streams", body: HTTPRequest.chat("demo", stream: true))
      let location = try #require(created["Location"])
      let head = try connection.ask("HEAD", location)
      #expect(head.status == 200)
      #expect(head["Content-Type"] == "text/event-stream; charset=utf-8")
      let missing = try connection.ask("HEAD", "/v1/streams/nope")
      #expect(missing.status == 404)
      #expect(missing["Content-Length"] == "101")
      #expect(try connection.ask("GET", "/healthz").text == #"{"status":"ok"}"#)
    }
  }

  @Test(arguments: [
    ("/healthz", "GET, HEAD, OPTIONS"), ("/", "GET, HEAD, OPTIONS"),
    ("/v1/models", "GET, HEAD, OPTIONS"), ("/v1/models/vendor/name", "GET, HEAD, OPTIONS"),
    ("/v1/chat/completions", "POST, OPTIONS"), ("/v1/streams", "POST, OPTIONS"),
    ("/v1/streams/any", "GET, HEAD, DELETE, OPTIONS"),
  ])
  func `OPTIONS is answered 204 with what may be done, and other methods 405 with the same`(
    target: String, allow: String
  ) throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let options = try connection.ask("OPTIONS", target)
      #expect(options.statusLine == "HTTP/1.1 204 No Content")
      #expect(options["Allow"] == allow)
      #expect(options["Content-Length"] == nil)
      let refused = try connection.ask("PUT", target)
      #expect(refused.statusLine == "HTTP/1.1 405 Method Not Allowed")
      #expect(refused["Allow"] == allow)
    }
  }

  @Test func `OPTIONS of the server as a whole is answered`() throws {
    try withDaemon { daemon in
      let response = try daemon.ask("OPTIONS", "*")
      #expect(response.status == 204)
      #expect(response["Allow"]?.contains("OPTIONS") == true)
    }
  }

  @Test func `404 and 405 come in the shape of the API that the path belongs to`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      for (method, target, body) in Self.refusals {
        let response = try connection.ask(method, target)
        #expect(response["Content-Type"] == "application/json")
        #expect(response.text == body, "\(method) \(target)")
      }
    }
  }

  private static let refusals = [
    (
      "GET", "/v1/chat/completions",
      #"{"error":{"message":"this path takes only: POST, OPTIONS","#
        + #""type":"invalid_request_error","param":null,"code":"method_not_allowed"}}"#
    ),
    (
      "GET", "/v1/chat/completion",
      #"{"error":{"message":"there is nothing at this path","#
        + #""type":"invalid_request_error","param":null,"code":"not_found"}}"#
    ),
    (
      "GET", "/v1/streams",
      #"{"error":{"code":"method_not_allowed","#
        + #""message":"this path takes only: POST, OPTIONS","retryable":false}}"#
    ),
    (
      "GET", "/v1/streams/a/b",
      #"{"error":{"code":"not_found","message":"there is nothing at this path","#
        + #""retryable":false}}"#
    ),
    (
      "GET", "/v1/streams/strm_00000000000000000000000",
      #"{"error":{"code":"not_found","#
        + #""message":"no stream has this id, or it has expired","retryable":false}}"#
    ),
    (
      "GET", "/nope",
      #"{"error":{"code":"not_found","message":"there is nothing at this path","#
        + #""retryable":false}}"#
    ),
  ]

  // MARK: X-Request-Id

  @Test(arguments: [
    "a", "0d9b2f7e-7b1c-4a4c-9d0e-2f1f0c6f3a11", String(repeating: "x", count: 128),
  ])
  func `a request id of the client is given back`(id: String) throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      for target in ["/healthz", "/nope", "/v1/streams/nope"] {
        #expect(try connection.ask("GET", target, ["x-request-id: \(id)"])["X-Request-Id"] == id)
      }
    }
  }

  @Test(arguments: ["", "two words", #"quo"te"#, "gr\u{fc}n", String(repeating: "x", count: 129)])
  func `a request id that is not fit for a log is replaced`(id: String) throws {
    try withDaemon { daemon in
      let response = try daemon.ask("GET", "/healthz", ["X-Request-Id: \(id)"])
      #expect(response.status == 200)
      #expect(response["X-Request-Id"]?.hasPrefix("req_") == true)
    }
  }

  @Test func `every answer has a request id, and no two the same`() throws {
    try withDaemon { daemon in
      let completions = "/v1/chat/completions"
      let stream = HTTPRequest.chat("demo", stream: true)
      let requests = [
        HTTPRequest.text("GET", "/healthz"), HTTPRequest.text("HEAD", "/healthz"),
        HTTPRequest.text("OPTIONS", completions), HTTPRequest.text("GET", completions),
        HTTPRequest.text("GET", "/nope"), HTTPRequest.text("POST", completions, body: "{"),
        HTTPRequest.text("POST", completions, body: stream),
        HTTPRequest.text("POST", completions, body: HTTPRequest.chat("demo", stream: false)),
        HTTPRequest.text("POST", completions, body: HTTPRequest.chat("none", stream: false)),
        HTTPRequest.text("POST", "/v1/streams", body: stream),
        "POST \(completions) HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "\u{1}\r\n\r\n",
      ]
      var seen: Set<String> = []
      for request in requests {
        let connection = try daemon.connect()
        try connection.send(request)
        let response = try connection.response(to: request.hasPrefix("HEAD") ? "HEAD" : "GET")
        let id = try #require(response["X-Request-Id"], "\(request)")
        #expect(id.hasPrefix("req_"))
        #expect(seen.insert(id).inserted)
        // RFC 9110, section 6.6.1: an origin server with a clock sends Date.
        #expect(response["Date"]?.hasSuffix(" GMT") == true)
      }
    }
  }
}
