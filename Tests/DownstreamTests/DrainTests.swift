import HTTPWire
import StreamLog
import Testing

@testable import Downstream

@Suite struct DrainTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

  @Test func `idle connections close at once, when they have had their request`() throws {
    let harness = try Harness()
    let (fresh, used) = (harness.connect(), harness.connect())
    used.write(Self.get)
    try harness.turn()
    harness.server.drain()
    #expect(harness.server.connectionCount == 1)
    used.read()
    #expect(used.sawEnd)
    // Who has connected to ask has been cut off by a restart, once.
    fresh.write(Self.get)
    try harness.turn()
    fresh.read()
    #expect(fresh.text.body == "GET /a ")
    #expect(fresh.text.contains("Connection: close\r\n"))
    #expect(fresh.sawEnd)
  }

  @Test func `a connection on which nobody asks is not waited for long`() throws {
    let harness = try Harness()
    let idle = harness.connect()
    harness.server.drain()
    #expect(try harness.turn { harness.server.connectionCount == 0 })
    idle.read()
    #expect(idle.sawEnd)
  }

  @Test func `a request under way is answered, and told that it was the last`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    harness.service.answer = { _, _ in }
    peer.write(Self.get)
    try harness.turn()
    harness.server.drain()
    #expect(harness.server.connectionCount == 1)
    harness.connection?.respond(ok("last"))
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "last")
    #expect(peer.text.contains("Connection: close\r\n"))
    #expect(peer.sawEnd)
    peer.close()
    try harness.turn()
    #expect(harness.server.connectionCount == 0)
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
  }

  @Test func `a request that has arrived unread is answered first`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write(Self.get)
    harness.server.drain()
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "GET /a ")
    #expect(peer.sawEnd)
  }

  @Test func `half a request may become a whole one`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write("GET /a HT")
    try harness.turn()
    harness.server.drain()
    peer.write("TP/1.1\r\nHost: x\r\n\r\n")
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "GET /a ")
    #expect(peer.text.contains("Connection: close\r\n"))
    #expect(peer.sawEnd)
  }

  @Test func `a reader follows its log to the end`() throws {
    let harness = try Harness()
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    harness.answerWith(harness.makeAudience(rendering))
    let peer = harness.connect()
    peer.write(Self.get)
    try harness.turn()
    harness.server.drain()
    rendering.appendEvent("one,")
    try harness.turn()
    rendering.appendEvent("two")
    rendering.close()
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "one,two")
    #expect(peer.sawEnd)
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
  }

  @Test func `requests that wait behind one under way are still answered`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    harness.service.answer = { _, _ in }
    peer.write(Self.get + Self.get)
    try harness.turn()
    let connection = harness.connection
    connection?.respond(ok("one"))
    harness.server.drain()
    connection?.respond(ok("two"))
    try harness.turn()
    peer.read()
    #expect(peer.text.contains("oneHTTP/1.1 200 OK\r\n"))
    #expect(peer.text.hasSuffix("\r\n\r\ntwo"))
    #expect(peer.sawEnd)
  }

  @Test func `time is up for everybody at once, and each is told once`() throws {
    let harness = try Harness()
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    harness.answerWith(harness.makeAudience(rendering))
    let peers = (0..<5).map { _ in harness.connect() }
    for peer in peers.dropFirst() { peer.write(Self.get) }
    try harness.turn()
    #expect(harness.server.closeAll() == 4)
    #expect(harness.server.closeAll() == 0)
    #expect(harness.server.connectionCount == 0)
    #expect(harness.server.load.count == 0)
    #expect(harness.service.exchanges.map(\.ends) == Array(repeating: [.closed], count: 4))
    for peer in peers {
      peer.read()
      #expect(peer.sawEnd)
    }
  }
}
