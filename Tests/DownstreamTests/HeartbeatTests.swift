import EventLoop
import StreamLog
import Testing

@testable import Downstream

@Suite struct HeartbeatTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

  @Test func `a silent log is kept alive by comments, in its readers' place only`() throws {
    let harness = try Harness()
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    harness.answerWith(harness.makeAudience(rendering, heartbeat: ":\n", every: 20))
    let peer = harness.connect()
    peer.write(Self.get)
    try harness.turn()
    peer.read()
    #expect(peer.takeText().body == "")
    let start = harness.loop.now
    #expect(
      try harness.turn(until: {
        peer.read()
        return peer.text == ":\n:\n"
      }))
    #expect(harness.loop.now - start >= 35 * Harness.milliseconds)
    rendering.appendEvent("event")
    rendering.close()
    try harness.turn()
    peer.read()
    #expect(peer.text.hasSuffix(":\nevent"))
    #expect(rendering.written == 5, "a comment is not part of the log")
  }

  @Test func `a log that grows needs no comments`() throws {
    let harness = try Harness()
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    harness.answerWith(harness.makeAudience(rendering, heartbeat: ":", every: 1000))
    let peer = harness.connect()
    peer.write(Self.get)
    let start = harness.loop.now
    var sent = ""
    while harness.loop.now - start < 60 * Harness.milliseconds {
      rendering.appendEvent("e")
      sent += "e"
      try harness.loop.turn(atMost: 5)
    }
    try harness.turn()
    peer.read()
    #expect(peer.text.body == sent)
  }

  @Test func `a reader that has something to read gets no comment`() throws {
    let harness = try Harness()
    let rendering = Rendering(budget: LogBudget(limit: 1 << 30))
    harness.answerWith(harness.makeAudience(rendering, heartbeat: ":", every: 10))
    let peer = harness.connect(sendBuffer: 1)
    peer.write(Self.get)
    let whole = String(repeating: "a", count: 50_000)
    rendering.appendEvent(whole)
    let start = harness.loop.now
    while harness.loop.now - start < 50 * Harness.milliseconds {
      try harness.loop.turn(atMost: 10)
    }
    rendering.close()
    #expect(
      try harness.turn(until: {
        peer.read()
        return harness.service.exchanges.map(\.ends) == [[.completed]]
      }))
    peer.read()
    #expect(peer.text.body == whole, "nothing stands inside an event")
  }

  @Test func `news that has not been sent yet makes a comment superfluous`() throws {
    let harness = try Harness()
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    harness.answerWith(harness.makeAudience(rendering))
    let peer = harness.connect()
    peer.write(Self.get)
    try harness.turn()
    rendering.appendEvent("event")
    rendering.publish()
    harness.connection?.heartbeat(Array(":".utf8))
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "event")
    harness.connection?.heartbeat(Array(":".utf8))
    peer.read()
    #expect(peer.text.body == "event:")
  }

  @Test func `readers that join do not silence the comments for the others`() throws {
    let harness = try Harness()
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    harness.answerWith(harness.makeAudience(rendering, heartbeat: ":\n", every: 50))
    let first = harness.connect()
    first.write(Self.get)
    try harness.turn()
    first.read()
    _ = first.takeText()
    var others: [Peer] = []
    let start = harness.loop.now
    while harness.loop.now - start < 200 * Harness.milliseconds {
      others.append(harness.connect())
      others.last?.write(Self.get)
      try harness.loop.turn(atMost: 10)
      try harness.loop.turn(atMost: 10)
    }
    first.read()
    #expect(first.text.hasPrefix(":\n"))
  }

  @Test func `a format without comments gets none`() throws {
    let harness = try Harness()
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    harness.answerWith(harness.makeAudience(rendering, heartbeat: "", every: 5))
    let peer = harness.connect()
    peer.write(Self.get)
    let start = harness.loop.now
    while harness.loop.now - start < 30 * Harness.milliseconds {
      try harness.loop.turn(atMost: 10)
    }
    peer.read()
    #expect(peer.text.body == "")
  }
}
