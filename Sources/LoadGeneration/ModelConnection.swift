internal import EventLoop
internal import Glibc
internal import HTTPWire

/// One client of the mock model.
final class ModelConnection: ReadinessHandler {
  private static let requestBytes = 8 << 20

  private unowned let model: ModelLoop
  private let socket: Descriptor
  private var watch = Watch.none
  private var isOpen = true
  private var closesAfter = false

  /// Bytes of requests that are not served yet.
  private var input: [UInt8] = []
  /// What the socket did not take.
  private var unsent: [UInt8] = []
  private var unsentFrom = 0

  /// The next step of the answer under way; nil between answers.
  private var step: Int?
  private var isRaw = false
  private var due: UInt64 = 0
  /// It is in one of the model's queues.
  private var isQueued = false

  init(_ socket: consuming Descriptor, model: ModelLoop) {
    self.socket = socket
    self.model = model
  }

  func begin() {
    var one: CInt = 1
    let size = socklen_t(MemoryLayout<CInt>.size)
    unsafe setsockopt(socket.number, CInt(IPPROTO_TCP), TCP_NODELAY, &one, size)
    do throws(SystemError) {
      watch = try model.loop.watch(
        socket.number, for: [.readable, .peerClosed], handler: self)
    } catch {
      isOpen = false
    }
  }

  private func close() {
    guard isOpen else { return }
    isOpen = false
    step = nil
    // The loop's hold ends here; with the last queue's the descriptor closes.
    model.loop.unwatch(watch)
    shutdown(socket.number, CInt(SHUT_RDWR))
  }

  func ready(_ readiness: Readiness) {
    guard isOpen else { return }
    if !readiness.isDisjoint(with: .failed) { return close() }
    if readiness.contains(.readable) {
      let count = model.scratch.receive(from: socket.number) { bytes in
        input.reserveCapacity(input.count + bytes.count)
        for index in 0..<bytes.count { input.append(bytes[index]) }
      }
      if count == 0 || (count < 0 && count != -Int(EAGAIN)) { return close() }
      guard input.count <= Self.requestBytes else { return close() }
      serve()
    } else if readiness.contains(.peerClosed) {
      return close()
    }
    if readiness.contains(.writable) { flush() }
  }

  // MARK: Requests

  private func serve() {
    while isOpen, step == nil, !input.isEmpty {
      guard let length = serveOne() else { return }
      if length == input.count {
        input = []
      } else {
        input.removeFirst(length)
      }
    }
  }

  /// The length of the request that was served; nil when it is not all there, or no request.
  private func serveOne() -> Int? {
    var parser = RequestHeadParser(limits: HeadLimits())
    let request = input
    do {
      guard case .complete(let start) = try parser.parse(request.span) else { return nil }
      var body = 0..<0
      var decoded: [UInt8]?
      var length = start
      switch parser.head.framing {
      case .none: break
      case .length(let count):
        guard request.count >= start + count else {
          return goOn(parser.head, hasBody: request.count > start)
        }
        length += count
        body = start..<length
      case .chunked:
        var decoder = ChunkedBodyDecoder(limits: ChunkedBodyLimits(bodyBytes: Self.requestBytes))
        var bytes: [UInt8] = []
        let status = try decoder.decode(request.span.extracting(start..<request.count)) { piece in
          for index in 0..<piece.count { bytes.append(piece[index]) }
        }
        guard case .complete(let count) = status else {
          return goOn(parser.head, hasBody: request.count > start)
        }
        length += count
        decoded = bytes
      }
      isRaw = parser.head.minorVersion == 0
      closesAfter = !parser.head.keepAlive || isRaw
      answer(parser.head.method == .post, Array(decoded ?? Array(request[body])))
      return length
    } catch {
      close()
      return nil
    }
  }

  private func goOn(_ head: RequestHead, hasBody: Bool) -> Int? {
    if head.expectsContinue, !hasBody { send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
    return nil
  }

  private func answer(_ isPost: Bool, _ body: [UInt8]) {
    guard isPost else {
      send(ModelText.json(ModelText.models, closes: closesAfter))
      return finish()
    }
    let now = EventLoop.clock
    guard Self.wantsStream(body) else {
      send(ModelText.wholeAnswer(now: now, closes: closesAfter))
      return finish()
    }
    step = 0
    due = now
    send(ModelText.streamHead(isRaw: isRaw))
    queue()
  }

  /// Whether `"stream":true` stands in the body. Text that quotes it would be believed.
  static func wantsStream(_ body: [UInt8]) -> Bool {
    let name = Array(#""stream""#.utf8)
    guard body.count > name.count else { return false }
    for start in 0..<(body.count - name.count)
    where body[start] == name[0] && body[start...].starts(with: name) {
      let rest = body[(start + name.count)...].drop { $0 == 0x20 || $0 == UInt8(ascii: ":") }
      return rest.starts(with: "true".utf8)
    }
    return false
  }

  private func finish() {
    step = nil
    if closesAfter, unsent.isEmpty { close() }
  }

  // MARK: Streams

  private func queue() {
    guard isOpen, !isQueued, unsent.isEmpty, step != nil else { return }
    isQueued = true
    if model.settings.interval == 0, model.settings.delay == 0 {
      model.wait(self)
    } else {
      model.wait(self, until: due)
    }
  }

  /// The stream's turn: at most so many writes.
  func write(atMost limit: Int) {
    isQueued = false
    let settings = model.settings
    let text = isRaw ? model.raw : model.chunked
    for _ in 0..<limit {
      guard isOpen, unsent.isEmpty, let first = step else { return }
      let now = EventLoop.clock
      if due > now { break }
      // The role is a write of its own where time passes behind it.
      let count = first == 0 && settings.delay > 0 ? 1 : settings.burst
      let end = min(first + count, text.steps)
      model.output.removeAll(keepingCapacity: true)
      for step in first..<end { text.append(step: step, now: now, to: &model.output) }
      if first == 0, settings.delay > 0 {
        due = now + settings.delay
      } else if settings.interval > 0 {
        // What closes the answer follows the last delta without a pause.
        due = end > text.deltas ? now : due + settings.interval
      }
      step = end
      send(model.output)
      if end == text.steps {
        finish()
        return serve()
      }
    }
    queue()
  }

  private func send(_ bytes: [UInt8]) {
    guard isOpen else { return }
    guard unsent.isEmpty else { return unsent += bytes }
    let count = transmit(bytes, from: 0)
    guard count < bytes.count, isOpen else { return }
    unsent = Array(bytes[count...])
    unsentFrom = 0
    model.loop.change(watch, to: [.readable, .writable, .peerClosed])
  }

  private func transmit(_ bytes: [UInt8], from start: Int) -> Int {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(
        socket.number, $0.baseAddress?.advanced(by: start), $0.count - start,
        CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
    }
    if count >= 0 { return count }
    if errno != EAGAIN { close() }
    return 0
  }

  private func flush() {
    unsentFrom += transmit(unsent, from: unsentFrom)
    guard isOpen, unsentFrom == unsent.count else { return }
    unsent = []
    model.loop.change(watch, to: [.readable, .peerClosed])
    if step != nil {
      queue()
    } else if closesAfter {
      close()
    } else {
      serve()
    }
  }
}
