import LoadGeneration

/// `deltaload fanout`.
enum FanoutCommand {
  static let summary = """
    Has many subscribers read one stream, or a few, which is written by --publish (one POST for each
    event) or started by --trigger (one POST for each stream). {i} in a --subscribe URL becomes the
    subscriber's number, {id} the stream's id as the trigger's answer tells it.
    """
  static let options =
    [
      Option("--subscribe", "URL", "what subscribers read; repeatable, taken in turn"),
      Option("--subscribers", "N", "how many (100)"),
      Option("--publish", "URL", "POST stamped events there"),
      Option("--publish-header", "'K: V'", "a header field for publications; repeatable"),
      Option("--rate", "R", "publications a second; 0 goes on when readers have caught up (0)"),
      Option("--count", "N", "publications (100)"),
      Option("--window", "N", "publications ahead of the readers at rate 0 (64)"),
      Option("--size", "BYTES", "of a publication (250)"),
      Option("--trigger", "URL", "POST there to start a stream"),
      Option("--trigger-body", "JSON", "what is posted"),
      Option("--trigger-key", "KEY", "as Authorization: Bearer"),
      Option("--streams", "K", "streams to start; subscribers are spread over them (1)"),
      Option("--expect-events", "N", "stamped events that every subscriber should get"),
      Option("--backlog", "N", "let N events be written first, then come back behind the first"),
      Option("--settle", "D", "between the last connection and the first event (1.5s)"),
    ] + SharedOptions.options

  static func run(_ arguments: Arguments) throws -> Int32 {
    let common = try SharedOptions(arguments)
    var targets: [Target] = []
    for url in arguments.all("--subscribe") { targets.append(try Target(url)) }
    guard !targets.isEmpty else { throw UsageError("--subscribe is missing") }
    var fanout = FanoutRun(subscribe: targets)
    fanout.load = common.load
    fanout.fields = common.fields
    fanout.subscribers = try arguments.integer("--subscribers", in: 1...1_000_000) ?? 100
    fanout.streams = try arguments.integer("--streams", in: 1...100_000) ?? 1
    fanout.expectedEvents = try arguments.integer("--expect-events", in: 0...10_000_000)
    fanout.backlog = try arguments.integer("--backlog", in: 2...10_000_000)
    fanout.settleSeconds = try arguments.seconds("--settle", in: 0...3600) ?? 1.5
    try setPublishing(&fanout, arguments)
    try setTrigger(&fanout, arguments, common)
    guard fanout.publish != nil || fanout.trigger != nil else {
      throw UsageError("--publish or --trigger is needed: somebody must write")
    }
    guard fanout.publish == nil || fanout.trigger == nil else {
      throw UsageError("--publish and --trigger do not go together")
    }
    var outcome = try fanout.run(Console.show)
    outcome.settings = [
      ("subscribe", arguments.all("--subscribe").joined(separator: " ")),
      ("subscribers", "\(fanout.subscribers)"), ("streams", "\(fanout.streams)"),
      ("source", fanout.publish == nil ? "trigger" : "publish"),
      ("threads", "\(common.load.threads)"),
    ]
    return common.conclude(outcome)
  }

  private static func setPublishing(_ fanout: inout FanoutRun, _ arguments: Arguments) throws {
    fanout.publish = try arguments.text("--publish").map { try Target($0) }
    let rate = try arguments.number("--rate", in: 0...1_000_000) ?? 0
    fanout.rate = rate > 0 ? rate : nil
    fanout.count = try arguments.integer("--count", in: 1...10_000_000) ?? 100
    fanout.window = try arguments.integer("--window", in: 1...100_000) ?? 64
    fanout.payloadBytes = try arguments.integer("--size", in: 1...1 << 20) ?? 250
    fanout.publishFields = try SharedOptions.fields(arguments, "--publish-header")
  }

  static func setTrigger(
    _ fanout: inout FanoutRun, _ arguments: Arguments, _ common: SharedOptions
  ) throws {
    guard let url = try arguments.text("--trigger") else { return }
    let target = try Target(url)
    var fields = common.fields
    if let key = try arguments.text("--trigger-key") {
      fields.append(("Authorization", "Bearer \(key)"))
    }
    fanout.trigger = target
    fanout.triggerRequest = RequestTemplate(
      "POST", target, fields: fields, body: try arguments.text("--trigger-body") ?? "{}")
  }
}
