import TestSupport
import Testing

@Suite(.showsLog)
struct ConnectionLimitTests {
  private static var five: Configuration {
    var configuration = Configuration()
    configuration.more = "limits: { connections: 5 },"
    return configuration
  }

  /// Five connections that the daemon has accepted for certain: each has been answered.
  private static func fill(_ daemon: Daemon) throws -> [HTTPConnection] {
    try (0..<5).map { _ in
      let connection = try daemon.connect()
      #expect(try connection.ask("GET", "/healthz").status == 200)
      return connection
    }
  }

  @Test func `the sixth connection is answered 503 with Retry-After and closed`() throws {
    try withDaemon(Self.five) { daemon in
      let five = try Self.fill(daemon)
      for _ in 0..<3 {
        let sixth = try daemon.connect()
        let response = try sixth.response()
        #expect(response.statusLine == "HTTP/1.1 503 Service Unavailable")
        #expect(response["Retry-After"] == "1")
        #expect(response["Connection"] == "close")
        #expect(response["Content-Type"] == "application/json")
        #expect(response["X-Request-Id"]?.hasPrefix("req_") == true)
        #expect(
          response.text
            == #"{"error":{"code":"overloaded","message":"too many connections","#
            + #""retryable":true}}"#)
        #expect(try sixth.end() == .end)
      }
      for connection in five { #expect(try connection.ask("GET", "/healthz").status == 200) }
    }
  }

  @Test func `a client that asks at once gets the 503 all the same`() throws {
    try withDaemon(Self.five) { daemon in
      let five = try Self.fill(daemon)
      for _ in 0..<20 {
        let sixth = try daemon.connect()
        try sixth.send(HTTPRequest.text("GET", "/healthz"))
        #expect(try sixth.response().status == 503)
      }
      #expect(five.count == 5)
    }
  }

  @Test(arguments: [true, false])
  func `a place that is freed can be taken again`(byReset: Bool) throws {
    try withDaemon(Self.five) { daemon in
      var five = try Self.fill(daemon)
      for _ in 0..<10 {
        if byReset { five[0].socket.reset() } else { five[0].socket.close() }
        five.removeFirst()
        five.append(try Self.place(daemon))
      }
      #expect(try daemon.connect().response().status == 503)
      for connection in five { #expect(try connection.ask("GET", "/healthz").status == 200) }
    }
  }

  @Test func `a connection that the daemon closes is a free place`() throws {
    try withDaemon(Self.five) { daemon in
      var five = try Self.fill(daemon)
      #expect(try five[0].ask("GET", "/healthz", ["Connection: close"]).status == 200)
      #expect(try five[0].end() == .end)
      five[0].socket.close()
      five[0] = try Self.place(daemon)
      #expect(try daemon.connect().response().status == 503)
    }
  }

  /// The daemon may hear of the end of another connection a moment later.
  private static func place(_ daemon: Daemon) throws -> HTTPConnection {
    try Patience.wait(for: "a place") {
      let connection = try daemon.connect()
      try connection.send(HTTPRequest.text("GET", "/healthz"))
      return try connection.response().status == 200 ? connection : nil
    }
  }
}
