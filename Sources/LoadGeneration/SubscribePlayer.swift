internal import EventLoop
internal import Synchronization

/// One thread's subscribers: each reads one stream from where it is told, to its end.
final class SubscribePlayer: LoopPlayer, ConnectionOwner {
  struct Plan: Sendable {
    var load: LoadSettings
    var targets: [Target]
    var subscribers: Int
    var fields: [(name: String, value: String)]
    /// The streams' ids, taken in turn; empty when none is needed.
    var identifiers: [String]
    var startsAtZero: Bool
    var expectedEvents: Int?
    var lastEventID: String?
    /// Where the first subscriber writes down the first stamped event's id.
    var firstID: FirstID?
  }

  let tally = Tally()
  private let plan: Plan
  private let context: ConnectionContext
  private let verdict: Verdict
  private var connections: [ClientConnection] = []
  private var ramp: Ramp?

  init(_ plan: Plan, loop: EventLoop, thread: Int) throws(SystemError) {
    self.plan = plan
    context = ConnectionContext(loop: loop, tally: tally)
    verdict = Verdict(streaming: true, expectedEvents: plan.expectedEvents)
    let threads = plan.load.threads
    let share = (plan.subscribers - thread + threads - 1) / threads
    connections.reserveCapacity(share)
    ramp = try Ramp(
      0..<share, perSecond: Double(plan.load.rampPerSecond) / Double(threads), on: loop
    ) { [unowned self] index in
      subscribe(index * threads + thread)
    }
    if plan.firstID != nil { loop.atEndOfTurn { [unowned self] in tellFirstID() } }
  }

  func begin() {}

  func end() {
    for connection in connections {
      if connection.state == .body { verdict.countFaults(of: connection.check, in: tally) }
      connection.close()
    }
  }

  private func subscribe(_ index: Int) {
    var target = plan.targets[index % plan.targets.count]
    target.path = RequestTemplate.replace(FanoutRun.index, by: "\(index)", in: target.path)
    if !plan.identifiers.isEmpty {
      let identifier = plan.identifiers[index % plan.identifiers.count]
      target.path = RequestTemplate.replace(FanoutRun.identifier, by: identifier, in: target.path)
    }
    var fields = plan.fields
    fields.append(("Accept", "text/event-stream"))
    if let lastEventID = plan.lastEventID { fields.append(("Last-Event-ID", lastEventID)) }
    let request = RequestTemplate("GET", target, fields: fields)
    let connection = ClientConnection(
      index: index, target: target, source: plan.load.source(of: index), context: context,
      owner: self)
    connection.keepsPosition = plan.firstID != nil
    connections.append(connection)
    connection.ask(
      request.bytes(session: "load-\(index)"),
      check: StreamCheck(startsAtZero: plan.startsAtZero))
  }

  private func tellFirstID() {
    guard let identifier = connections.first?.firstStampedID, !identifier.isEmpty else { return }
    plan.firstID?.text.withLock { $0 = String(decoding: identifier, as: UTF8.self) }
  }

  func answerOpened(_ connection: ClientConnection) {}
  func firstEventCame(_ connection: ClientConnection) {}

  func answerEnded(_ connection: ClientConnection, _ end: AnswerEnd) {
    verdict.count(connection, end, in: tally)
  }
}
