import EventLoop
import Metrics
import StreamLog
import Testing

@testable import Downstream

/// What is counted of what readers get.
@Suite struct TrafficTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

  private func rendering() -> Rendering { Rendering(budget: LogBudget(limit: 1 << 30)) }

  /// Publishes, and flushes as the relay does it.
  private func flush(_ audience: Audience) -> Audience.Delivery {
    _ = audience.rendering.announce()
    return audience.flush()
  }

  @Test func `each event counts once for each who is there, and late readers get all of them`()
    throws
  {
    let harness = try Harness()
    let audience = harness.makeAudience(rendering())
    harness.answerWith(audience)
    var peers: [Peer] = []
    func join() throws {
      let peer = harness.connect()
      peers.append(peer)
      peer.write(Self.get)
      try harness.turn()
    }
    for number in 0..<5 { audience.rendering.appendEvent("\(number),") }
    #expect(flush(audience).events == 0, "nobody is there")
    try join()
    audience.rendering.appendEvent("5,")
    #expect(flush(audience).events == 1)
    #expect(flush(audience).events == 0)
    #expect(harness.server.traffic.eventsSent == 5, "what it found")
    try join()
    try join()
    #expect(harness.server.traffic.eventsSent == 5 + 6 + 6)
    for number in 6..<10 { audience.rendering.appendEvent("\(number),") }
    let delivery = flush(audience)
    #expect(delivery.events == 4 * 3)
    #expect(delivery.bytes == "6,7,8,9,".utf8.count * peers.count)
  }

  /// The harness does not know this audience, and so does not flush it before it is looked at.
  @Test func `who joins is given what lies behind its position`() throws {
    let harness = try Harness()
    let audience = Audience(rendering(), loop: harness.loop, heartbeat: [], every: 1)
    for number in 0..<5 { audience.rendering.appendEvent("\(number),") }
    _ = flush(audience)
    harness.service.answer = { _, connection in
      let rendering = audience.rendering
      let offset = rendering.offset(after: 3) ?? 0
      connection.follow(
        ok(""), framing: .chunked,
        from: Cursor(rendering, at: offset, skippingOptional: false), after: 3, in: audience)
    }
    let peer = harness.connect()
    peer.write(Self.get)
    try harness.turn()
    #expect(harness.server.traffic.eventsSent == 2)
    #expect(flush(audience).events == 0)
    peer.read()
    #expect(peer.text.hasSuffix("\r\n\r\n3,4,"))
  }

  @Test func `who reads to the end before the others are flushed is given that too`() throws {
    let harness = try Harness()
    let audience = Audience(rendering(), loop: harness.loop, heartbeat: [], every: 1)
    harness.answerWith(audience)
    let peers = [harness.connect(), harness.connect()]
    for peer in peers { peer.write(Self.get) }
    try harness.turn()
    _ = flush(audience)
    // As the owner does on its own thread, whenever it likes.
    for number in 0..<3 { audience.rendering.appendEvent("\(number),") }
    audience.rendering.close()
    audience.rendering.publish()
    harness.connection?.ready(.writable)
    #expect(audience.count == 1)
    #expect(harness.server.traffic.eventsSent == 3)
    #expect(flush(audience).events == 3)
    #expect(audience.count == 0)
    #expect(harness.server.traffic.eventsSent == 3)
  }

  @Test func `what is sent and received outside of audiences is counted to the byte`() throws {
    let harness = try Harness()
    let peer = harness.connect()
    peer.write(Self.get)
    try harness.turn()
    peer.read()
    #expect(harness.server.traffic.receivedBytes == Self.get.utf8.count)
    #expect(harness.server.traffic.sentBytes == peer.text.utf8.count)
    #expect(peer.text.hasSuffix("GET /a "))
  }

  @Test func `a reader that must wait is seen, and its lag when it goes on`() throws {
    let harness = try Harness()
    let audience = harness.makeAudience(rendering())
    harness.answerWith(audience)
    let slow = harness.connect(sendBuffer: 1)
    slow.write(Self.get)
    try harness.turn()
    #expect(harness.server.traffic.blockedConnections == 0)
    for _ in 0..<100 { audience.rendering.appendEvent(String(repeating: "x", count: 10_000)) }
    try harness.turn()
    #expect(harness.server.traffic.blockedConnections == 1)
    #expect(harness.server.traffic.lag.count == 0)
    #expect(
      try harness.turn(until: {
        slow.read(1000)
        return harness.server.traffic.lag.count > 0
      }))
    #expect(harness.server.traffic.lag.sum > 100_000)
    slow.close()
    try harness.turn()
    #expect(harness.server.traffic.blockedConnections == 0)
  }
}
