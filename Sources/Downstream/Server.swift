public import EventLoop
internal import Glibc
public import HTTPWire
public import Metrics
internal import Synchronization

/// What all connections of one loop share: the loop, the limits, the service, and their number.
///
/// Belongs to its loop's thread.
public final class Server {
  public struct Limits: Sendable {
    public var head = HeadLimits()
    /// Nanoseconds; see `Settings.Timeouts` for their meaning.
    public var headTimeout: UInt64 = 10_000_000_000
    public var bodyTimeout: UInt64 = 30_000_000_000
    public var keepAliveTimeout: UInt64 = 75_000_000_000
    public var stallTimeout: UInt64 = 30_000_000_000
    public var heartbeat: UInt64 = 15_000_000_000
    public init() {}
  }

  public let loop: EventLoop
  /// Those of requests and time-outs that begin from now on.
  public var limits: Limits
  let load: ConnectionLoad
  /// The service outlives the loop's run; it owns this server.
  unowned let service: any Service
  /// Connections beyond the limit, each answered 503 and closed.
  public internal(set) var refusedConnections = 0
  /// Connections that did not begin with the header of a proxy that they must begin with.
  public internal(set) var refusedProxyHeaders = 0
  public internal(set) var traffic = Traffic()
  private(set) var connections: [UInt64: Connection] = [:]
  private var nextIdentifier: UInt64 = 1
  /// Set while draining: answers say `Connection: close`, idle connections are closed.
  public private(set) var isDraining = false

  /// Where sockets are read into before it is known how much there is.
  var scratch = [UInt8](repeating: 0, count: 64 << 10)
  /// Connections with requests that wait for the next turn.
  private var postponed: [Connection] = []
  private var turnTimer: Timer?
  private var dateSecond: Int = -1
  private var dateLine: [UInt8] = []

  public init(loop: EventLoop, limits: Limits, load: ConnectionLoad, service: any Service) {
    self.loop = loop
    self.limits = limits
    self.load = load
    self.service = service
  }

  /// Lets the connection go on in the next turn, behind those that are ready then.
  func postpone(_ connection: Connection) {
    postponed.append(connection)
    let timer =
      turnTimer
      ?? Timer { [unowned self] in
        var waiting: [Connection] = []
        swap(&waiting, &self.postponed)
        for connection in waiting { connection.goOn() }
      }
    turnTimer = timer
    if !timer.isArmed { loop.arm(timer, at: loop.now) }
  }

  public var connectionCount: Int { connections.count }

  /// Requests that have been admitted and whose answers are not at their end.
  public private(set) var exchangeCount = 0

  func countExchange(_ change: Int) { exchangeCount += change }

  public func connection(_ identifier: UInt64) -> Connection? { connections[identifier] }

  /// A place in the load has been taken for it; it is given back if there is no connection.
  func add(
    to load: ConnectionLoad, _ make: (UInt64) throws(SystemError) -> Connection
  ) {
    let identifier = nextIdentifier
    nextIdentifier += 1
    do {
      connections[identifier] = try make(identifier)
    } catch {
      load.leave()
    }
  }

  func remove(_ connection: Connection) {
    if connections.removeValue(forKey: connection.identifier) != nil {
      load(of: connection.role).leave()
    }
  }

  /// Those who watch are let in when clients have taken all there is: then most of all.
  func load(of role: ListenerRole) -> ConnectionLoad { role == .monitors ? monitors : load }

  private let monitors = ConnectionLoad(limit: 64)

  /// Idle connections close now, the others behind their answer.
  public func drain() {
    isDraining = true
    for connection in Array(connections.values) { connection.closeIfIdle() }
  }

  /// Closes every connection of which it holds, whatever it is doing; the number of those whose
  /// answer was awaited or under way.
  @discardableResult
  public func closeAll(where isMeant: (Connection) -> Bool = { _ in true }) -> Int {
    var cut = 0
    for connection in Array(connections.values) where isMeant(connection) {
      if connection.isAnswering { cut += 1 }
      connection.close(.closed)
    }
    return cut
  }

  /// `Date: …` with its CRLF (RFC 9110, section 6.6.1), made once a second.
  func appendDate(to head: inout [UInt8]) {
    var now = time(nil)
    if now != dateSecond {
      dateSecond = now
      var parts = unsafe tm()
      unsafe gmtime_r(&now, &parts)
      var text = [CChar](repeating: 0, count: 64)
      // The C locale is in force: nothing calls setlocale.
      let count = unsafe strftime(&text, 64, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts)
      dateLine = text[..<count].map { UInt8(bitPattern: $0) }
    }
    head.append(contentsOf: dateLine)
  }
}

/// What the connections of one loop have read and written, but for what audiences deliver.
public struct Traffic: Sendable {
  public var receivedBytes = 0
  public var sentBytes = 0
  /// Events that were there when their readers came, and the last ones of some.
  public var eventsSent = 0
  /// Connections whose sockets take no more at the moment.
  public var blockedConnections = 0
  /// Bytes between a follower that had to wait and the tail, when its socket takes some again.
  public var lag = Histogram(.lag)

  public init() {}
}

/// Connections over all loops, against the limit. Any thread.
public final class ConnectionLoad: Sendable {
  private let most: Atomic<Int>
  private let open = Atomic<Int>(0)

  public init(limit: Int) {
    most = Atomic(limit)
  }

  /// Can be changed at any time; who is in stays.
  public var limit: Int {
    get { most.load(ordering: .relaxed) }
    set { most.store(newValue, ordering: .relaxed) }
  }

  public var count: Int { open.load(ordering: .relaxed) }

  /// Takes a place, or says that there is none.
  func enter() -> Bool {
    let now = open.add(1, ordering: .relaxed).newValue
    if now <= limit { return true }
    leave()
    return false
  }

  func leave() {
    open.subtract(1, ordering: .relaxed)
  }
}
