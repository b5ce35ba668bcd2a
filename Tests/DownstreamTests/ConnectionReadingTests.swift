import HTTPWire
import Testing

@testable import Downstream

@Suite struct ConnectionReadingTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

  @Test func `a request gets its answer, and the connection waits for the next`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    for path in ["/a", "/b"] {
      peer.write("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
      try harness.turn()
      peer.read()
      let text = peer.takeText()
      #expect(text.statusLine == "HTTP/1.1 200 OK")
      #expect(text.body == "GET \(path) ")
      #expect(text.contains("Content-Length: 7\r\n"))
      #expect(text.contains("Content-Type: text/plain\r\n"))
      #expect(text.contains("\r\nDate: "))
      #expect(!text.contains("Connection:"))
    }
    #expect(harness.connection?.state == .idle)
    #expect(harness.service.exchanges.map(\.ends) == [[.completed], [.completed]])
  }

  @Test func `requests in one write are answered in order`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    let post = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    peer.write(Self.get + post + Self.get)
    try harness.turn()
    peer.read()
    #expect(harness.service.served.map(\.path) == ["/a", "/p", "/a"])
    #expect(harness.service.served.map(\.body) == ["", "hello", ""])
    #expect(peer.text.count(of: "\r\n\r\nGET /a HTTP/1.1 200 OK\r\n") == 1)
    #expect(peer.text.count(of: "\r\n\r\nPOST /p helloHTTP/1.1 200 OK\r\n") == 1)
    #expect(peer.text.hasSuffix("\r\n\r\nGET /a "))
  }

  @Test func `a request cut at every byte is the same request`() throws {
    let request = Array(
      ("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n").utf8)
    for cut in 1..<request.count {
      let harness = try Harness()
      let peer = harness.connect()
      peer.write(Array(request[..<cut]))
      try harness.turn(1)
      #expect(harness.service.served.isEmpty)
      peer.write(Array(request[cut...]) + Array(Self.get.utf8))
      try harness.turn()
      #expect(
        harness.service.served == [
          Served(method: "POST", path: "/p", body: "abcde"),
          Served(method: "GET", path: "/a", body: ""),
        ])
    }
  }

  @Test func `a second request waits for the answer to the first`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    var waiting: [Connection] = []
    harness.service.answer = { _, connection in waiting.append(connection) }
    peer.write(Self.get + Self.get)
    peer.write(Self.get)
    try harness.turn()
    #expect(harness.service.served.count == 1)
    #expect(peer.read() == 0)
    for number in 1...3 {
      waiting.last?.respond(ok("\(number)"))
      try harness.turn()
      peer.read()
      #expect(peer.takeText().body == "\(number)")
    }
    #expect(harness.service.served.count == 3)
    #expect(harness.service.exchanges.map(\.ends) == [[.completed], [.completed], [.completed]])
  }

  @Test func `requests beyond a measure wait in the kernel, and lose nothing`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    harness.service.answer = { _, _ in }
    peer.write(Self.get)
    try harness.turn()
    let many = (0..<4000).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
    peer.write(many)
    try harness.turn(10)
    let connection = harness.connection
    #expect((connection?.input.count ?? .max) <= 128 << 10)
    harness.service.answer = { request, connection in connection.respond(ok(request.path)) }
    connection?.respond(ok("first"))
    #expect(
      try harness.turn(until: {
        peer.read()
        return harness.service.served.count == 4001
      }))
    peer.read()
    #expect(harness.service.served.dropFirst().map(\.path) == (0..<4000).map { "/\($0)" })
    #expect(peer.text.count(of: "HTTP/1.1 200 OK\r\n") == 4001)
  }

  @Test func `an answer given twice is given once`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    harness.service.answer = { _, connection in
      connection.respond(ok("one"))
      connection.respond(ok("two"))
    }
    peer.write(Self.get)
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "one")
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
  }

  @Test func `the answer to HEAD is the head of the answer to GET`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + Self.get)
    try harness.turn()
    peer.read()
    #expect(peer.text.count(of: "Content-Length: 8\r\n") == 1)
    #expect(peer.text.count(of: "Content-Length: 7\r\n") == 1)
    #expect(peer.text.hasSuffix("\r\n\r\nGET /a "))
    #expect(!peer.text.contains("HEAD /a"))
  }

  @Test func `an interim answer asks for the body that the client holds back`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write(
      "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    try harness.turn()
    peer.read()
    #expect(peer.takeText() == "HTTP/1.1 100 Continue\r\n\r\n")
    peer.write("ok")
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "POST /p ok")
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
  }

  @Test func `a body that is on its way already is not asked for`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write(
      "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok")
    try harness.turn()
    peer.read()
    #expect(peer.text.statusLine == "HTTP/1.1 200 OK")
  }

  @Test func `HTTP 1.0 closes behind the answer unless it asks otherwise`() throws {
    let harness = try Harness()
    var peer = harness.connect()
    peer.write("GET /a HTTP/1.0\r\n\r\n")
    try harness.turn()
    peer.read()
    #expect(peer.text.contains("Connection: close\r\n"))
    #expect(peer.sawEnd)
    peer = harness.connect()
    peer.write("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    try harness.turn()
    peer.read()
    #expect(peer.text.contains("Connection: keep-alive\r\n"))
    #expect(!peer.sawEnd)
    #expect(harness.connection?.speaksHTTP10 == true)
  }

  @Test func `a request that asks for it closes the connection behind its answer`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + Self.get)
    try harness.turn()
    peer.read()
    #expect(peer.text.contains("Connection: close\r\n"))
    #expect(peer.sawEnd)
    #expect(harness.service.served.count == 1, "what comes behind is no request")
  }

  @Test func `the client has left when it closes while an answer is made, and only then`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    harness.service.answer = { _, _ in }
    peer.write(Self.get)
    try harness.turn()
    #expect(harness.service.exchanges.map(\.ends) == [[]])
    peer.close()
    try harness.turn()
    #expect(harness.service.exchanges.map(\.ends) == [[.clientLeft]])
    #expect(harness.server.connectionCount == 0)
    #expect(harness.server.load.count == 0)
  }

  @Test func `a client that closes between requests ends nothing`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write(Self.get)
    try harness.turn()
    peer.close()
    try harness.turn()
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
    #expect(harness.server.connectionCount == 0)
  }

  @Test func `who sends many requests at once does not keep others waiting`() throws {
    let harness = try Harness()
    let (many, one) = (harness.connect(), harness.connect())
    for number in 0..<100 { many.write("GET /\(number) HTTP/1.1\r\nHost: x\r\n\r\n") }
    one.write(Self.get)
    try harness.turn(1)
    one.read()
    #expect(one.text.statusLine == "HTTP/1.1 200 OK")
    #expect(harness.service.served.count == 17)
    // Nothing of it is lost, whatever comes behind.
    many.write(Self.get)
    try harness.turn(20)
    many.read()
    let paths = harness.service.served.map(\.path).filter { $0 != "/a" }
    #expect(paths == (0..<100).map { "/\($0)" })
    #expect(many.text.count(of: "HTTP/1.1 200 OK") == 101)
  }

  @Test func `a client that has sent many requests and its end is answered all of them`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    for number in 0..<50 { peer.write("GET /\(number) HTTP/1.1\r\nHost: x\r\n\r\n") }
    peer.shutdownWriting()
    try harness.turn(20)
    peer.read()
    #expect(peer.text.count(of: "HTTP/1.1 200 OK") == 50)
    #expect(harness.connection == nil)
  }

  @Test func `requests that wait for their turn are answered when the daemon ends`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    for number in 0..<50 { peer.write("GET /\(number) HTTP/1.1\r\nHost: x\r\n\r\n") }
    try harness.turn(1)
    harness.server.drain()
    try harness.turn(20)
    peer.read()
    #expect(peer.text.count(of: "HTTP/1.1 200 OK") == 17)
    #expect(peer.text.count(of: "Connection: close") == 1)
  }
}
