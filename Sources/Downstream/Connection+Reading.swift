internal import EventLoop
internal import Glibc
internal import HTTPWire

extension Connection {
  /// Pipelined bytes that are read while an answer is under way; more stays in the kernel.
  private static let pipelineBytes = 64 << 10
  /// A refused request's body is read away up to here so that the answer is not lost to a reset.
  private static let lingerBytes = 4 << 20
  private static let lingerTime: UInt64 = 2_000_000_000

  /// Reads once: what does not fit into one read comes with the next turn.
  func receive() {
    switch state {
    case .answering, .sending, .following:
      if input.count >= Self.pipelineBytes || state == .following {
        return setInterest(interest.subtracting(.readable))
      }
    case .proxyHeader, .idle, .head, .body, .lingering: break
    case .closed: return
    }
    let count = unsafe recv(
      descriptor, &server.scratch, server.scratch.count, CInt(MSG_DONTWAIT))
    if count < 0 {
      if errno != EAGAIN && errno != EINTR { close(.clientLeft) }
      return
    }
    server.traffic.receivedBytes += count
    if count == 0 {
      // FIN: `ready` sees it as `peerClosed` only when nothing is readable beside it.
      return state == .sending ? halfClosed() : close(.clientLeft)
    }
    if state == .lingering {
      bytesSent += count
      if bytesSent > Self.lingerBytes { close(.closed) }
      return
    }
    input.append(contentsOf: server.scratch[..<count])
    switch state {
    case .proxyHeader, .idle, .head, .body: proceed()
    case .answering, .sending, .following, .lingering, .closed: break
    }
  }

  private func halfClosed() {
    keepsAlive = false
    setInterest(interest.subtracting([.readable, .peerClosed]))
  }

  /// Requests of one connection that are taken in one turn: others wait behind it.
  private static let requestsPerTurn = 16

  /// Takes as many requests from the input as can be answered at once, and the rest in turns to
  /// come: until then no more is read.
  func proceed() {
    guard !isPostponed else { return }
    isProceeding = true
    defer { isProceeding = false }
    if turnOfRequests != loop.turns { (turnOfRequests, requestsTaken) = (loop.turns, 0) }
    while !input.isEmpty {
      switch state {
      case .proxyHeader:
        guard readProxyHeader() else { return }
      case .idle:
        guard requestsTaken < Self.requestsPerTurn else { return postpone() }
        requestsTaken += 1
        state = .head
        (isHead, isHTTP10, bytesSent) = (false, false, 0)
        arm(server.isDraining ? Self.lastRequestTime : server.limits.headTimeout)
      case .head:
        guard readHead() else { return }
      case .body:
        guard readBody() else { return }
      case .answering, .sending, .following, .lingering, .closed:
        return
      }
    }
  }

  private func postpone() {
    isPostponed = true
    setInterest(interest.subtracting([.readable, .peerClosed]))
    server.postpone(self)
  }

  /// The next turn has come.
  func goOn() {
    guard isPostponed, state != .closed else { return }
    isPostponed = false
    setInterest(interest.union([.readable, .peerClosed]))
    proceed()
  }

  /// True when the first request may be read.
  private func readProxyHeader() -> Bool {
    do {
      // A span of a copy: one of a class's own property would not outlast the call.
      let bytes = input
      guard let read = try server.service.proxyHeader(bytes.span, from: peer) else { return false }
      proxyHeaderRead(read.client)
      input.removeFirst(read.consumed)
      return true
    } catch {
      server.refusedProxyHeaders += 1
      close(.closed)
      return false
    }
  }

  /// True when the state has changed.
  private func readHead() -> Bool {
    let status: ParseStatus
    do {
      let bytes = input
      status = try reading.parser.parse(bytes.span)
    } catch {
      refuse(RequestFault(status: error.status, reason: "\(error)"))
      return false
    }
    guard case .complete(let consumed) = status else { return false }
    keepsAlive = reading.parser.head.keepAlive && !server.isDraining
    isHead = reading.parser.head.method == .head
    isHTTP10 = reading.parser.head.minorVersion == 0
    let request = input
    let verdict = server.service.admit(reading.parser.head, request.span, on: self)
    do {
      switch verdict {
      case .refuse(let response):
        refuse(response, unread: reading.parser.head.framing, from: consumed)
        return state == .idle
      case .proceed(let limit):
        reading.body = try BodyReader(reading.parser.head.framing, start: consumed, limit: limit)
      }
    } catch {
      refuse(error)
      return false
    }
    state = .body
    arm(server.isDraining ? Self.lastRequestTime : server.limits.bodyTimeout)
    if reading.parser.head.expectsContinue, !isHTTP10, input.count == consumed { sayContinue() }
    return readBody()
  }

  /// True when a request was handed over.
  private func readBody() -> Bool {
    guard state == .body else { return false }
    let end: Int
    do {
      let bytes = input
      guard let found = try reading.body.advance(bytes.span) else {
        if reading.body.dropsDecodedInput {
          // The head's ranges must stay valid: only what lies behind it goes.
          input.removeLast(input.count - reading.body.start)
          reading.body.inputWasCut()
        }
        if !server.isDraining { arm(server.limits.bodyTimeout) }
        return false
      }
      end = found
    } catch {
      refuse(error)
      return false
    }
    state = .answering
    disarm()
    // The request is taken out first: the service may answer, follow or close before it returns.
    let request = input
    let head = reading.parser.head
    let reader = reading.body
    startOver(with: request[end...])
    reader.withBody(request.span) { body in
      server.service.serve(head, request.span, body: body, on: self)
    }
    return state == .idle
  }

  /// What follows a request is the beginning of the next.
  private func startOver(with rest: ArraySlice<UInt8>) {
    input = Array(rest)
    reading.parser.reset()
    reading.body = .none
  }

  // MARK: Refusing

  /// Answers bad input and closes behind the answer: where the next request would begin is unknown.
  func refuse(_ fault: RequestFault) {
    let request = input
    let path = request.span.extracting(reading.parser.pathSoFar(in: request.span))
    var response = server.service.refusal(fault, path: path, on: self)
    response.closes = true
    startOver(with: [])
    state = .answering
    respond(response)
  }

  /// Refuses on the head alone. A short body that is here already is stepped over; otherwise the
  /// connection closes rather than read what nobody wants.
  private func refuse(_ response: Response, unread framing: BodyFraming, from start: Int) {
    var response = response
    var end = start
    switch framing {
    case .none: break
    case .length(let count) where input.count - start >= count: end = start + count
    case .length, .chunked: response.closes = true
    }
    state = .answering
    disarm()
    startOver(with: response.closes ? [] : input[end...])
    respond(response)
  }

  /// After a refusal: no more answers, but the client's bytes are read away for a moment, since
  /// closing over unread ones sends a reset that can overtake what we said (RFC 9112, section 9.6).
  func linger() {
    state = .lingering
    bytesSent = 0
    Glibc.shutdown(descriptor, CInt(SHUT_WR))
    setInterest([.readable, .peerClosed])
    arm(Self.lingerTime)
  }
}
