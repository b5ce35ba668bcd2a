import TestSupport
import Testing

@Suite(.showsLog)
struct ConnectionTests {
  @Test func `one connection serves many requests, one after the other`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      for _ in 0..<50 {
        #expect(try connection.ask("GET", "/healthz").text == #"{"status":"ok"}"#)
      }
      #expect(try connection.ask("POST", "/v1/chat/completions", body: "{").status == 400)
      #expect(try connection.ask("GET", "/healthz").status == 200)
    }
  }

  @Test func `twenty requests in one write are answered in their order`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let targets = ["/healthz", "/v1/models/demo", "/nope", "/v1/models/x"]
      var requests = ""
      for index in 0..<20 {
        requests += HTTPRequest.text("GET", targets[index % 4], ["X-Request-Id: number-\(index)"])
      }
      try connection.send(requests)
      let statuses = [200, 200, 404, 404]
      for index in 0..<20 {
        let response = try connection.response()
        #expect(response["X-Request-Id"] == "number-\(index)")
        #expect(response.status == statuses[index % 4])
      }
      #expect(!connection.hasSomething)
    }
  }

  @Test func `pipelined requests wait for a stream before them, and get their answers`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let body = HTTPRequest.chat("demo", stream: true)
      let stream = HTTPRequest.text("POST", "/v1/chat/completions", body: body)
      let whole = HTTPRequest.text(
        "POST", "/v1/chat/completions", body: HTTPRequest.chat("demo", stream: false))
      let health = HTTPRequest.text("GET", "/healthz")
      try connection.send(stream + whole + health + stream + health)
      for kind in ["text/event-stream; charset=utf-8", "application/json"] {
        let response = try connection.response()
        #expect(response.status == 200)
        #expect(response["Content-Type"] == kind)
      }
      #expect(try connection.response().text == #"{"status":"ok"}"#)
      #expect(try connection.response().text.hasSuffix("data: [DONE]\n\n"))
      #expect(try connection.response().text == #"{"status":"ok"}"#)
      #expect(!connection.hasSomething)
    }
  }

  @Test func `requests cut at any byte are answered as if whole`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let body = #"{"model":"nope","messages":[{}]}"#
      let request = Array(HTTPRequest.text("POST", "/v1/chat/completions", body: body).utf8)
      for cut in 1..<request.count {
        try connection.send(Array(request[..<cut]))
        try connection.send(Array(request[cut...]))
        #expect(try connection.response().status == 404, "cut at \(cut)")
      }
    }
  }

  @Test func `Connection close closes behind the answer`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let response = try connection.ask("GET", "/healthz", ["Connection: close"])
      #expect(response["Connection"] == "close")
      #expect(response.text == #"{"status":"ok"}"#)
      #expect(try connection.end() == .end)
    }
  }

  @Test func `a client that half-closes behind its request still gets the answer`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      try connection.send(HTTPRequest.text("GET", "/healthz"))
      connection.socket.finishSending()
      #expect(try connection.response().text == #"{"status":"ok"}"#)
      #expect(try connection.end() == .end)
    }
  }

  @Test func `a client that resets in the middle of a request harms nobody`() throws {
    try withDaemon { daemon in
      let other = try daemon.connect()
      for text in [
        "GET /hea", "POST /v1/streams HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
      ] {
        let connection = try daemon.connect()
        try connection.send(text)
        connection.socket.reset()
        #expect(try other.ask("GET", "/healthz").status == 200)
      }
    }
  }

  // MARK: HTTP/1.0

  @Test func `HTTP 1_0 closes behind the answer unless the client asks to keep the connection`()
    throws
  {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      try connection.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      let kept = try connection.response()
      #expect(kept.statusLine == "HTTP/1.1 200 OK")
      #expect(kept["Connection"] == "keep-alive")
      #expect(kept["Content-Length"] == "15")
      try connection.send("GET /healthz HTTP/1.0\r\n\r\n")
      let closed = try connection.response()
      #expect(closed["Connection"] == "close")
      #expect(closed.text == #"{"status":"ok"}"#)
      #expect(try connection.end() == .end)
    }
  }

  @Test func `a stream to an HTTP 1_0 client is not chunked and ends with the connection`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let body = HTTPRequest.chat("demo", stream: true)
      try connection.send(
        "POST /v1/chat/completions HTTP/1.0\r\nConnection: keep-alive\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      let head = try connection.head()
      #expect(head.status == 200)
      #expect(head["Transfer-Encoding"] == nil)
      #expect(head["Content-Length"] == nil)
      #expect(head["Connection"] == "close")
      let text = String(decoding: try connection.rest(), as: UTF8.self)
      #expect(text.hasPrefix("data: {\"id\":"))
      #expect(text.hasSuffix("\n\ndata: [DONE]\n\n"))
      #expect(!text.contains("\r"))
      #expect(try connection.end() == .end)

      let id = try #require(head["X-Stream-Id"])
      let reader = try daemon.connect()
      let chunked = try daemon.ask("GET", "/v1/streams/\(id)")
      #expect(chunked.chunks.count > 100)
      try reader.send("GET /v1/streams/\(id) HTTP/1.0\r\n\r\n")
      let plain = try reader.response()
      #expect(plain.chunks.isEmpty)
      #expect(plain.text == chunked.text)
    }
  }
}
