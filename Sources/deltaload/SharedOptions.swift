import LoadGeneration

/// The options that all scenarios have, and what is done with a run's outcome.
struct SharedOptions {
  static let options = [
    Option("--threads", "N", "threads, each with a loop of its own (1)"),
    Option("--sources", "A,B,…", "IPv4 addresses to come from, in turn"),
    Option("--pid", "P", "tell CPU and memory of this process and its descendants; repeatable"),
    Option("--ramp", "N", "connections opened in a second (20000)"),
    Option("--timeout", "D", "for what should happen soon, such as connecting (60s)"),
    Option("--header", "'K: V'", "a header field for every request; repeatable"),
    Option("--expect", "E", "a threshold: 'ttfe.p99<50ms'; repeatable, exit status 1 if missed"),
    Option("--allow-loss", nil, "lost, repeated and disordered events are no failure"),
    Option("--json", nil, "print one JSON object in place of the table"),
    Option("--report", "FILE", "write an HTML page with plots"),
    Option("--help", nil, "show this"),
  ]

  var load = LoadSettings()
  var fields: [(name: String, value: String)] = []
  let expectations: [Expectation]
  let allowsLoss: Bool
  let printsJSON: Bool
  let reportFile: String?

  init(_ arguments: Arguments) throws(UsageError) {
    load.threads = try arguments.integer("--threads", in: 1...64) ?? 1
    load.rampPerSecond = try arguments.integer("--ramp", in: 1...1_000_000) ?? 20_000
    load.timeoutSeconds = try arguments.seconds("--timeout", in: 0.1...86_400) ?? 60
    for list in arguments.all("--sources") {
      for text in list.split(separator: ",") {
        guard let address = Target.numeric(String(text)) else {
          throw UsageError("--sources \(text): not an IPv4 address")
        }
        load.sources.append(address)
      }
    }
    for text in arguments.all("--pid").flatMap({ $0.split(separator: ",") }) {
      guard let process = Int32(text), process > 0, ProcessUse.exists(process) else {
        throw UsageError("--pid \(text): no such process")
      }
      load.processes.append(process)
    }
    fields = try Self.fields(arguments, "--header")
    var expectations: [Expectation] = []
    for text in arguments.all("--expect") { expectations.append(try Expectation(text)) }
    self.expectations = expectations
    allowsLoss = arguments.has("--allow-loss")
    printsJSON = arguments.has("--json")
    reportFile = try arguments.text("--report")
  }

  static func fields(
    _ arguments: Arguments, _ option: String
  ) throws(UsageError) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    for field in arguments.all(option) {
      let parts = field.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, !parts[0].isEmpty, !field.utf8.contains(where: { $0 < 0x20 }) else {
        throw UsageError("\(option) \(field): a field is 'Name: value'")
      }
      fields.append((String(parts[0]), String(parts[1].drop { $0 == " " })))
    }
    return fields
  }

  /// Tells what was found. The exit status: 1 when something is not as it should be.
  func conclude(_ outcome: Outcome) -> Int32 {
    Console.clearProgress()
    var failures = outcome.failures
    if outcome.isLossy, !allowsLoss {
      failures.append("events were lost, came twice, or came in disorder")
    }
    failures += expectations.compactMap { $0.failure(in: outcome) }
    if printsJSON {
      Console.say(outcome.json(failures: failures))
    } else {
      Console.write(outcome.table(), to: 1)
    }
    for failure in failures { Console.complain(failure) }
    if let reportFile, !Console.save(outcome.html(failures: failures), to: reportFile) {
      Console.complain("--report \(reportFile): cannot be written")
      return 1
    }
    return failures.isEmpty ? 0 : 1
  }
}
