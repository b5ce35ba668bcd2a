// Who writes what subscribers read: by publications of its own, or by one request that makes a
// server write.

internal import EventLoop
internal import JSONWire
internal import Synchronization

/// How publishing goes on, for all threads.
final class PublishProgress: Sendable {
  let published = Atomic<Int>(0)
  let errors = Atomic<Int>(0)
  let isFinished = Atomic<Bool>(false)
}

/// Publishes stamped payloads one after the other, on one connection.
final class PublishPlayer: LoopPlayer, ConnectionOwner {
  struct Plan: Sendable {
    var target: Target
    var fields: [(name: String, value: String)]
    var count: Int
    /// A second; nil waits for the readers.
    var rate: Double?
    /// Publications ahead of the deliveries, where there is no rate.
    var window: Int
    var readers: Int
    var payloadBytes: Int
    /// What has been delivered so far, to all readers together.
    var delivered: @Sendable () -> Int
  }

  private static let maximumErrors = 20
  /// How often it is looked whether the readers have caught up.
  private static let look: UInt64 = 50_000

  let tally = Tally()
  private let plan: Plan
  private let progress: PublishProgress
  private let context: ConnectionContext
  private var connection: ClientConnection?
  private var alarm: Alarm?
  private var startedAt: UInt64 = 0
  private var sent = 0
  private let body: [UInt8]
  private let stampOffset: Int
  private let head: [UInt8]

  init(_ plan: Plan, _ progress: PublishProgress, loop: EventLoop) throws(SystemError) {
    self.plan = plan
    self.progress = progress
    context = ConnectionContext(loop: loop, tally: tally)
    let payload = Self.payload(plan.payloadBytes)
    body = payload.bytes
    stampOffset = payload.stampOffset
    let text = plan.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
    head = Array(
      ("POST \(plan.target.path) HTTP/1.1\r\nHost: \(plan.target.host)\r\n\(text)"
        + "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n").utf8)
    alarm = try Alarm(on: loop) { [unowned self] in publishIfDue() }
  }

  /// A chunk as models send it, filled up to a size.
  private static func payload(_ size: Int) -> (bytes: [UInt8], stampOffset: Int) {
    let begin =
      #"{"id":"chatcmpl-9f2c41d07ab84e6fb3a5","object":"chat.completion.chunk","#
      + #""created":1767225600,"model":"mock-model","choices":[{"index":0,"delta":{"content":""#
    let end = #""},"finish_reason":null}]}"#
    let filled = begin.utf8.count + Stamp.byteCount + end.utf8.count
    let filling = String(repeating: "x", count: max(0, size - filled - 1))
    return (Array("\(begin)\(Stamp.blank) \(filling)\(end)".utf8), begin.utf8.count)
  }

  func begin() {
    tally.measuring = true
    connection = ClientConnection(
      index: 0, target: plan.target, source: 0, context: context, owner: self)
    startedAt = EventLoop.clock
    publishIfDue()
  }

  func end() { connection?.close() }

  private func intended(_ number: Int) -> UInt64? {
    plan.rate.map { startedAt + UInt64(Double(number) * 1e9 / $0) }
  }

  private func publishIfDue() {
    guard sent < plan.count else { return finish() }
    let now = EventLoop.clock
    if let time = intended(sent) {
      if time > now { return alarm?.set(time) ?? () }
    } else if sent * plan.readers > plan.delivered() + plan.window * plan.readers {
      return alarm?.set(now + Self.look) ?? ()
    }
    // Stamped with the time that it was meant for: a publication that was held up is late.
    let time = intended(sent) ?? now
    var request = head + body
    Stamp(time: time, number: UInt32(sent)).write(into: &request, at: head.count + stampOffset)
    sent += 1
    connection?.ask(request, intended: time, check: StreamCheck(startsAtZero: true))
  }

  private func finish() {
    progress.isFinished.store(true, ordering: .releasing)
  }

  func answerOpened(_ connection: ClientConnection) {}
  func firstEventCame(_ connection: ClientConnection) {}

  func answerEnded(_ connection: ClientConnection, _ end: AnswerEnd) {
    let now = EventLoop.clock
    if Verdict(streaming: false).count(connection, end, in: tally) {
      tally.latencies.publish.record(now &- connection.startedAt)
      progress.published.add(1, ordering: .relaxed)
    } else if progress.errors.add(1, ordering: .relaxed).newValue > Self.maximumErrors {
      return finish()
    }
    // Not from within: a connection that is refused at once would go on for ever.
    alarm?.set(1)
  }
}

/// What requests that start streams have brought so far, for all threads.
final class TriggerProgress: Sendable {
  /// The streams' ids as they came, one for each request; empty for an answer without one.
  let identifiers = Mutex<[String]>([])
  let ended = Atomic<Int>(0)
}

/// Starts streams by one request each, and reads the answers to their ends.
final class TriggerPlayer: LoopPlayer, ConnectionOwner {
  struct Plan: Sendable {
    var target: Target
    var request: RequestTemplate
    var streams: Int
    /// The streams' ids are needed.
    var wantsIdentifiers: Bool
  }

  let tally = Tally()
  private let plan: Plan
  private let progress: TriggerProgress
  private let context: ConnectionContext
  private var connections: [ClientConnection] = []

  init(_ plan: Plan, _ progress: TriggerProgress, loop: EventLoop) {
    self.plan = plan
    self.progress = progress
    context = ConnectionContext(loop: loop, tally: tally)
  }

  func begin() {
    for index in 0..<plan.streams {
      let connection = ClientConnection(
        index: index, target: plan.target, source: 0, context: context, owner: self)
      connection.keepsBody = true
      connections.append(connection)
      connection.ask(
        plan.request.bytes(session: "load-\(index)-\(EventLoop.clock)"),
        check: StreamCheck(startsAtZero: true))
    }
  }

  func end() {
    for connection in connections { connection.close() }
  }

  func firstEventCame(_ connection: ClientConnection) {}

  func answerOpened(_ connection: ClientConnection) {
    guard connection.head.status / 100 == 2, !connection.head.streamID.isEmpty else { return }
    take(connection.head.streamID, from: connection)
  }

  private func take(_ identifier: String, from connection: ClientConnection) {
    connection.tag = 1
    progress.identifiers.withLock { $0.append(identifier) }
  }

  func answerEnded(_ connection: ClientConnection, _ end: AnswerEnd) {
    let isStream = connection.head.content != .other
    if Verdict(streaming: isStream).count(connection, end, in: tally),
      connection.tag == 0, plan.wantsIdentifiers
    {
      if let identifier = Self.identifier(in: connection.body) {
        take(identifier, from: connection)
      } else {
        tally.note("the trigger's answer names no stream: no X-Stream-Id, no \"id\"")
      }
    }
    progress.ended.add(1, ordering: .relaxed)
  }

  /// The member `id` of a JSON object.
  static func identifier(in body: [UInt8]) -> String? {
    var reader = JSONReader()
    let bytes = body.span
    do {
      try reader.beginObject(in: bytes)
      while let key = try reader.nextKey(in: bytes) {
        if key.equals("id", in: bytes), try reader.kind(in: bytes) == .string {
          return try reader.string(in: bytes).text(in: bytes)
        }
        _ = try reader.skipValue(in: bytes)
      }
    } catch {
      return nil
    }
    return nil
  }
}
