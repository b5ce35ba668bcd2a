import LoadGeneration

/// `deltaload relay`.
enum RelayCommand {
  static let summary = """
    Asks for answers on many connections and reads them, again and again. A request that is open
    when the time is over is dropped, not counted.
    """
  static let options =
    [
      Option("--url", "URL", "where requests go (http:// only)"),
      Option("-c", "N", "connections (64)"),
      Option("-t", "D", "how long to measure (5s)"),
      Option("--warm", "D", "how long to run before (1s)"),
      Option("--api", "NAME", "completions, widget or agents (completions)"),
      Option("--no-stream", nil, "ask for plain JSON"),
      Option("--model", "NAME", "the model to ask for (mock-model)"),
      Option("--key", "KEY", "in the field that the API has for it"),
      Option("--body", "FILE", "send this; {session} in it becomes a new word each time"),
      Option("--rate", "R", "requests a second by schedule, in place of asking when answered"),
      Option("--expected-interval", "D", "correct a closed loop's ttfe: see ttfe_corrected"),
      Option("--expect-events", "N", "stamped events that every answer should have"),
      Option("--hold", "D", "open all, wait for the first event of each, hold them so long"),
    ] + SharedOptions.options

  static func run(_ arguments: Arguments) throws -> Int32 {
    let common = try SharedOptions(arguments)
    let target = try Target(try arguments.required("--url"))
    let streaming = !arguments.has("--no-stream")
    let request = try Question(arguments, streaming: streaming).template(to: target, common)
    var relay = RelayRun(target: target, request: request)
    relay.load = common.load
    relay.streaming = streaming
    relay.connections = try arguments.integer("-c", in: 1...1_000_000) ?? 64
    relay.seconds = try arguments.seconds("-t", in: 0.01...86_400) ?? 5
    relay.warmSeconds = try arguments.seconds("--warm", in: 0...3600) ?? 1
    relay.rate = try arguments.number("--rate", in: 0.001...10_000_000)
    relay.expectedEvents = try arguments.integer("--expect-events", in: 0...10_000_000)
    relay.holdSeconds = try arguments.seconds("--hold", in: 0.01...86_400)
    relay.expectedInterval = try arguments.seconds("--expected-interval", in: 1e-6...3600)
      .map { UInt64($0 * 1e9) }
    guard relay.rate == nil || relay.holdSeconds == nil else {
      throw UsageError("--rate and --hold do not go together")
    }
    var outcome = try relay.run(Console.show)
    outcome.settings = [
      ("url", try arguments.required("--url")), ("connections", "\(relay.connections)"),
      ("api", try arguments.text("--api") ?? "completions"), ("streaming", "\(streaming)"),
      ("rate", relay.rate.map { "\($0)/s" } ?? "closed loop"),
      ("threads", "\(common.load.threads)"),
    ]
    return common.conclude(outcome)
  }
}

/// What is asked, as the options say it.
struct Question {
  let api: ClientAPI
  let streaming: Bool
  let model: String
  let key: String?
  var body: String?

  init(_ arguments: Arguments, streaming: Bool) throws(UsageError) {
    self.streaming = streaming
    let name = try arguments.text("--api") ?? "completions"
    guard let api = ClientAPI(rawValue: name) else {
      let known = ClientAPI.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("--api \(name): there are \(known)")
    }
    self.api = api
    model = try arguments.text("--model") ?? "mock-model"
    guard !model.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) else {
      throw UsageError("--model \(model): no quotes and control characters")
    }
    key = try arguments.text("--key")
    if let file = try arguments.text("--body") {
      guard let text = Console.read(file) else {
        throw UsageError("--body \(file): cannot be read")
      }
      body = text
    } else {
      body = nil
    }
  }

  func template(to target: Target, _ common: SharedOptions) -> RequestTemplate {
    .question(
      api, to: target, streaming: streaming, model: model, key: key, body: body,
      fields: common.fields)
  }
}
