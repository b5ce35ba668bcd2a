internal import CLinux
internal import EventLoop
internal import Glibc
internal import HTTPWire
public import StreamLog

extension Connection {
  /// What one reader gets in one turn when its socket takes everything: others wait behind it.
  private static let bytesPerTurn = 512 << 10

  /// Answers the request under way with bytes of known length.
  public func respond(_ response: Response) {
    guard state == .answering else { return }
    if response.closes || server.isDraining { keepsAlive = false }
    appendHead(response, .length(response.body.count))
    if !isHead { output.append(contentsOf: response.body) }
    state = .sending
    pushAlone()
  }

  /// Answers HEAD with what `follow` would say first, without an audience.
  public func respondHead(_ response: Response, framing: AnswerFraming) {
    guard state == .answering else { return }
    if response.closes || server.isDraining || framing == .untilClose { keepsAlive = false }
    appendHead(response, framing)
    state = .sending
    pushAlone()
  }

  /// Answers with a rendering, from the cursor's position to its end, as it grows. The head, and
  /// the response's body as it stands behind it, leave with the first bytes when the audience is
  /// flushed.
  /// - Parameter after: The event behind which the cursor stands.
  public func follow(
    _ response: Response, framing: AnswerFraming, from cursor: Cursor, after: Int = 0,
    in audience: Audience
  ) {
    guard state == .answering else { return }
    if isHead { return respondHead(response, framing: framing) }
    if response.closes || server.isDraining || framing == .untilClose { keepsAlive = false }
    appendHead(response, framing)
    output.append(contentsOf: response.body)
    state = .following
    dropReading()
    self.cursor = cursor
    self.audience = audience
    audience.join(self, after: after)
  }

  /// What a head has beside the fields of its response, roughly.
  private static let headBytes = 160

  private func appendHead(_ response: Response, _ framing: AnswerFraming) {
    output.reserveCapacity(
      output.count + Self.headBytes + response.fields.count + response.body.count)
    output.append(contentsOf: statusLine(response.status))
    server.appendDate(to: &output)
    output.append(contentsOf: response.fields)
    switch framing {
    case .length(let count):
      if response.status != 204 && response.status != 304 {
        output.append(contentsOf: "Content-Length: \(count)\r\n".utf8)
      }
    case .chunked: output.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
    case .untilClose: break
    }
    if !keepsAlive {
      output.append(contentsOf: "Connection: close\r\n".utf8)
    } else if isHTTP10 {
      output.append(contentsOf: "Connection: keep-alive\r\n".utf8)
    }
    output.append(contentsOf: "\r\n".utf8)
  }

  // MARK: Sending

  /// Where no audience counts what is sent.
  func pushAlone() {
    let sent = push()
    server.traffic.sentBytes += sent
  }

  /// Sends all that waits: the head or a heartbeat first, then the log from the cursor to its tail.
  /// - Returns: The bytes that the socket took.
  func push() -> Int {
    guard state == .sending || state == .following else { return 0 }
    var budget = Self.bytesPerTurn
    while !isBlocked {
      let log = state == .following ? cursor?.advance() ?? .ended : .ended
      if outputStart == output.count && log != .behind {
        setInterest(interest.subtracting(.writable))
        if log == .ended {
          answered()
        } else {
          disarm()
          if owesNotice { giveNotice() }
        }
        break
      }
      guard budget > 0 else {
        block()
        break
      }
      let sent = log == .behind ? sendWithLog() : sendOutput()
      if sent < 0 {
        if Self.isTransient(CInt(-sent)) { block() } else { close(.clientLeft) }
        break
      }
      budget -= sent
      bytesSent += sent
      if isTimed { arm(server.limits.stallTimeout) }
    }
    return Self.bytesPerTurn - budget
  }

  /// The kernel's buffer is full, or this reader has had its share of the turn: go on when it is
  /// writable. The stall time-out runs from the last byte that it took.
  private func block() {
    isBlocked = true
    setInterest(interest.union(.writable))
    if !isTimed { arm(server.limits.stallTimeout) }
  }

  private static func isTransient(_ code: CInt) -> Bool {
    code == EAGAIN || code == EINTR || code == ENOBUFS
  }

  /// The answer has been given to the kernel as a whole.
  private func answered() {
    leaveAudience()
    disarm()
    finishExchange(.completed)
    guard keepsAlive else { return linger() }
    if server.isDraining && input.isEmpty { return close(.closed) }
    state = .idle
    setInterest([.readable, .peerClosed])
    arm(server.limits.keepAliveTimeout)
    if !isProceeding { proceed() }
  }

  /// A comment for a reader that has nothing to read; nothing for one that has.
  func heartbeat(_ comment: [UInt8]) {
    guard state == .following, !isBlocked, outputStart == output.count,
      cursor?.advance() == .caughtUp
    else { return }
    output.append(contentsOf: comment)
    pushAlone()
  }

  /// What its audience tells, between two events.
  func giveNotice() {
    guard state == .following, !isBlocked, outputStart == output.count,
      cursor?.advance() == .caughtUp, let notice = audience?.notice
    else { return }
    owesNotice = false
    heartbeat(notice())
  }

  /// An interim answer while the request is still being read (RFC 9110, section 15.2.1).
  func sayContinue() {
    output.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
    let sent = sendOutput()
    if sent < 0, !Self.isTransient(CInt(-sent)) { close(.clientLeft) }
  }

  private func sendOutput() -> Int {
    let start = outputStart
    let sent = unsafe output.withUnsafeBytes { bytes in
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
      return unsafe clinux_send2(descriptor, rest.baseAddress, rest.count, nil, 0)
    }
    if sent > 0 { dropOutput(sent) }
    return sent
  }

  private func sendWithLog() -> Int {
    let waiting = output.count - outputStart
    guard waiting > 0 else { return unsafe sendLog(behind: nil, 0) }
    let start = outputStart
    let sent = unsafe output.withUnsafeBytes { bytes in
      let head = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
      return unsafe sendLog(behind: head.baseAddress, head.count)
    }
    if sent > 0 { dropOutput(min(sent, waiting)) }
    return sent
  }

  /// Sends what the log has for the cursor, behind bytes that go first.
  private func sendLog(behind first: UnsafeRawPointer?, _ count: Int) -> Int {
    let number = descriptor
    var sent = 0
    cursor?.read { log in
      sent = unsafe log.withUnsafeBytes { bytes in
        unsafe clinux_send2(number, first, count, bytes.baseAddress, bytes.count)
      }
      return max(0, sent - count)
    }
    return sent
  }

  private func dropOutput(_ count: Int) {
    outputStart += count
    if outputStart == output.count {
      output = []
      outputStart = 0
    }
  }
}
