// One accepted socket, from its first byte to its last: an HTTP/1.1 server's side of a connection.
//
// It stands between the kernel and the service: reads requests one after the other (a pipelined one
// waits for the answer to the one before), hands each to the service, and sends the answer, which
// is either bytes of its own or the position of a cursor in a rendering that grows.
//
// Invariant: `cursor` is set exactly in `.following`; `exchange` is told its end exactly once.
//
// States and what leaves them:
//   proxyHeader a proxy's header complete → idle; fault, time-out, peer closed → closed
//   idle        first byte → head; time-out, peer closed → closed
//   head        head complete → body or answering; fault → sending (and closes); time-out → 408
//   body        body complete → answering; fault, time-out → sending (and closes)
//   answering   respond → sending; follow → following; peer closed → closed
//   sending     all sent → idle, head of the next request, or lingering
//   following   cursor at the end → idle, head or lingering; peer closed, stall → closed
//   lingering   peer closed or time-out → closed
//   closed      nothing
//
// It does not parse (HTTPWire does), route, or know what a model is.

public import EventLoop
internal import Glibc
internal import HTTPWire
internal import Metrics
internal import StreamLog

public final class Connection: ReadinessHandler {
  // What a delivery touches comes first, side by side: with thousands of followers each line of
  // the processor's cache is fetched anew for each of them.
  private let socket: Descriptor
  var interest: Readiness = [.readable, .peerClosed]
  var state = State.idle
  /// The socket takes no more at the moment.
  var isBlocked = false {
    didSet {
      if isBlocked != oldValue { server.traffic.blockedConnections += isBlocked ? 1 : -1 }
    }
  }
  /// Its audience has something to tell when it has read everything.
  var owesNotice = false
  /// The timer is armed.
  private(set) var isTimed = false
  /// What must go out before the log's bytes: heads, whole answers, heartbeats.
  var output: [UInt8] = []
  var outputStart = 0
  var cursor: Cursor?
  var bytesSent = 0

  public let identifier: UInt64
  /// The other end of the socket, or whom its proxy named before the first request.
  public private(set) var peer: PeerAddress
  /// Of the listener that it came to. From `.proxies` who has no address may be anybody.
  public let role: ListenerRole
  unowned let server: Server
  var watch: Watch?
  private var timer: Timer?

  enum State: Equatable {
    case proxyHeader, idle, head, body, answering, sending, following, lingering, closed
  }

  /// What has been read since the start of the current request; empty between requests.
  var input: [UInt8] = []
  private var requestReading: RequestReading?
  var audience: Audience?
  /// Position in `audience.followers`.
  var audiencePosition = -1
  /// The request wanted the connection kept.
  var keepsAlive = false
  var isHead = false
  var isHTTP10 = false
  /// Requests that have been read wait for the next turn.
  var isPostponed = false
  /// It has had a request.
  private var hasAsked = false
  /// Requests that were taken in that turn of the loop.
  var requestsTaken: UInt8 = 0
  var turnOfRequests: UInt64 = 0
  /// `proceed` is running further up the stack: it will look at the rest of the input itself.
  var isProceeding = false

  /// The service's record of the request under way.
  public var exchange: (any Exchange)? {
    didSet {
      hasAsked = true
      if (oldValue == nil) != (exchange == nil) { server.countExchange(exchange == nil ? -1 : 1) }
    }
  }

  init(
    _ socket: OwnedSocket, peer: PeerAddress, identifier: UInt64, server: Server,
    role: ListenerRole
  ) throws(SystemError) {
    self.socket = socket.take()
    self.peer = peer
    self.role = role
    self.identifier = identifier
    self.server = server
    watch = try server.loop.watch(descriptor, for: interest, handler: self)
    timer = Timer { [unowned self] in self.timeOut() }
    if role == .proxies { state = .proxyHeader }
    arm(role == .proxies ? server.limits.headTimeout : server.limits.keepAliveTimeout)
  }

  /// The proxy has said who it speaks for.
  func proxyHeaderRead(_ client: PeerAddress?) {
    if let client { peer = client }
    state = .idle
    arm(server.limits.keepAliveTimeout)
  }

  /// Made for the first byte of a request.
  var reading: RequestReading {
    if let requestReading { return requestReading }
    let reading = RequestReading(limits: server.limits.head)
    requestReading = reading
    return reading
  }

  /// Until the next request, which may be long in coming.
  func dropReading() {
    requestReading = nil
  }

  var descriptor: CInt { socket.number }
  /// The loop on which everything about this connection happens.
  public var loop: EventLoop { server.loop }
  /// The request under way came as HTTP/1.0: its answer is not chunked.
  public var speaksHTTP10: Bool { isHTTP10 }
  /// The request under way is HEAD: its answer has no body.
  public var asksForHead: Bool { isHead }
  public var isClosed: Bool { state == .closed }

  public func ready(_ readiness: Readiness) {
    if readiness.contains(.failed) { return close(.clientLeft) }
    if readiness.contains(.writable) {
      if state == .following, let cursor { server.traffic.lag.observe(UInt64(cursor.lag)) }
      isBlocked = false
      pushAlone()
    }
    if readiness.contains(.readable) {
      receive()
    } else if readiness.contains(.peerClosed) {
      peerClosed()
    }
  }

  /// The peer has sent FIN. While an answer is awaited or followed that is a client that left;
  /// while the rest of an answer is sent it may have shut down its sending side only.
  private func peerClosed() {
    switch state {
    case .proxyHeader, .idle, .head, .body, .answering, .following, .lingering: close(.clientLeft)
    case .sending:
      keepsAlive = false
      setInterest(interest.subtracting([.readable, .peerClosed]))
    case .closed: break
    }
  }

  private func timeOut() {
    isTimed = false
    switch state {
    case .proxyHeader:
      server.refusedProxyHeaders += 1
      close(.closed)
    case .idle, .lingering: close(.closed)
    case .head: refuse(RequestFault(status: 408, reason: "the request head took too long"))
    case .body: refuse(RequestFault(status: 408, reason: "the request body took too long"))
    case .sending, .following: close(.stalled)
    case .answering, .closed: break
    }
  }

  func arm(_ delay: UInt64) {
    guard let timer else { return }
    isTimed = true
    server.loop.arm(timer, at: server.loop.now &+ delay)
  }

  func disarm() {
    guard isTimed, let timer else { return }
    isTimed = false
    server.loop.disarm(timer)
  }

  func setInterest(_ wanted: Readiness) {
    guard wanted != interest, let watch else { return }
    interest = wanted
    server.loop.change(watch, to: wanted)
  }

  /// Ends everything at once; the socket closes with this object.
  public func close(_ end: ExchangeEnd) {
    guard state != .closed else { return }
    state = .closed
    isBlocked = false
    disarm()
    timer = nil
    if let watch { server.loop.unwatch(watch) }
    watch = nil
    leaveAudience()
    input = []
    output = []
    finishExchange(end)
    server.remove(self)
    Glibc.shutdown(descriptor, CInt(SHUT_RDWR))
  }

  /// What a request may take to come, or to come to its end, when the server drains.
  static let lastRequestTime: UInt64 = 1_000_000_000

  /// A request that has arrived but was not read yet is answered first; who has connected to ask,
  /// or is about to, gets the time to.
  func closeIfIdle() {
    guard !isPostponed else { return }
    if state == .idle || state == .proxyHeader { receive() }
    switch state {
    case .idle where hasAsked: close(.closed)
    case .idle, .proxyHeader, .head, .body: arm(Self.lastRequestTime)
    case .answering, .sending, .following, .lingering, .closed: break
    }
  }

  /// An answer is awaited, or under way.
  var isAnswering: Bool { state == .answering || state == .sending || state == .following }

  func leaveAudience() {
    audience?.leave(self)
    audience = nil
    owesNotice = false
  }

  func finishExchange(_ end: ExchangeEnd) {
    guard let ending = exchange else {
      cursor = nil
      return
    }
    exchange = nil
    let offset = cursor?.offset
    cursor = nil
    ending.ended(end, bytesSent: bytesSent, offset: offset)
  }
}

/// What a request is read by. Apart from its connection, since a follower reads none, and there are
/// tens of thousands of these.
final class RequestReading {
  var parser: RequestHeadParser
  var body = BodyReader.none

  init(limits: HeadLimits) {
    parser = RequestHeadParser(limits: limits)
  }
}

/// Lets the accepted socket pass through closures until its connection owns it.
final class OwnedSocket {
  private var descriptor: Descriptor?

  init(_ descriptor: consuming Descriptor) { self.descriptor = consume descriptor }

  /// Once.
  func take() -> Descriptor {
    guard let taken = descriptor.take() else { preconditionFailure("a socket has one owner") }
    return taken
  }
}
