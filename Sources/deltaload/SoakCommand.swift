import LoadGeneration

/// `deltaload soak`.
enum SoakCommand {
  static let summary = """
    Mixed load for hours, in rounds with a pause between: most clients read to the end, some want
    no stream, some leave in the middle. Memory, descriptors and gauges are sampled; it fails when
    memory grows.
    """
  static let options =
    [
      Option("--url", "URL", "where requests go (http:// only)"),
      Option("-c", "N", "connections (64)"),
      Option("--duration", "D", "how long, at most (2h)"),
      Option("--round", "D", "of one round (30s)"),
      Option("--pause", "D", "between two rounds (1s)"),
      Option("--sample", "D", "from one sample to the next (10s)"),
      Option("--gauges", "URL", "where gauges are read, in Prometheus' text format"),
      Option("--gauge", "NAME", "a family to sample; repeatable"),
      Option("--max-growth", "BYTES", "of RSS, from the first quarter to the last (16MB)"),
      Option("--api", "NAME", "completions, or agents (completions)"),
      Option("--model", "NAME", "the model to ask for (mock-model)"),
      Option("--key", "KEY", "in the field that the API has for it"),
      Option("--body", "FILE", "send this where a stream is asked for"),
      Option("--seed", "N", "of who does what (1)"),
    ] + SharedOptions.options

  static func run(_ arguments: Arguments) throws -> Int32 {
    let common = try SharedOptions(arguments)
    let url = try arguments.required("--url")
    let target = try Target(url)
    let streaming = try Question(arguments, streaming: true)
    guard streaming.api != .widget else {
      throw UsageError("--api widget: its streams have another URL than its plain answers")
    }
    var plain = try Question(arguments, streaming: false)
    plain.body = nil
    var soak = SoakRun(
      target: target, streaming: streaming.template(to: target, common),
      plain: plain.template(to: target, common))
    soak.load = common.load
    soak.connections = try arguments.integer("-c", in: 1...1_000_000) ?? 64
    soak.seconds = try arguments.seconds("--duration", in: 1...604_800) ?? 7200
    soak.roundSeconds = try arguments.seconds("--round", in: 0.1...86_400) ?? 30
    soak.pauseSeconds = try arguments.seconds("--pause", in: 0...3600) ?? 1
    soak.sampleSeconds = try arguments.seconds("--sample", in: 0.1...3600) ?? 10
    soak.gauges = try arguments.text("--gauges").map { try Target($0) }
    soak.gaugeNames = arguments.all("--gauge")
    soak.seed = UInt64(try arguments.integer("--seed", in: 0...Int.max) ?? 1)
    if let text = try arguments.text("--max-growth") {
      guard let bytes = Quantity.read(text, .bytes), bytes >= 0, bytes < 1e15 else {
        throw UsageError("--max-growth \(text): a size such as 16MB is needed")
      }
      soak.maximumGrowthBytes = Int(bytes)
    }
    guard soak.gauges == nil || !soak.gaugeNames.isEmpty else {
      throw UsageError("--gauges needs a --gauge NAME or several")
    }
    var outcome = try soak.run(Console.show)
    outcome.settings = [
      ("url", url), ("connections", "\(soak.connections)"),
      ("duration", Quantity.show(soak.seconds * 1e9, .time)), ("seed", "\(soak.seed)"),
    ]
    return common.conclude(outcome)
  }
}
