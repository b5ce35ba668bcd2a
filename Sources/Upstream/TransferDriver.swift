// libcurl's multi interface on an event loop: the other half of `curl_multi_socket_action`.
//
// libcurl says which sockets it wants watched and when it wants to be called again; the loop says
// when they are ready or the time has come; libcurl then reads, writes and calls back. There is no
// thread and no second epoll. Names are resolved by libcurl's own resolver threads, which report
// through a socket like any other.
//
// Rule: handles may not be added or removed from inside a callback. What is started, cancelled or
// has ended there is added or removed right after libcurl returns.

internal import CCurl
public import EventLoop

@safe public final class TransferDriver {
  let loop: EventLoop
  private let multi: UnsafeMutableRawPointer
  private var sockets: [CInt: WatchedSocket] = [:]
  private var timer: Timer?
  /// Transfers under way, kept alive by being here.
  private var transfers: [ObjectIdentifier: Transfer] = [:]
  private var isInside = false
  private var hasStarted = false
  private var additions: [Transfer] = []
  private var removals: [Transfer] = []
  /// Of answers' bodies, as they are without compression.
  public internal(set) var receivedBytes = 0

  /// Once a process, before any thread starts.
  public static func initializeLibrary() {
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
  }

  /// Connections kept open for reuse, over all upstreams of this loop.
  public var idleConnections: Int {
    didSet { limitIdleConnections() }
  }

  private func limitIdleConnections() {
    unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, max(idleConnections, 1))
  }

  public init(loop: EventLoop, idleConnections: Int) {
    self.loop = loop
    guard let multi = unsafe curl_multi_init() else { fatalError("libcurl: out of memory") }
    unsafe self.multi = unsafe multi
    self.idleConnections = idleConnections
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe ccurl_multi_set_socket(multi, curlWatches, context)
    unsafe ccurl_multi_set_timer(multi, curlSetsTimer, context)
    limitIdleConnections()
    timer = Timer { [unowned self] in self.act(CURL_SOCKET_TIMEOUT, 0) }
    // A request that was accepted in this turn goes out in this turn.
    loop.atEndOfTurn { [unowned self] in
      if self.hasStarted {
        self.hasStarted = false
        self.act(CURL_SOCKET_TIMEOUT, 0)
      }
    }
  }

  deinit {
    for transfer in Array(transfers.values) { transfer.cancel() }
    for socket in sockets.values { loop.unwatch(socket.watch) }
    if let timer { loop.disarm(timer) }
    unsafe curl_multi_cleanup(multi)
  }

  /// Under way, or in their afterglow; back to zero when nothing is.
  public var activeTransfers: Int { transfers.count }

  // MARK: For transfers

  func start(_ transfer: Transfer) {
    guard !isInside else { return additions.append(transfer) }
    guard let easy = unsafe transfer.easy else { return }
    guard unsafe curl_multi_add_handle(multi, easy) == CURLM_OK else {
      return transfer.couldNotStart()
    }
    transfers[ObjectIdentifier(transfer)] = transfer
    hasStarted = true
  }

  /// Takes the transfer off libcurl; a connection whose answer is not at its end is closed.
  func remove(_ transfer: Transfer) {
    guard !isInside else { return removals.append(transfer) }
    let wasAdded = transfers.removeValue(forKey: ObjectIdentifier(transfer)) != nil
    guard let easy = unsafe transfer.takeHandle() else { return }
    if wasAdded {
      // Of an unfinished transfer that has its connection for itself this closes the connection.
      if !transfer.isFinished { unsafe ccurl_set_long(easy, CURLOPT_FORBID_REUSE, 1) }
      let isStream = unsafe !transfer.isFinished && ccurl_is_http2(easy) != 0
      let port = unsafe ccurl_local_port(easy)
      unsafe curl_multi_remove_handle(multi, easy)
      let keeps = transfer.provider.keepsConnections
      unsafe ccurl_set_long(easy, CURLOPT_FORBID_REUSE, keeps ? 0 : 1)
      if isStream { sendReset(on: port, transfer.provider) }
    }
    unsafe transfer.provider.giveBack(easy)
  }

  /// libcurl queues the RST_STREAM of a cancelled HTTP/2 stream until it has something else to
  /// write to that connection, and the upstream would go on for so long. Pausing and continuing
  /// another stream of the connection makes it write.
  private func sendReset(on port: Int, _ provider: Provider) {
    let sharing = transfers.values.first { other in
      guard other.provider === provider, let easy = unsafe other.easy else { return false }
      return unsafe ccurl_local_port(easy) == port
    }
    guard let easy = unsafe sharing?.easy else { return }
    // Continuing may hand out bytes that have arrived.
    isInside = true
    unsafe curl_easy_pause(easy, CURLPAUSE_RECV)
    unsafe curl_easy_pause(easy, CURLPAUSE_CONT)
    isInside = false
    // What ended in there is looked after in the next turn at the latest.
    if let timer { loop.arm(timer, after: 0) }
  }

  // MARK: Between libcurl and the loop

  fileprivate func act(_ socket: CInt, _ mask: CInt) {
    isInside = true
    var running: CInt = 0
    unsafe curl_multi_socket_action(multi, socket, mask, &running)
    isInside = false
    collect()
  }

  private func collect() {
    var result = CURLE_OK
    while let easy = unsafe ccurl_multi_done(multi, &result) {
      guard let context = unsafe ccurl_private(easy) else { continue }
      unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().finished(result)
    }
    while let transfer = removals.popLast() { remove(transfer) }
    while let transfer = additions.popLast() { start(transfer) }
  }

  func watch(_ socket: CInt, _ action: CInt) {
    if action == CURL_POLL_REMOVE {
      if let known = sockets.removeValue(forKey: socket) { loop.unwatch(known.watch) }
      return
    }
    var interest: Readiness = []
    if action & CURL_POLL_IN != 0 { interest.insert(.readable) }
    if action & CURL_POLL_OUT != 0 { interest.insert(.writable) }
    if let known = sockets[socket] {
      loop.change(known.watch, to: interest)
    } else if let fresh = WatchedSocket(socket, interest, self) {
      sockets[socket] = fresh
    }
  }

  func setTimer(_ milliseconds: Int) {
    guard let timer else { return }
    if milliseconds >= 0 {
      loop.arm(timer, after: UInt64(milliseconds) * 1_000_000)
    } else {
      loop.disarm(timer)
    }
  }
}

private final class WatchedSocket: ReadinessHandler {
  private let socket: CInt
  // SAFETY: the driver unwatches all of its sockets before it goes; counting it for every report
  // would write to a line that nothing else touches.
  private unowned(unsafe) let driver: TransferDriver
  private(set) var watch: Watch

  init?(_ socket: CInt, _ interest: Readiness, _ driver: TransferDriver) {
    self.socket = socket
    unsafe self.driver = driver
    watch = Watch.none
    guard let watch = try? driver.loop.watch(socket, for: interest, handler: self) else {
      return nil
    }
    self.watch = watch
  }

  func ready(_ readiness: Readiness) {
    var mask: CInt = 0
    if readiness.contains(.readable) { mask |= CURL_CSELECT_IN }
    if readiness.contains(.writable) { mask |= CURL_CSELECT_OUT }
    if !readiness.isDisjoint(with: .failed) { mask |= CURL_CSELECT_ERR }
    unsafe driver.act(socket, mask)
  }
}
