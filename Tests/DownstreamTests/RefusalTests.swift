import HTTPWire
import Testing

@testable import Downstream

@Suite struct RefusalTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

  /// Bad input, and the status that it gets.
  private static let faults: [(input: String, status: Int)] = [
    ("garbage\r\n\r\n", 400), ("GET /a HTTP/1.1\nHost: x\n\n", 400),
    ("GET /a HTTP/1.1\r\n\r\n", 400), ("GET /a HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\n", 414),
    ("GET /a HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 17000))\r\n", 431),
    ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 413),
    ("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", 413),
    ("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    ("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      400
    ),
  ]

  @Test(arguments: faults)
  func `bad input is answered once, and the connection closes`(
    input: String, status: Int
  ) throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write(input + Self.get)
    try harness.turn()
    peer.read()
    #expect(peer.text.hasPrefix("HTTP/1.1 \(status) "))
    #expect(peer.text.contains("Connection: close\r\n"))
    #expect(peer.text.body == "fault")
    #expect(peer.sawEnd)
    #expect(harness.service.faults.map(\.status) == [status])
    #expect(harness.service.served.isEmpty, "what follows bad input is not a request")
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
  }

  @Test(arguments: faults)
  func `the answer is the same wherever the input is cut`(input: String, status: Int) throws {
    let bytes = Array(input.utf8)
    let cuts = bytes.count < 200 ? Array(1..<bytes.count) : [1, 8000, bytes.count - 1]
    for cut in cuts {
      let harness = try Harness()
      let peer = harness.connect()
      peer.write(Array(bytes[..<cut]))
      try harness.turn(2)
      peer.write(Array(bytes[cut...]))
      try harness.turn()
      peer.read()
      #expect(peer.text.hasPrefix("HTTP/1.1 \(status) "), "cut at \(cut)")
      #expect(peer.text.count(of: "HTTP/1.1") == 1)
    }
  }

  @Test func `a fault behind a good request does not touch the good answer`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write(Self.get + "garbage\r\n\r\n")
    try harness.turn()
    peer.read()
    #expect(peer.text.hasPrefix("HTTP/1.1 200 OK"))
    #expect(peer.text.count(of: "HTTP/1.1 400 Bad Request\r\n") == 1)
    #expect(harness.service.exchanges.map(\.ends) == [[.completed], [.completed]])
  }

  @Test func `a refusal inherits nothing of the request before`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write("HEAD /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    try harness.turn()
    peer.read()
    let first = peer.takeText()
    peer.write("garbage\r\n\r\n")
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "fault", "HEAD was the one before")
    let sent = harness.service.exchanges.map(\.bytesSent)
    #expect(sent == [[first.utf8.count], [peer.received.count]])
  }

  // MARK: Lingering

  @Test func `behind a refusal the client's bytes are read away until it closes`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write("garbage\r\n\r\n")
    try harness.turn()
    for _ in 0..<20 {
      peer.write([UInt8](repeating: 0x61, count: 8000))
      try harness.turn(1)
    }
    #expect(harness.server.connectionCount == 1)
    peer.read()
    #expect(peer.text.count(of: "HTTP/1.1") == 1)
    peer.close()
    try harness.turn()
    #expect(harness.server.connectionCount == 0)
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
  }

  @Test func `nobody is listened to for ever`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write("garbage\r\n\r\n")
    try harness.turn()
    let chunk = [UInt8](repeating: 0x61, count: 64 << 10)
    var turns = 0
    while harness.server.connectionCount == 1, turns < 1000 {
      peer.write(chunk)
      try harness.turn(1)
      turns += 1
    }
    #expect(harness.server.connectionCount == 0)
    #expect(turns >= 64, "four mebibytes in pieces of 64 KiB")
  }

  // MARK: On the head alone

  @Test func `a request refused on its head leaves the connection as it was`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    harness.service.verdict = { head in
      head.method == .post
        ? .refuse(Response(status: 401, contentType: "text/plain", body: Array("no".utf8)))
        : .proceed(bodyLimit: 10)
    }
    peer.write(
      "POST /p HTTP/1.1\r\nHost: x\r\n\r\n"
        + "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + Self.get)
    try harness.turn()
    peer.read()
    #expect(peer.text.count(of: "HTTP/1.1 401 Unauthorized\r\n") == 2)
    #expect(peer.text.hasSuffix("\r\n\r\nGET /a "))
    #expect(!peer.text.contains("Connection:"))
    #expect(harness.service.served.map(\.path) == ["/a"])
    #expect(harness.service.exchanges.map(\.ends) == [[.completed], [.completed], [.completed]])
  }

  @Test(arguments: [
    "Content-Length: 500\r\n\r\npart", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ])
  func `a body that nobody wants closes the connection instead of being read`(
    rest: String
  ) throws {
    let harness = try Harness()
    let peer = harness.connect()
    harness.service.verdict = { _ in .refuse(Response(status: 401)) }
    peer.write("POST /p HTTP/1.1\r\nHost: x\r\n" + rest)
    try harness.turn()
    peer.read()
    #expect(peer.text.statusLine == "HTTP/1.1 401 Unauthorized")
    #expect(peer.text.contains("Connection: close\r\n"))
    #expect(peer.sawEnd)
    #expect(harness.service.served.isEmpty)
  }
}
