// What the dashboard shows, as an event stream: the daemon's figures and its live streams, once a
// second, for the readers that came to this loop.
//
// It is a rendering like any other: its readers are followers, and cost a socket and an offset.
//
// Rules: without readers there is nothing, no rendering, no timer, no question to other loops. Who
// comes joins at the newest event. A rendering that is full is closed, and its memory goes with the
// last that reads it; readers come back, are asked again who they are, and join the next one. While
// the daemon ends a rendering has one event: whoever looks sees how far the end has come, and holds
// up nothing.
//
// It belongs to its loop's thread. It counts nothing: its figures are those of `/metrics`.

internal import ClientAPIs
internal import Downstream
internal import EventLoop
internal import HTTPWire
internal import JSONWire
internal import StreamLog

final class DashboardFeed {
  /// Nanoseconds from one event to the next.
  private static let interval: UInt64 = 1_000_000_000
  /// How long a loop may take to say how it does. One that does not is missing in the event, and is
  /// down in its figures.
  private static let patience: UInt64 = 900_000_000
  /// Of one rendering: five minutes, or as much as many live streams take.
  private static let maximumEvents = 300
  private static let maximumBytes = 1 << 20

  private unowned let worker: Worker
  private var current: (rendering: Rendering, audience: Audience)?
  private var timer: Timer?
  private var isAsking = false

  init(_ worker: Worker) {
    self.worker = worker
  }

  /// Framed by the connection's end, over any version of HTTP: nothing comes behind it.
  static let key = RenderingKey(format: .events, isChunked: false)

  /// - Parameter head: With what stands before the first event.
  func join(_ connection: Connection, _ head: Response) {
    let (rendering, audience) = current ?? begin()
    let past = max(0, rendering.events - 1)
    guard let offset = rendering.offset(after: past) else { return }
    connection.follow(
      head, framing: .untilClose,
      from: Cursor(rendering, at: offset, skippingOptional: false), after: past, in: audience)
    worker.flush(unlisted: audience)
  }

  /// What is read now ends here.
  func close() {
    guard let (rendering, audience) = current else { return }
    stop()
    rendering.close()
    rendering.publish()
    worker.flush(unlisted: audience)
  }

  private func begin() -> (Rendering, Audience) {
    let rendering = Rendering(budget: worker.shared.budget)
    let audience = worker.makeAudience(rendering, Self.key)
    audience.whenEmpty = { [unowned self, unowned audience] in
      if self.current?.audience === audience { self.stop() }
    }
    current = (rendering, audience)
    timer = Timer { [unowned self] in self.ask() }
    ask()
    return (rendering, audience)
  }

  private func stop() {
    if let timer { worker.loop.disarm(timer) }
    timer = nil
    current = nil
  }

  private func ask() {
    if let timer { worker.loop.arm(timer, at: worker.loop.now &+ Self.interval) }
    guard !isAsking else { return }
    isAsking = true
    worker.poll(within: Self.patience, listing: true) { [self] reports in
      isAsking = false
      append(reports)
    }
  }

  private func append(_ reports: [LoopReport]) {
    guard let (rendering, audience) = current else { return }
    rendering.append(event(reports).span)
    rendering.endEvent()
    if worker.isDraining || rendering.events >= Self.maximumEvents
      || rendering.written >= Self.maximumBytes
    {
      return close()
    }
    rendering.publish()
    worker.flush(unlisted: audience)
  }

  private func event(_ reports: [LoopReport]) -> [UInt8] {
    let now = worker.loop.now
    let page = MetricsPage(reports, worker.configuration, worker.shared, now: now)
    var newest = Newest<LiveStream>(LiveStream.limit)
    for report in reports {
      for stream in report.newest { newest.offer(stream, stream.startedAt) }
    }
    let streams = newest.take()
    var json = JSONWriter(appendingTo: Array("data: ".utf8))
    json.beginObject()
    json.key("time")
    json.integer(Int(WallClock.milliseconds))
    json.key("state")
    json.string(worker.readiness.rawValue)
    json.key("loop")
    json.integer(worker.loop.index)
    json.key("streams")
    json.beginArray()
    for stream in streams { stream.write(to: &json, now: now) }
    json.endArray()
    json.key("moreStreams")
    json.integer(max(0, page.sum(\.liveStreams) - streams.count))
    json.key("metrics")
    var object = MetricsObject(in: json)
    page.write(to: &object)
    json = object.finish()
    json.endObject()
    return json.bytes + [10, 10]
  }
}

extension Worker {
  /// `GET /dashboard/events`
  func watchDashboard(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    guard mayKnow(head, bytes, connection, record) else {
      return respond(
        connection, record,
        Failure(
          .forbidden, "the dashboard is for \(Self.whoMayKnow)"))
    }
    let format = DashboardFeed.key.format
    var response = Response(status: 200)
    response.add("Content-Type", format.contentType.description)
    response.add("Cache-Control", "no-store, no-transform")
    response.add("X-Accel-Buffering", "no")
    format.appendReturn(after: WireFormat.usualReturn, to: &response.body)
    response = stamped(response, record)
    if connection.asksForHead { return connection.respondHead(response, framing: .untilClose) }
    dashboard.join(connection, response)
  }

  /// Who has not taken the end at once does not hold up the daemon's.
  func endDashboard() {
    dashboard.close()
    server.closeAll { ($0.exchange as? RequestRecord)?.endpoint == .dashboardEvents }
  }

  /// Sends what the readers of no stream have not read yet.
  func flush(unlisted audience: Audience) {
    var delivery = audience.flush()
    delivery.events = 0
    figures.count(delivery)
  }
}
