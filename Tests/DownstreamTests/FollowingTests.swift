import TestSupport
import HTTPWire
import StreamLog
import Testing

@testable import Downstream

@Suite struct FollowingTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

  private func rendering(firstSegment: Int = 4096) -> Rendering {
    Rendering(budget: LogBudget(limit: 1 << 30), firstSegment: firstSegment)
  }

  @Test func `a reader sees each event when it is there`() throws {
    let harness = try Harness()
    let rendering = rendering()
    harness.answerWith(harness.makeAudience(rendering))
    rendering.appendEvent("before,")
    let peer = harness.connect()
    peer.write(Self.get)
    try harness.turn()
    peer.read()
    #expect(peer.text.contains("Transfer-Encoding: chunked\r\n"))
    #expect(peer.takeText().body == "before,")
    for number in 0..<5 {
      rendering.appendEvent("\(number),")
      try harness.turn(1)
      peer.read()
      #expect(peer.takeText() == "\(number),")
    }
    rendering.appendEvent("end")
    rendering.close()
    try harness.turn(1)
    peer.read()
    #expect(peer.text == "end")
    #expect(harness.connection?.state == .idle)
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
    #expect(harness.service.exchanges.map(\.offsets) == [[rendering.written]])
  }

  @Test func `readers who come while others go get what is there, and all that follows`() throws {
    let harness = try Harness()
    let rendering = rendering()
    harness.answerWith(harness.makeAudience(rendering))
    rendering.appendEvent("before,")
    var generator = SplitMix64(seed: 11)
    var peers: [Peer] = []
    for round in 0..<40 {
      let fresh = (0..<3).map { _ in harness.connect() }
      for peer in fresh { peer.write(Self.get) }
      // Some leave in the very turn in which others join.
      for _ in 0..<2 where !peers.isEmpty && generator.oneIn(2) {
        peers.remove(at: Int.random(in: 0..<peers.count, using: &generator)).close()
      }
      if generator.oneIn(3) { rendering.appendEvent("\(round),") }
      try harness.turn()
      peers += fresh
    }
    rendering.appendEvent("end")
    try harness.turn()
    var sent: [UInt8] = []
    var cursor = Cursor(rendering, at: 0, skippingOptional: false)
    while cursor.advance() == .behind {
      cursor.read { bytes in
        for index in bytes.indices { sent.append(bytes[index]) }
        return bytes.count
      }
    }
    for peer in peers {
      peer.read()
      #expect(peer.takeText().body == String(decoding: sent, as: UTF8.self))
    }
  }

  @Test func `all that one turn brings leaves in one send, head included`() throws {
    let harness = try Harness()
    let rendering = rendering()
    let audience = harness.makeAudience(rendering)
    harness.service.answer = { _, connection in
      var response = Response(status: 200)
      response.body = Array("preamble,".utf8)
      let cursor = Cursor(rendering, at: 0, skippingOptional: false)
      connection.follow(response, framing: .chunked, from: cursor, in: audience)
    }
    let peers = (0..<10).map { _ in harness.connect(isSequenced: true) }
    rendering.appendEvent("first,")
    for peer in peers { peer.write(Self.get) }
    try harness.turn()
    for peer in peers {
      #expect(peer.countMessages() == 1)
      #expect(peer.takeText().body == "preamble,first,")
    }
    for _ in 0..<3 {
      for number in 0..<50 { rendering.appendEvent("\(number),") }
      try harness.turn(1)
      for peer in peers {
        #expect(peer.countMessages() == 1)
        #expect(peer.takeText() == (0..<50).map { "\($0)," }.joined())
      }
    }
  }

  @Test func `a turn without an event sends nothing`() throws {
    let harness = try Harness()
    let rendering = rendering()
    harness.answerWith(harness.makeAudience(rendering))
    let peer = harness.connect(isSequenced: true)
    peer.write(Self.get)
    try harness.turn()
    #expect(peer.countMessages() == 1, "the head leaves though the log is empty")
    try harness.turn(10)
    #expect(peer.countMessages() == 0)
  }

  @Test func `readers at different places of one log each get their rest`() throws {
    let harness = try Harness()
    let rendering = rendering(firstSegment: 7)
    let audience = harness.makeAudience(rendering)
    for number in 0..<20 { rendering.appendEvent("\(number),") }
    rendering.publish()
    var start = 0
    harness.service.answer = { _, connection in
      let offset = rendering.offset(after: start) ?? 0
      start += 1
      connection.follow(
        Response(status: 200), framing: .chunked,
        from: Cursor(rendering, at: offset, skippingOptional: false), in: audience)
    }
    let peers = (0..<21).map { _ in harness.connect() }
    for peer in peers {
      peer.write(Self.get)
      try harness.turn(1)
    }
    rendering.appendEvent("end")
    rendering.close()
    try harness.turn()
    for (had, peer) in peers.enumerated() {
      peer.read()
      #expect(peer.text.body == (had..<20).map { "\($0)," }.joined() + "end")
    }
    #expect(audience.count == 0)
  }

  @Test func `a log that has ended already is one answer`() throws {
    let harness = try Harness()
    let rendering = rendering(firstSegment: 16)
    harness.answerWith(harness.makeAudience(rendering))
    for number in 0..<1000 { rendering.appendEvent("\(number),") }
    rendering.close()
    rendering.publish()
    let peer = harness.connect()
    peer.write(Self.get + Self.get)
    try harness.turn(20)
    peer.read()
    let whole = (0..<1000).map { "\($0)," }.joined()
    #expect(peer.text.count(of: "\r\n\r\n" + whole) == 2)
    #expect(harness.service.exchanges.map(\.ends) == [[.completed], [.completed]])
  }

  @Test func `a reader that does not read is blocked, delays nobody, and misses nothing`() throws {
    let harness = try Harness()
    let rendering = rendering(firstSegment: 100)
    harness.answerWith(harness.makeAudience(rendering))
    let (slow, quick) = (harness.connect(sendBuffer: 1), harness.connect())
    slow.write(Self.get)
    quick.write(Self.get)
    try harness.turn()
    let blocked = harness.server.connections.values.min { $0.identifier < $1.identifier }
    var whole = ""
    for number in 0..<5000 {
      let event = "event \(number) of five thousand,"
      whole += event
      rendering.appendEvent(event)
      if number % 100 == 0 {
        try harness.turn(1)
        quick.read()
        #expect(quick.text.hasSuffix(event), "the quick one has it in the same turn")
      }
    }
    rendering.close()
    try harness.turn()
    #expect(blocked?.isBlocked == true)
    #expect((blocked?.cursor?.lag ?? 0) > 100_000)
    #expect(blocked?.output.isEmpty == true, "its lag is an offset and nothing else")
    quick.read()
    #expect(quick.text.body == whole[...])
    #expect(
      try harness.turn(until: {
        slow.read(1000)
        return harness.service.exchanges.allSatisfy { $0.ends == [.completed] }
      }))
    slow.read()
    #expect(slow.text.body == whole[...])
  }

  @Test func `a client that leaves is told of once, and the others stay`() throws {
    let harness = try Harness()
    let rendering = rendering()
    let audience = harness.makeAudience(rendering)
    harness.answerWith(audience)
    var emptied = 0
    audience.whenEmpty = { emptied += 1 }
    let peers = (0..<5).map { _ in harness.connect() }
    for peer in peers { peer.write(Self.get) }
    try harness.turn()
    #expect(audience.count == 5)
    for (index, peer) in peers.enumerated() {
      peer.close()
      try harness.turn()
      #expect(audience.count == 4 - index)
      #expect(harness.service.exchanges.count { $0.ends == [.clientLeft] } == index + 1)
      #expect(emptied == (index == 4 ? 1 : 0))
    }
    #expect(harness.server.connectionCount == 0)
  }

  @Test(arguments: 0..<20)
  func `clients that are gone when the log is flushed do not disturb it`(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let harness = try Harness()
    let rendering = rendering()
    let audience = harness.makeAudience(rendering)
    harness.answerWith(audience)
    let peers = (0..<12).map { _ in harness.connect() }
    for peer in peers { peer.write(Self.get) }
    try harness.turn()
    let gone = peers.filter { _ in Bool.random(using: &random) }
    for peer in gone { peer.close() }
    rendering.appendEvent("event")
    rendering.publish()
    // Before the loop can learn that they have closed: `send` says so.
    audience.flush()
    #expect(audience.count == peers.count - gone.count)
    #expect(harness.service.exchanges.count { $0.ends == [.clientLeft] } == gone.count)
    for peer in peers where peer.descriptor >= 0 {
      peer.read()
      #expect(peer.text.body == "event")
    }
  }

  @Test(arguments: 0..<20)
  func `whoever leaves, in whatever order, the rest get every event`(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let harness = try Harness()
    let rendering = rendering()
    let audience = harness.makeAudience(rendering)
    harness.answerWith(audience)
    var peers = (0..<12).map { _ in harness.connect() }
    for peer in peers { peer.write(Self.get) }
    try harness.turn()
    peers.shuffle(using: &random)
    var whole = ""
    while let leaving = peers.popLast() {
      leaving.close()
      whole += "\(peers.count),"
      rendering.appendEvent("\(peers.count),")
      // Another test may be starting a process at this moment, which holds copies of all sockets
      // until it runs its program: the end of this one may come late.
      #expect(try harness.turn { audience.count == peers.count })
      try harness.turn(2)
      for peer in peers {
        peer.read()
        #expect(peer.text.body == whole[...])
      }
    }
  }

  @Test func `a pipelined request waits for the end of the log`() throws {
    let harness = try Harness()
    let rendering = rendering()
    harness.answerWith(harness.makeAudience(rendering))
    let peer = harness.connect()
    peer.write(Self.get)
    try harness.turn()
    harness.service.answer = { request, connection in connection.respond(ok("second")) }
    peer.write(Self.get)
    try harness.turn()
    #expect(harness.service.served.count == 1)
    rendering.appendEvent("end,")
    rendering.close()
    try harness.turn()
    peer.read()
    #expect(peer.text.body.hasPrefix("end,HTTP/1.1 200 OK\r\n"))
    #expect(peer.text.hasSuffix("\r\n\r\nsecond"))
  }

  @Test func `HEAD of a log is its head, at once`() throws {
    let harness = try Harness()
    let rendering = rendering()
    let audience = harness.makeAudience(rendering)
    harness.answerWith(audience)
    let peer = harness.connect()
    peer.write("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n")
    try harness.turn()
    peer.read()
    #expect(peer.text.contains("Transfer-Encoding: chunked\r\n"))
    #expect(peer.text.hasSuffix("\r\n\r\n"))
    #expect(audience.count == 0)
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
    #expect(harness.connection?.state == .idle)
  }

  @Test func `without a length the end of the connection is the end of the log`() throws {
    let harness = try Harness()
    let rendering = rendering()
    harness.answerWith(harness.makeAudience(rendering), framing: .untilClose)
    let peer = harness.connect()
    peer.write("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    rendering.appendEvent("one,")
    try harness.turn()
    peer.read()
    #expect(peer.text.contains("Connection: close\r\n"))
    #expect(!peer.text.contains("Transfer-Encoding"))
    #expect(!peer.sawEnd)
    rendering.appendEvent("two")
    rendering.close()
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "one,two")
    #expect(peer.sawEnd)
  }

  @Test func `a reader that does not want the optional range does not get it`() throws {
    let harness = try Harness()
    let rendering = rendering()
    let audience = harness.makeAudience(rendering)
    harness.service.answer = { _, connection in
      let cursor = Cursor(rendering, at: 0, skippingOptional: true)
      connection.follow(Response(status: 200), framing: .chunked, from: cursor, in: audience)
    }
    let peer = harness.connect()
    peer.write(Self.get)
    rendering.appendEvent("one,")
    try harness.turn()
    rendering.markOptional(4..<10)
    rendering.appendEvent("usage,")
    try harness.turn()
    rendering.appendEvent("end")
    rendering.close()
    try harness.turn()
    peer.read()
    #expect(peer.text.body == "one,end")
    #expect(harness.service.exchanges.map(\.ends) == [[.completed]])
  }
}
