import LoadGeneration

/// `deltaload resume`.
enum ResumeCommand {
  static let summary = """
    Starts streams, and has readers whose connections break on purpose and who come back with
    Last-Event-ID. What each has got over all its connections must be exact: every event once, in
    order, with the end, and the same as a reader who never broke.
    """
  static let options =
    [
      Option("--trigger", "URL", "POST there to start a stream"),
      Option("--trigger-body", "JSON", "what is posted"),
      Option("--trigger-key", "KEY", "as Authorization: Bearer"),
      Option("--subscribe", "URL", "what readers read; {id} becomes the stream's id"),
      Option("--subscribers", "N", "readers who break (100), beside one a stream who does not"),
      Option("--breaks", "K", "of each reader's connections (5)"),
      Option("--streams", "K", "streams to start; readers are spread over them (1)"),
      Option("--expect-events", "N", "stamped events of a stream; breaks are spread over them"),
      Option("--seed", "N", "of the places to break at (1)"),
    ] + SharedOptions.options

  static func run(_ arguments: Arguments) throws -> Int32 {
    let common = try SharedOptions(arguments)
    let url = try arguments.required("--subscribe")
    guard url.contains(FanoutRun.identifier) else {
      throw UsageError("--subscribe \(url): {id} is missing")
    }
    let trigger = try Target(try arguments.required("--trigger"))
    var fields = common.fields
    if let key = try arguments.text("--trigger-key") {
      fields.append(("Authorization", "Bearer \(key)"))
    }
    let body = try arguments.text("--trigger-body") ?? "{}"
    var resume = ResumeRun(
      trigger: trigger,
      triggerRequest: RequestTemplate("POST", trigger, fields: fields, body: body),
      subscribe: try Target(url))
    resume.load = common.load
    resume.fields = common.fields
    resume.readers = try arguments.integer("--subscribers", in: 1...1_000_000) ?? 100
    resume.breaks = try arguments.integer("--breaks", in: 0...10_000) ?? 5
    resume.streams = try arguments.integer("--streams", in: 1...100_000) ?? 1
    resume.expectedEvents = try arguments.integer("--expect-events", in: 1...10_000_000)
    resume.seed = UInt64(try arguments.integer("--seed", in: 0...Int.max) ?? 1)
    var outcome = try resume.run(Console.show)
    outcome.settings = [
      ("subscribe", url), ("subscribers", "\(resume.readers)"), ("breaks", "\(resume.breaks)"),
      ("streams", "\(resume.streams)"), ("seed", "\(resume.seed)"),
    ]
    return common.conclude(outcome)
  }
}
