import TestSupport
import Testing

@Suite(.showsLog)
struct RequestBodyTests {
  private static let completions = "/v1/chat/completions"

  /// The head of a request whose body is sent in chunks.
  private static let chunkedHead =
    "POST \(completions) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    + "Transfer-Encoding: chunked\r\n\r\n"

  // MARK: Chunks

  @Test func `a chunked body is taken however chunks and packets are cut`() throws {
    let model = try ScriptedModel()
    try model.script("cut", #"{"answer":"fine"}"#)
    try withDaemon(Configuration(model)) { daemon in
      let connection = try daemon.connect()
      let body = Array(HTTPRequest.chat("cut", stream: false, message: "é€🌊").utf8)
      var random = SplitMix64(seed: 11)
      for round in 0..<12 {
        // Chunks of random sizes, the framing itself cut into random packets.
        var wire = Array(Self.chunkedHead.utf8)
        var start = 0
        while start < body.count {
          let size = min(body.count - start, Int.random(in: 1...40, using: &random))
          let digits = String(size, radix: 16, uppercase: round.isMultiple(of: 2))
          let attribute = round.isMultiple(of: 3) ? ";name=\"a;b\"" : ""
          wire +=
            Array("00\(digits)\(attribute)\r\n".utf8) + body[start..<(start + size)] + [13, 10]
          start += size
        }
        wire += Array("0\r\n\(round.isMultiple(of: 4) ? "X-Trailer: 1\r\n" : "")\r\n".utf8)
        var sent = 0
        while sent < wire.count {
          let size = min(wire.count - sent, Int.random(in: 1...30, using: &random))
          try connection.send(Array(wire[sent..<(sent + size)]))
          sent += size
        }
        let response = try connection.response()
        #expect(response.status == 200)
        #expect(response.text.contains(#""content":"fine""#))
      }
      // Upstream got the very bytes, every time.
      let log = try model.wait(for: "attempt", of: "cut", count: 12)
      #expect(log.split(separator: #"é€🌊"#).count == 13)
    }
  }

  @Test func `a chunked body sent byte by byte is taken`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let body = HTTPRequest.chat("nope", stream: false)
      let size = String(body.utf8.count, radix: 16)
      for byte in Array("\(Self.chunkedHead)\(size)\r\n\(body)\r\n0\r\n\r\n".utf8) {
        try connection.send([byte])
      }
      #expect(try connection.response().status == 404)
      #expect(try connection.ask("GET", "/healthz").status == 200)
    }
  }

  @Test func `a request behind a chunked body in the same packet is the next one`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let body = "\(Self.chunkedHead)2\r\n{}\r\n0\r\n\r\n"
      try connection.send(body + HTTPRequest.text("GET", "/healthz") + body)
      #expect(try connection.response().status == 400)
      #expect(try connection.response().text == #"{"status":"ok"}"#)
      #expect(try connection.response().status == 400)
      #expect(!connection.hasSomething)
    }
  }

  @Test(arguments: ["zz\r\n", "1\nx\r\n0\r\n\r\n", "2\r\nabc\r\n", "-1\r\n", "1 \r\nx\r\n"])
  func `bad framing of a chunked body is refused in the shape of the API, and closes`(
    framing: String
  ) throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      try connection.send(Self.chunkedHead + framing)
      let response = try connection.response()
      #expect(response.status == 400)
      #expect(response["Connection"] == "close")
      #expect(response.text.hasPrefix(#"{"error":{"message":"chunked body: "#))
      #expect(
        response.text.hasSuffix(#""type":"invalid_request_error","param":null,"code":null}}"#))
      #expect(try connection.end() == .end)
    }
  }

  // MARK: Too large

  @Test(arguments: ["/v1/chat/completions", "/v1/streams"])
  func `a Content-Length over the limit is refused at once, in the shape of the API`(
    target: String
  ) throws {
    try withDaemon(Self.small) { daemon in
      let connection = try daemon.connect()
      try connection.send(
        "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
          + "Content-Length: 65537\r\n\r\n")
      let response = try connection.response()
      #expect(response.statusLine == "HTTP/1.1 413 Content Too Large")
      #expect(response["Connection"] == "close")
      #expect(response.text == Self.tooLarge[target])
      #expect(try connection.end() == .end)
    }
  }

  @Test func `a body of exactly the limit is taken, by length and by chunks`() throws {
    try withDaemon(Self.small) { daemon in
      let connection = try daemon.connect()
      let body = Self.padded(HTTPRequest.chat("nope", stream: false), to: 65_536)
      #expect(try connection.ask("POST", Self.completions, body: body).status == 404)
      try connection.send("\(Self.chunkedHead)8000\r\n\(body.prefix(32_768))\r\n")
      try connection.send("8000\r\n\(body.dropFirst(32_768))\r\n0\r\n\r\n")
      #expect(try connection.response().status == 404)
    }
  }

  @Test func `chunks over the limit are refused when they exceed it`() throws {
    try withDaemon(Self.small) { daemon in
      let connection = try daemon.connect()
      let filler = String(repeating: " ", count: 32_768)
      try connection.send("\(Self.chunkedHead)8000\r\n\(filler)\r\n8000\r\n\(filler)\r\n1\r\n")
      let response = try connection.response()
      #expect(response.status == 413)
      #expect(response["Connection"] == "close")
      #expect(response.text.hasPrefix(#"{"error":{"message":"chunked body: "#))
      #expect(
        response.text.hasSuffix(
          #""type":"invalid_request_error","param":null,"code":"payload_too_large"}}"#))
      #expect(try connection.end() == .end)
    }
  }

  /// Closing over unread bytes would send RST, which makes the client's kernel throw the answer
  /// away (RFC 9112, section 9.6).
  @Test(arguments: [true, false])
  func `the answer to a body that is too large reaches a client that sends megabytes first`(
    isChunked: Bool
  ) throws {
    try withDaemon(Self.small) { daemon in
      for _ in 0..<5 {
        let connection = try daemon.connect()
        let size = 3 << 20
        let head =
          isChunked
          ? Self.chunkedHead + String(size, radix: 16) + "\r\n"
          : "POST \(Self.completions) HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n"
        try connection.send(head)
        let isTaken = try connection.send([UInt8](repeating: 0x20, count: size))
        #expect(isTaken)
        let response = try connection.response()
        #expect(response.status == 413)
        #expect(try connection.end() == .end)
      }
    }
  }

  private static var small: Configuration {
    var configuration = Configuration()
    configuration.more = #"limits: { body: "64KiB" },"#
    return configuration
  }

  private static let tooLarge = [
    "/v1/chat/completions": #"{"error":{"message":"the request body is too large","#
      + #""type":"invalid_request_error","param":null,"code":"payload_too_large"}}"#,
    "/v1/streams": #"{"error":{"code":"payload_too_large","#
      + #""message":"the request body is too large","retryable":false}}"#,
  ]

  private static func padded(_ body: String, to count: Int) -> String {
    body + String(repeating: " ", count: count - body.utf8.count)
  }

  // MARK: Expect

  @Test func `100 Continue comes before the body is sent, and the answer behind it`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let body = HTTPRequest.chat("demo", stream: false)
      for framing in ["Content-Length: \(body.utf8.count)", "Transfer-Encoding: chunked"] {
        try connection.send(
          "POST \(Self.completions) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            + "Expect: 100-continue\r\n\(framing)\r\n\r\n")
        let interim = try connection.head()
        #expect(interim.statusLine == "HTTP/1.1 100 Continue")
        #expect(interim.fields.isEmpty)
        let isChunked = framing.hasPrefix("T")
        let size = String(body.utf8.count, radix: 16)
        try connection.send(isChunked ? "\(size)\r\n\(body)\r\n0\r\n\r\n" : body)
        #expect(try connection.response().status == 200)
      }
      #expect(!connection.hasSomething)
    }
  }

  @Test func `no 100 Continue when the head is refused, or the body has come already`() throws {
    var configuration = Self.small
    configuration.more += #"keys: [{ name: "a", environment: "KEY_OF_A" }],"#
    try withDaemon(configuration, environment: ["KEY_OF_A": "secret"]) { daemon in
      let key = "Authorization: Bearer secret\r\n"
      let cases = [
        ("/nope", "Content-Length: 5", "", 404), ("/healthz", "Content-Length: 5", "", 405),
        (Self.completions, "Content-Length: 5", "", 401),
        (Self.completions, "\(key)Content-Length: 65537", "", 413),
        (Self.completions, "\(key)Content-Type: text/plain\r\nContent-Length: 5", "", 415),
        (Self.completions, "\(key)Content-Length: 2", "{}", 400),
      ]
      for (target, fields, body, status) in cases {
        let connection = try daemon.connect()
        try connection.send(
          "POST \(target) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\(fields)\r\n\r\n\(body)")
        #expect(try connection.response().status == status)
      }
    }
  }

  @Test func `another expectation is 417, and HTTP 1_0 has none`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      try connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n")
      #expect(try connection.response().statusLine == "HTTP/1.1 417 Expectation Failed")
      let old = try daemon.connect()
      try old.send(
        "POST \(Self.completions) HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
      try old.send("{}")
      #expect(try old.response().status == 400)
    }
  }
}
