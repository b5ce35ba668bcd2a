import EventLoop
import Glibc
import HTTPWire
import Testing

@testable import Downstream

/// Over TCP on the loopback interface: what a pair of sockets does not have.
@Suite struct ListenerTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

  private func listen(_ harness: Harness) throws -> Listener {
    try Listener(try ListeningSocket.tcp(host: "127.0.0.1", port: 0), server: harness.server)
  }

  private func option(_ connection: Connection?, _ name: CInt) -> CInt {
    var value: CInt = -1
    var size = socklen_t(MemoryLayout<CInt>.size)
    unsafe getsockopt(
      connection?.descriptor ?? -1, CInt(IPPROTO_TCP), name, &value, &size)
    return value
  }

  @Test func `a connection is accepted, answered, and knows where it comes from`() throws {
    let harness = try Harness()
    let listener = try listen(harness)
    let peer = Peer(owning: connected(to: listener.port))
    peer.write(Self.get)
    #expect(try harness.turn(until: { peer.read() > 0 }))
    #expect(peer.text.body == "GET /a ")
    #expect(harness.connection?.peer.description == "127.0.0.1")
    #expect(option(harness.connection, TCP_NODELAY) == 1)
    #expect(option(harness.connection, TCP_NOTSENT_LOWAT) == 16 << 10)
  }

  @Test func `beyond the limit a client is told so, and the place of one that left is free`() throws
  {
    let harness = try Harness(connections: 2)
    let listener = try listen(harness)
    let peers = (0..<3).map { _ in Peer(owning: connected(to: listener.port)) }
    peers[2].write(Self.get)
    #expect(
      try harness.turn(until: {
        peers[2].read()
        return peers[2].sawEnd || peers[2].wasReset
      }))
    let text = peers[2].text
    #expect(text.statusLine == "HTTP/1.1 503 Service Unavailable")
    #expect(text.contains("\r\nRetry-After: 1\r\n"))
    #expect(text.contains("\r\nContent-Length: \(text.body.utf8.count)\r\n"))
    #expect(harness.server.connectionCount == 2)
    #expect(harness.server.load.count == 2)
    peers[0].close()
    #expect(try harness.turn(until: { harness.server.connectionCount == 1 }))
    let next = Peer(owning: connected(to: listener.port))
    next.write(Self.get)
    #expect(try harness.turn(until: { next.read() > 0 }))
    #expect(next.text.statusLine == "HTTP/1.1 200 OK")
  }

  @Test func `a client that resets has left`() throws {
    let harness = try Harness()
    let listener = try listen(harness)
    harness.service.answer = { _, _ in }
    let peer = Peer(owning: connected(to: listener.port))
    peer.write(Self.get)
    #expect(try harness.turn(until: { harness.service.served.count == 1 }))
    peer.reset()
    #expect(try harness.turn(until: { harness.server.connectionCount == 0 }))
    #expect(harness.service.exchanges.map(\.ends) == [[.clientLeft]])
  }

  @Test func `a refusal is not lost to a reset though the client goes on sending`() throws {
    let harness = try Harness()
    let listener = try listen(harness)
    let peer = Peer(owning: connected(to: listener.port))
    peer.write("garbage\r\n\r\n")
    peer.write([UInt8](repeating: 0x61, count: 60_000))
    #expect(
      try harness.turn(until: {
        peer.write("a")
        peer.read()
        return peer.sawEnd || peer.wasReset
      }))
    #expect(peer.text.body == "fault")
    #expect(!peer.wasReset)
  }

  @Test func `who was connected when listening stopped is served, and nobody after`() throws {
    let harness = try Harness()
    let listener = try listen(harness)
    let peers = (0..<300).map { _ in Peer(owning: connected(to: listener.port)) }
    listener.stop()
    #expect(harness.server.connectionCount == 100, "the limit of this harness")
    for peer in peers.prefix(100) { peer.write(Self.get) }
    #expect(
      try harness.turn(until: { peers.prefix(100).allSatisfy { $0.read() > 0 || !$0.text.isEmpty } }
      ))
    let late = Peer(owning: connected(to: listener.port))
    late.write(Self.get)
    try harness.turn()
    #expect(late.read() == 0)
    #expect(harness.server.connectionCount == 100)
  }
}
