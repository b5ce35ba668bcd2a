import TestSupport
import Testing

/// What a test's daemon is configured with; the rest is the daemon's own default.
struct Configuration {
  var listen = ["127.0.0.1:0"]
  /// A daemon that a test ends must not wait for what the test has left behind.
  var timeouts = ["shutdown": "0s", "release": "0s"]
  var upstreams = [#"{ name: "demo", kind: "demo", pace: "0s" }"#]
  var models = [#"{ id: "demo", upstream: "demo" }"#]
  /// Further sections.
  var more = ""

  init() {}

  /// Every model is one of the scripted model's.
  init(_ model: ScriptedModel) {
    upstreams = [model.upstream()]
    models = [#"{ id: "*", upstream: "scripted" }"#]
  }

  var text: String {
    """
    {
      listen: [\(listen.map { "\"\($0)\"" }.joined(separator: ", "))],
      timeouts: { \(timeouts.map { "\($0.key): \"\($0.value)\"" }.joined(separator: ", ")) },
      upstreams: [\(upstreams.joined(separator: ", "))],
      models: [\(models.joined(separator: ", "))],
      \(more)
    }
    """
  }
}

/// Runs `body` with a daemon of its own, which must then end when it is told to: with status 0, or
/// 3 where the test has left something running.
func withDaemon(
  _ configuration: Configuration = Configuration(), in folder: TemporaryFolder? = nil,
  environment: [String: String?] = [:], _ body: (Daemon) throws -> Void
) throws {
  let daemon = try Daemon(configuration.text, in: folder, environment: environment)
  try DaemonLog.$current.withValue(daemon.standardError) {
    try body(daemon)
    daemon.terminate()
    #expect([0, 3].contains(try daemon.exitStatus()))
  }
}

/// Starts a daemon that cannot start, and returns what it says.
func refusedStart(
  _ configuration: Configuration, in folder: TemporaryFolder
) throws -> ChildProcess.Ended {
  let file = try folder.write(configuration.text, to: "refused.json5")
  return try ChildProcess.deltad(["serve", "--config", file])
}

/// The log of the daemon that the current test runs, shown with whatever fails in it.
enum DaemonLog {
  @TaskLocal static var current: TextFile?
}

extension Trait where Self == IssueHandlingTrait {
  /// Puts the end of the daemon's log behind every failure.
  static var showsLog: Self {
    .compactMapIssues { issue in
      guard let log = DaemonLog.current else { return issue }
      var issue = issue
      let lines = log.text.split(separator: "\n").suffix(12)
      let comment = Comment(rawValue: "the daemon's log:\n\(lines.joined(separator: "\n"))")
      // The trait of a suite is asked again for each of its tests.
      if !issue.comments.contains(comment) { issue.comments.append(comment) }
      return issue
    }
  }
}
