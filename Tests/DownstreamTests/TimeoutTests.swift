import EventLoop
import HTTPWire
import StreamLog
import Testing

@testable import Downstream

/// Only lower bounds of times are tested: how late a busy machine is proves nothing.
@Suite struct TimeoutTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

  private func limits(_ change: (inout Server.Limits) -> Void) -> Server.Limits {
    var limits = Server.Limits()
    change(&limits)
    return limits
  }

  @Test func `a head that takes too long is answered 408`() throws {
    let harness = try Harness(limits { $0.headTimeout = 20 * Harness.milliseconds })
    let peer = harness.connect()
    let start = harness.loop.now
    peer.write("GET /a HT")
    #expect(try harness.turn(until: { peer.read() > 0 }))
    #expect(harness.loop.now - start >= 20 * Harness.milliseconds)
    #expect(peer.text.statusLine == "HTTP/1.1 408 Request Timeout")
    #expect(peer.text.contains("Connection: close\r\n"))
  }

  @Test func `a head that dribbles in gets no more time than another`() throws {
    let harness = try Harness(limits { $0.headTimeout = 60 * Harness.milliseconds })
    let peer = harness.connect()
    peer.write("GET /a HTTP/1.1\r\nX: ")
    var next: UInt64 = 0
    #expect(
      try harness.turn(until: {
        if harness.loop.now >= next { peer.write("a") }
        next = harness.loop.now + Harness.milliseconds
        return peer.read() > 0
      }))
    #expect(peer.text.statusLine == "HTTP/1.1 408 Request Timeout")
  }

  @Test func `silence inside a body is answered 408, and slowness is not`() throws {
    let harness = try Harness(limits { $0.bodyTimeout = 60 * Harness.milliseconds })
    let peer = harness.connect()
    peer.write("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    let start = harness.loop.now
    var next = start
    while harness.loop.now - start < 150 * Harness.milliseconds {
      try harness.loop.turn(atMost: 10)
      if harness.loop.now >= next { peer.write("x") }
      next = harness.loop.now + Harness.milliseconds
      #expect(peer.read() == 0)
    }
    #expect(try harness.turn(until: { peer.read() > 0 }))
    #expect(peer.text.statusLine == "HTTP/1.1 408 Request Timeout")
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
  }

  @Test func `an idle connection is closed without a word, before and after requests`() throws {
    let harness = try Harness(limits { $0.keepAliveTimeout = 20 * Harness.milliseconds })
    let (fresh, used) = (harness.connect(), harness.connect())
    used.write(Self.get)
    #expect(try harness.turn(until: { harness.server.connectionCount == 0 }))
    fresh.read()
    used.read()
    #expect(fresh.received.isEmpty && fresh.sawEnd)
    #expect(used.text.count(of: "HTTP/1.1") == 1 && used.sawEnd)
  }

  @Test func `an answer that is being made has no time-out here`() throws {
    let harness = try Harness(
      limits {
        $0.keepAliveTimeout = 5 * Harness.milliseconds
        $0.headTimeout = 5 * Harness.milliseconds
        $0.bodyTimeout = 5 * Harness.milliseconds
        $0.stallTimeout = 5 * Harness.milliseconds
      })
    let peer = harness.connect()
    harness.service.answer = { _, _ in }
    peer.write(Self.get)
    let start = harness.loop.now
    while harness.loop.now - start < 40 * Harness.milliseconds {
      try harness.loop.turn(atMost: 10)
    }
    #expect(harness.connection?.state == .answering)
    harness.connection?.respond(ok("late"))
    peer.read()
    #expect(peer.text.body == "late")
  }

  @Test func `a reader that takes nothing is closed, and its exchange told so`() throws {
    let harness = try Harness(limits { $0.stallTimeout = 30 * Harness.milliseconds })
    let peer = harness.connect(sendBuffer: 1)
    let rendering = Rendering(budget: LogBudget(limit: 1 << 30))
    harness.answerWith(harness.makeAudience(rendering))
    peer.write(Self.get)
    try harness.turn()
    let start = harness.loop.now
    rendering.append([UInt8](repeating: 0x61, count: 1 << 20).span)
    rendering.endEvent()
    #expect(try harness.turn(until: { harness.server.connectionCount == 0 }))
    #expect(harness.loop.now - start >= 30 * Harness.milliseconds)
    #expect(harness.service.exchanges.map(\.ends) == [[.stalled]])
    let sent = harness.service.exchanges.first?.bytesSent.first
    peer.read()
    #expect(sent == peer.received.count)
  }

  @Test func `a slow reader is not a stalled one`() throws {
    let harness = try Harness(limits { $0.stallTimeout = 60 * Harness.milliseconds })
    let peer = harness.connect(sendBuffer: 1)
    harness.service.answer = { _, connection in
      connection.respond(ok(String(repeating: "a", count: 100_000)))
    }
    peer.write(Self.get)
    let start = harness.loop.now
    while harness.loop.now - start < 150 * Harness.milliseconds {
      try harness.loop.turn(atMost: 10)
      peer.read(2000)
    }
    #expect(harness.service.exchanges.map(\.ends) == [[]])
    #expect(
      try harness.turn(until: {
        peer.read()
        return harness.service.exchanges.map(\.ends) == [[.completed]]
      }))
    #expect(peer.text.body.utf8.count == 100_000)
  }
}
