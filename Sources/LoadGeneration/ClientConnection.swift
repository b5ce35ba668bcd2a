// One client: a socket that asks, and reads the answer while it comes.
//
// It reads a head, takes the chunked coding off, finds the events, and checks each as it comes.
// Nothing is allocated for an event: bytes are looked at where the loop's scratch buffer has them,
// and only what straddles two reads is copied. What an answer means for the run (ask again, count,
// come back) is its owner's to say, who is told of beginnings and ends, not of events.

internal import EventLoop
internal import EventStream
internal import Glibc
internal import HTTPWire

/// How an answer came to its end.
enum AnswerEnd: Equatable {
  /// All of it came; whether it is right is in `check` and `status`.
  case complete
  /// The connection could not be opened; an errno value.
  case refused(CInt)
  /// The connection closed in the middle; an errno value, or 0 for the end of the stream.
  case reset(CInt)
  case malformed
  /// We closed it after the event that we were told to.
  case broken
}

protocol ConnectionOwner: AnyObject {
  /// The head of an answer has come, of any status.
  func answerOpened(_ connection: ClientConnection)
  func firstEventCame(_ connection: ClientConnection)
  /// The connection is closed then, or idle and may be given another request.
  func answerEnded(_ connection: ClientConnection, _ end: AnswerEnd)
}

/// What the connections of one loop share.
final class ConnectionContext {
  let loop: EventLoop
  let tally: Tally
  let scratch = Scratch()
  /// Bytes of one event; more is malformed.
  static let eventBytes = 1 << 20

  init(loop: EventLoop, tally: Tally) {
    self.loop = loop
    self.tally = tally
  }
}

final class ClientConnection: ReadinessHandler {
  enum State: Equatable {
    case closed, connecting, sending, head, body, idle
  }

  let index: Int
  private let context: ConnectionContext
  private unowned let owner: any ConnectionOwner
  private let target: Target
  /// The address to come from in network byte order; 0 leaves it to the kernel.
  private let source: UInt32

  private(set) var state = State.closed
  private var descriptor: CInt = -1
  private var watch = Watch.none

  private var request: [UInt8] = []
  private var sent = 0
  /// When the request was started, or should have been.
  private(set) var startedAt: UInt64 = 0
  /// It was started while the run was measured.
  private(set) var countsLatency = false

  private(set) var head = ResponseHead()
  private var chunks = ChunkedBodyDecoder()
  private var remaining = 0
  private var events = EventStreamParser(maximumEventBytes: ConnectionContext.eventBytes)
  /// The beginning of a head or line that is not all there.
  private var held: [UInt8] = []
  private var lastEventAt: UInt64 = 0
  private var failure: AnswerEnd?

  var check = StreamCheck(startsAtZero: true)
  /// Closes behind the event with this number, counted from 1; 0 for none.
  var breakAfter = 0
  /// Keeps `lastEventID`, and `check.hash`.
  var keepsPosition = false
  private(set) var lastEventID: [UInt8] = []
  /// Of the first stamped event.
  private(set) var firstStampedID: [UInt8] = []
  /// Keeps up to 1 MB of a body that is no stream.
  var keepsBody = false
  private(set) var body: [UInt8] = []
  /// What the owner likes to remember of the answer under way.
  var tag = 0

  private static let keptBodyBytes = 1 << 20

  init(
    index: Int, target: Target, source: UInt32, context: ConnectionContext,
    owner: any ConnectionOwner
  ) {
    self.index = index
    self.target = target
    self.source = source
    self.context = context
    self.owner = owner
  }

  deinit {
    if descriptor >= 0 { Glibc.close(descriptor) }
  }

  // MARK: Asking

  /// Starts a request, on the connection that there is or on a new one. `intended` is when it
  /// should have been started; latencies count from there.
  func ask(_ request: [UInt8], intended: UInt64? = nil, check: StreamCheck) {
    self.request = request
    self.check = check
    sent = 0
    body = []
    startedAt = intended ?? EventLoop.clock
    countsLatency = context.tally.measuring
    context.tally.counts.asked += 1
    if state == .idle { return send() }
    open()
  }

  private func open() {
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    descriptor = Glibc.socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { return finish(.refused(errno)) }
    var one: CInt = 1
    let size = socklen_t(MemoryLayout<CInt>.size)
    unsafe setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, size)
    if source != 0 {
      unsafe setsockopt(
        descriptor, CInt(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, &one, size)
      let bound = unsafe withAddress(source, 0) { unsafe bind(descriptor, $0, $1) }
      guard bound == 0 else { return finish(.refused(errno)) }
    }
    let answer = unsafe withAddress(target.address, target.port) {
      unsafe connect(descriptor, $0, $1)
    }
    guard answer == 0 || errno == EINPROGRESS else { return finish(.refused(errno)) }
    do throws(SystemError) {
      watch = try context.loop.watch(
        descriptor, for: [.readable, .writable, .peerClosed], handler: self)
      state = .connecting
    } catch {
      finish(.refused(error.code))
    }
  }

  private func withAddress(
    _ address: UInt32, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) -> CInt {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = address
    return unsafe withUnsafePointer(to: &name) { pointer in
      let generic = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      return unsafe body(generic, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }

  private func send() {
    while sent < request.count {
      let count = unsafe request.withUnsafeBytes { bytes in
        unsafe Glibc.send(
          descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent,
          CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
      }
      if count < 0 {
        guard errno == EAGAIN || errno == EINTR else { return finish(.reset(errno)) }
        state = .sending
        return context.loop.change(watch, to: [.readable, .writable, .peerClosed])
      }
      sent += count
    }
    beginReading()
    context.loop.change(watch, to: [.readable, .peerClosed])
  }

  private func beginReading() {
    state = .head
    failure = nil
    lastEventAt = 0
    held.removeAll(keepingCapacity: held.capacity <= 4096)
  }

  /// Closes it without a word; an answer under way is forgotten.
  func close() {
    guard descriptor >= 0 else { return }
    context.loop.unwatch(watch)
    Glibc.close(descriptor)
    descriptor = -1
    watch = .none
    state = .closed
    held = []
  }

  private func finish(_ end: AnswerEnd) {
    if end == .complete && !head.closes { state = .idle } else { close() }
    owner.answerEnded(self, end)
  }

  // MARK: Reading

  func ready(_ readiness: Readiness) {
    switch state {
    case .closed: return
    case .connecting, .sending:
      if !readiness.isDisjoint(with: .failed) {
        return finish(state == .connecting ? .refused(pendingError()) : .reset(pendingError()))
      }
      if readiness.contains(.writable) { send() }
    case .head, .body, .idle: receive()
    }
  }

  private func pendingError() -> CInt {
    var code: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
    return code
  }

  private func receive() {
    let count = context.scratch.receive(from: descriptor) { bytes in
      context.tally.counts.reads += 1
      context.tally.counts.bytes += bytes.count
      let now = EventLoop.clock
      if let end = take(bytes, now) { ended(end, now) }
    }
    if count > 0 || count == -Int(EAGAIN) || count == -Int(EINTR) { return }
    switch state {
    case .idle: close()
    case .body where count == 0 && head.framing == .untilClose: ended(.complete, EventLoop.clock)
    default: finish(.reset(CInt(-count)))
    }
  }

  private func ended(_ end: AnswerEnd, _ now: UInt64) {
    if end == .complete, countsLatency, context.tally.measuring {
      context.tally.latencies.duration.record(now &- min(startedAt, now))
    }
    finish(end)
  }

  /// Reads on; what the answer's end is when it is there.
  private func take(_ bytes: Span<UInt8>, _ now: UInt64) -> AnswerEnd? {
    switch state {
    case .body: return takeBody(bytes, now)
    case .head: return takeHead(bytes, now)
    default: return .malformed
    }
  }

  private func takeHead(_ bytes: Span<UInt8>, _ now: UInt64) -> AnswerEnd? {
    if held.isEmpty { return readHead(bytes, now, keepsRest: true) }
    append(bytes)
    var whole: [UInt8] = []
    swap(&whole, &held)
    let end = readHead(whole.span, now, keepsRest: false)
    if state == .head, end == nil { swap(&whole, &held) }
    return end
  }

  private func append(_ bytes: Span<UInt8>) {
    for index in 0..<bytes.count { held.append(bytes[index]) }
  }

  private func readHead(_ bytes: Span<UInt8>, _ now: UInt64, keepsRest: Bool) -> AnswerEnd? {
    do throws(ResponseHead.Refusal) {
      guard let (head, length) = try ResponseHead.read(bytes) else {
        if keepsRest { append(bytes) }
        return nil
      }
      let rest = bytes.extracting(length..<bytes.count)
      if head.status / 100 == 1 {
        return rest.isEmpty ? nil : readHead(rest, now, keepsRest: true)
      }
      self.head = head
      beginBody()
      if state != .body { return nil }
      if case .length(0) = head.framing { return .complete }
      return rest.isEmpty ? nil : takeBody(rest, now)
    } catch {
      return .malformed
    }
  }

  private func beginBody() {
    state = .body
    switch head.framing {
    case .length(let count): remaining = count
    case .chunked:
      chunks = ChunkedBodyDecoder(limits: ChunkedBodyLimits(bodyBytes: .max))
    case .untilClose: break
    }
    if head.content == .events {
      events = EventStreamParser(maximumEventBytes: ConnectionContext.eventBytes)
    }
    if head.status / 100 == 2 { context.tally.counts.opened += 1 }
    owner.answerOpened(self)
  }

  private func takeBody(_ bytes: Span<UInt8>, _ now: UInt64) -> AnswerEnd? {
    switch head.framing {
    case .length:
      guard bytes.count <= remaining else { return .malformed }
      remaining -= bytes.count
      takeContent(bytes, now)
      return failure ?? (remaining == 0 ? .complete : nil)
    case .untilClose:
      takeContent(bytes, now)
      return failure
    case .chunked:
      do throws(ChunkedBodyError) {
        let status = try chunks.decode(bytes) { takeContent($0, now) }
        if let failure { return failure }
        guard case .complete(let consumed) = status else { return nil }
        return consumed == bytes.count ? .complete : .malformed
      } catch {
        return .malformed
      }
    }
  }

  @inline(__always)
  private func takeContent(_ bytes: Span<UInt8>, _ now: UInt64) {
    guard failure == nil else { return }
    switch head.content {
    case .events:
      do throws(EventStreamError) {
        try events.consume(bytes) { fields, data in takeEvent(fields, data, now) }
      } catch {
        failure = .malformed
      }
    case .lines: takeLines(bytes, now)
    case .other:
      guard keepsBody || head.status / 100 != 2 else { return }
      for index in 0..<min(bytes.count, Self.keptBodyBytes - body.count) {
        body.append(bytes[index])
      }
    }
  }

  private func takeLines(_ bytes: Span<UInt8>, _ now: UInt64) {
    var start = 0
    for index in 0..<bytes.count where bytes[index] == UInt8(ascii: "\n") {
      let line = bytes.extracting(start..<index)
      if held.isEmpty {
        takeLine(line, now)
      } else {
        append(line)
        var whole: [UInt8] = []
        swap(&whole, &held)
        takeLine(whole.span, now)
      }
      start = index + 1
      if failure != nil { return }
    }
    guard held.count + bytes.count - start <= ConnectionContext.eventBytes else {
      failure = .malformed
      return
    }
    append(bytes.extracting(start..<bytes.count))
  }
}

// MARK: - Events

extension ClientConnection {
  @inline(__always)
  private func takeEvent(
    _ fields: borrowing EventFields, _ data: Span<UInt8>, _ now: UInt64
  ) -> EventDisposition {
    countEvent(now)
    if keepsPosition {
      lastEventID = fields.lastEventID
      check.addToHash(data)
    }
    if data.count == 6, Self.begins(data, "[DONE]") {
      check.end = .done
    } else if !fields.name.isEmpty, fields.name.elementsEqual("done".utf8) {
      check.end = .done
    } else if !fields.name.isEmpty, fields.name.elementsEqual("error".utf8) {
      check.end = .failed
    } else if Self.begins(data, #"{"error":"#) {
      check.end = .failed
    } else if takeStamp(data, now) {
      if keepsPosition, firstStampedID.isEmpty { firstStampedID = fields.lastEventID }
    } else if fields.idWasSet {
      check.takeID(fields.lastEventID)
    }
    return shallBreak ? .stop : .proceed
  }

  private func takeLine(_ line: Span<UInt8>, _ now: UInt64) {
    guard !line.isEmpty else { return }
    countEvent(now)
    if Self.begins(line, #"{"type":"done""#) {
      check.end = .done
    } else if Self.begins(line, #"{"type":"error""#) {
      check.end = .failed
    } else {
      _ = takeStamp(line, now)
    }
    _ = shallBreak
  }

  private var shallBreak: Bool {
    guard breakAfter > 0, check.events >= breakAfter else { return false }
    failure = .broken
    return true
  }

  @inline(__always)
  private func countEvent(_ now: UInt64) {
    let tally = context.tally
    tally.counts.events += 1
    check.countEvent()
    if lastEventAt == 0 {
      tally.counts.begun += 1
      if countsLatency, tally.measuring { tally.latencies.ttfe.record(now &- min(startedAt, now)) }
      owner.firstEventCame(self)
    } else if tally.measuring {
      tally.latencies.gap.record(now &- lastEventAt)
    }
    lastEventAt = now
  }

  @inline(__always)
  private func takeStamp(_ data: Span<UInt8>, _ now: UInt64) -> Bool {
    let tally = context.tally
    guard let stamp = Stamp.find(in: data, hint: &tally.stampHint) else { return false }
    tally.counts.stamped += 1
    if tally.measuring { tally.latencies.delivery.record(now > stamp.time ? now - stamp.time : 0) }
    check.takeNumber(stamp.number)
    return true
  }

  private static func begins(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
    guard bytes.count >= text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { letters in
      for index in 0..<letters.count where unsafe bytes[index] != letters[index] { return false }
      return true
    }
  }
}
