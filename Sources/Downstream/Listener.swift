internal import CLinux
public import EventLoop
internal import Glibc

/// Who comes to a listener.
public enum ListenerRole: Sendable {
  case clients
  /// Load balancers: every connection begins with a header of the PROXY protocol.
  case proxies
  /// Those who watch the daemon: figures and health, and nothing else.
  case monitors
}

/// Accepts connections for one loop from one listening socket.
///
/// At the connection limit a client is answered 503 and closed. When the process is out of
/// descriptors, one kept in reserve is given up for the moment that it takes to say so: without
/// that the connection would wait in the kernel's queue and wake the loop for ever.
public final class Listener: ReadinessHandler {
  private let socket: ListeningSocket
  private let server: Server
  private var watch: Watch?
  private var reserve: CInt
  private let isTCP: Bool
  private let role: ListenerRole

  /// Connections accepted in one turn; more wait for the next.
  private static let acceptsPerTurn = 256
  /// The same of a socket that all loops share: the loop that was woken leaves some for others.
  private static let sharedAcceptsPerTurn = 16
  /// Unsent bytes that the kernel queues for one reader: what lags more stays in the log, where it
  /// costs an offset. 16 KiB holds a reader that never reads to about 124 KiB of kernel memory.
  private static let notSentLowWater: CInt = 16 << 10

  public init(
    _ socket: consuming ListeningSocket, server: Server, role: ListenerRole = .clients
  ) throws(SystemError) {
    self.role = role
    isTCP = socket.isTCP
    let isShared = socket.isShared
    self.socket = socket
    self.server = server
    reserve = Self.openReserve()
    let number = self.socket.descriptor.number
    watch = try server.loop.watch(
      number, for: isShared ? [.readable, .exclusive] : .readable, handler: self)
  }

  deinit {
    if reserve >= 0 { Glibc.close(reserve) }
  }

  public var port: UInt16 { socket.port }

  /// Accepts no more from here on. Of a socket of our own what the kernel has completed already is
  /// taken, since closing it would reset that; at an inherited one it waits for who listens next.
  public func stop() {
    guard watch != nil else { return }
    if !socket.isInherited { while acceptSome() {} }
    if let watch { server.loop.unwatch(watch) }
    watch = nil
  }

  /// Whoever gave us the socket keeps it open, and gives it to who comes after us.
  public var isInherited: Bool { socket.isInherited }

  public func ready(_ readiness: Readiness) {
    _ = acceptSome()
  }

  /// False when nobody waits any more, or nobody can be taken.
  private func acceptSome() -> Bool {
    for _ in 0..<(socket.isShared ? Self.sharedAcceptsPerTurn : Self.acceptsPerTurn) {
      switch socket.accept() {
      case .connection(let descriptor, let peer):
        welcome(descriptor, peer)
      case .none:
        return false
      case .outOfDescriptors:
        refuseWithReserve()
        return false
      case .gone:
        continue
      case .failed:
        if let watch { server.loop.unwatch(watch) }
        watch = nil
        return false
      }
    }
    return true
  }

  private func welcome(_ descriptor: consuming Descriptor, _ peer: PeerAddress) {
    let load = server.load(of: role)
    guard load.enter() else {
      server.refusedConnections += 1
      Self.refuse(descriptor.number)
      return
    }
    if isTCP {
      var on: CInt = 1
      var lowWater = Self.notSentLowWater
      let size = socklen_t(MemoryLayout<CInt>.size)
      let protocolLevel = CInt(IPPROTO_TCP)
      unsafe setsockopt(descriptor.number, protocolLevel, TCP_NODELAY, &on, size)
      unsafe setsockopt(descriptor.number, protocolLevel, TCP_NOTSENT_LOWAT, &lowWater, size)
    }
    let owner = OwnedSocket(descriptor)
    server.add(to: load) { identifier throws(SystemError) in
      try Connection(
        owner, peer: peer, identifier: identifier, server: server, role: role)
    }
  }

  private func refuseWithReserve() {
    guard reserve >= 0 else { return }
    Glibc.close(reserve)
    if case .connection(let descriptor, _) = socket.accept() {
      server.refusedConnections += 1
      Self.refuse(descriptor.number)
    }
    reserve = Self.openReserve()
  }

  private static func openReserve() -> CInt { unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) }

  private static func fullAnswer() -> [UInt8] {
    let body =
      #"{"error":{"code":"overloaded","message":"too many connections","retryable":true}}"#
    let identifier = String(UInt64.random(in: .min ... .max), radix: 36)
    return Array(
      """
      HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n\
      X-Request-Id: req_\(identifier)\r\nContent-Length: \(body.utf8.count)\r\n\
      Connection: close\r\n\r\n\(body)
      """.utf8)
  }

  /// Says 503 and sends FIN. What the client has sent by now is read away first: closing over
  /// unread bytes would send RST, which can overtake the answer.
  private static func refuse(_ socket: CInt) {
    var discarded = [UInt8](repeating: 0, count: 16 << 10)
    _ = unsafe recv(socket, &discarded, discarded.count, CInt(MSG_DONTWAIT))
    let answer = fullAnswer()
    _ = unsafe clinux_send2(socket, answer, answer.count, nil, 0)
    Glibc.shutdown(socket, CInt(SHUT_WR))
    _ = unsafe recv(socket, &discarded, discarded.count, CInt(MSG_DONTWAIT))
  }
}
