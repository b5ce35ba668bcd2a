import CLinux
import HTTPWire
import StreamLog

@testable import Downstream
@testable import EventLoop

/// A request as the service was given it.
struct Served: Equatable {
  var method: String
  var path: String
  var body: String
}

/// Told how an exchange ended.
final class Told: Exchange {
  private(set) var ends: [ExchangeEnd] = []
  private(set) var bytesSent: [Int] = []
  private(set) var offsets: [Int?] = []

  func ended(_ end: ExchangeEnd, bytesSent: Int, offset: Int?) {
    ends.append(end)
    self.bytesSent.append(bytesSent)
    offsets.append(offset)
  }
}

/// A service that does what a test tells it, and remembers what it was asked.
final class ScriptedService: Service {
  var served: [Served] = []
  var exchanges: [Told] = []
  var faults: [RequestFault] = []
  /// Asked in `serve`; the default answers with the method, path and body.
  var answer: (Served, Connection) -> Void = { request, connection in
    connection.respond(ok("\(request.method) \(request.path) \(request.body)"))
  }
  /// Stands in for a proxy's header: a line with the last byte of an address in 10.0.0.0/24.
  func proxyHeader(
    _ bytes: Span<UInt8>, from peer: PeerAddress
  ) throws(ProxyHeaderFault) -> (client: PeerAddress?, consumed: Int)? {
    guard let end = bytes.indices.first(where: { bytes[$0] == 10 }) else { return nil }
    let line = text(bytes.extracting(0..<end))
    if line == "-" { return (nil, end + 1) }
    guard let last = UInt8(line) else { throw ProxyHeaderFault() }
    return (PeerAddress([10, 0, 0, last], port: 1), end + 1)
  }

  var verdict: (RequestHead) -> HeadVerdict = { _ in .proceed(bodyLimit: 1000) }

  func admit(
    _ head: RequestHead, _ bytes: Span<UInt8>, on connection: Connection
  ) -> HeadVerdict {
    let told = Told()
    exchanges.append(told)
    connection.exchange = told
    return verdict(head)
  }

  func serve(
    _ head: RequestHead, _ bytes: Span<UInt8>, body: Span<UInt8>, on connection: Connection
  ) {
    let request = Served(
      method: text(bytes.extracting(head.methodRange)), path: text(bytes.extracting(head.path)),
      body: text(body))
    served.append(request)
    answer(request, connection)
  }

  func refusal(_ fault: RequestFault, path: Span<UInt8>, on connection: Connection) -> Response {
    faults.append(fault)
    if connection.exchange == nil {
      let told = Told()
      exchanges.append(told)
      connection.exchange = told
    }
    return Response(status: fault.status, contentType: "text/plain", body: Array("fault".utf8))
  }

  private func text(_ bytes: Span<UInt8>) -> String {
    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}

func ok(_ body: String) -> Response {
  Response(status: 200, contentType: "text/plain", body: Array(body.utf8))
}

/// One loop with its server, in the test's own thread.
final class Harness {
  let loop: EventLoop
  let service = ScriptedService()
  let server: Server
  /// What is flushed at the end of each turn, as the relay does it.
  private var audiences: [Audience] = []

  static let milliseconds: UInt64 = 1_000_000

  init(_ limits: Server.Limits = Server.Limits(), connections: Int = 100) throws {
    loop = try EventLoop()
    server = Server(
      loop: loop, limits: limits, load: ConnectionLoad(limit: connections), service: service)
    loop.atEndOfTurn { [unowned self] in self.flush() }
  }

  deinit { _ = server.closeAll() }

  func connect(
    isSequenced: Bool = false, sendBuffer: CInt? = nil, role: ListenerRole = .clients
  ) -> Peer {
    let (mine, other) = socketPair(isSequenced: isSequenced, sendBuffer: sendBuffer)
    precondition(server.load.enter(), "a test stays below its own limit")
    let owner = OwnedSocket(Descriptor(owning: mine))
    server.add(to: server.load(of: role)) { identifier throws(SystemError) in
      try Connection(
        owner, peer: PeerAddress(clinux_peer()), identifier: identifier, server: server,
        role: role)
    }
    return Peer(owning: other)
  }

  /// The connection made last.
  var connection: Connection? { server.connections.max { $0.key < $1.key }?.value }

  /// Turns without waiting, as often as one step of a conversation can need.
  func turn(_ count: Int = 4) throws {
    for _ in 0..<count { try loop.turn(atMost: 0) }
  }

  /// Turns until `condition` holds; false if it does not within ten seconds.
  func turn(until condition: () -> Bool) throws -> Bool {
    let deadline = loop.now + 10_000 * Self.milliseconds
    while !condition() {
      guard loop.now < deadline else { return false }
      try loop.turn(atMost: 10)
    }
    return true
  }

  // MARK: Logs

  func makeAudience(
    _ rendering: Rendering, heartbeat: String = "", every milliseconds: UInt64 = 1000
  ) -> Audience {
    let audience = Audience(
      rendering, loop: loop, heartbeat: Array(heartbeat.utf8), every: milliseconds * 1_000_000)
    audiences.append(audience)
    return audience
  }

  private func flush() {
    for audience in audiences {
      let hasGrown = audience.rendering.announce()
      if hasGrown || audience.needsFlush { audience.flush() }
    }
  }

  /// Requests are answered with the log from its beginning.
  func answerWith(_ audience: Audience, framing: AnswerFraming = .chunked) {
    service.answer = { _, connection in
      let cursor = Cursor(audience.rendering, at: 0, skippingOptional: false)
      connection.follow(Response(status: 200), framing: framing, from: cursor, in: audience)
    }
  }
}

extension Rendering {
  func appendEvent(_ text: String) {
    append(text.utf8.span)
    endEvent()
  }
}

extension String {
  /// What stands behind the first blank line.
  var body: Substring {
    guard let end = firstRange(of: "\r\n\r\n") else { return "" }
    return self[end.upperBound...]
  }

  var statusLine: Substring { prefix { $0 != "\r\n" } }

  func count(of piece: String) -> Int { ranges(of: piece).count }
}
