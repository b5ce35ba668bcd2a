import Configuration
import Glibc
import Relay

/// `deltad serve` and `deltad demo`: the daemon itself.
enum ServeCommand {
  static let serveUsage = """
    usage: deltad serve --config FILE

    Runs the relay as FILE says, in the foreground, and logs to standard error. SIGTERM or SIGINT
    ends it: no more is accepted, running answers come to their end or are told that the time is up.
    A second one hastens that. SIGHUP takes a changed FILE: all of it, or nothing when anything is
    wrong with it.

    Exit status: 0 it was told to stop, 1 it could not start, 2 wrong usage, 3 it was told to stop,
    but not every answer had come to its end in time.

    """

  static let demoUsage = """
    usage: deltad demo

    Runs the relay on 127.0.0.1:8080 with the built-in model, which needs no account and no network.

    """

  static func serve(arguments: [String]) -> Int32 {
    do throws(Arguments.Problem) {
      let arguments = try Arguments(arguments)
      if arguments.wantsHelp { return Command.print(serveUsage, to: STDOUT_FILENO, status: 0) }
      guard let file = arguments.configuration else {
        throw Arguments.Problem(message: "--config FILE is missing")
      }
      return serve(file: file)
    } catch {
      return Command.print(
        "deltad serve: \(error.message)\n\n" + serveUsage, to: STDERR_FILENO, status: 2)
    }
  }

  private static func serve(file: String) -> Int32 {
    do throws(ConfigurationProblems) {
      let (settings, secrets) = try read(file).get()
      let log = Log(settings.log)
      for warning in secrets.warnings {
        log.write(.warning, "configuration", [("problem", .text("\(warning)"))])
      }
      let isKept = settings.archive.file != nil || Secret.environment("STATE_DIRECTORY") != nil
      if !settings.agents.isEmpty && !isKept {
        log.write(
          .warning, "configuration",
          [("problem", .text("conversations end with the daemon: archive.file is not set"))])
      }
      return run(settings, secrets, reload: { read(file) }, log) { addresses in
        for address in addresses { log.write(.info, "listening", [("address", .text(address))]) }
      }
    } catch {
      return Command.print("\(error)\n", to: STDERR_FILENO, status: 1)
    }
  }

  @Sendable private static func read(
    _ file: String
  ) -> Result<(Settings, Secrets), ConfigurationProblems> {
    ConfigurationFile.load(path: file).flatMap { settings in
      Secrets.read(for: settings, file: file).map { (settings, $0) }
    }
  }

  static func demo(arguments: [String]) -> Int32 {
    if arguments == ["--help"] || arguments == ["-h"] {
      return Command.print(demoUsage, to: STDOUT_FILENO, status: 0)
    }
    guard arguments.isEmpty else {
      return Command.print(
        "deltad demo: takes no arguments\n\n" + demoUsage, to: STDERR_FILENO, status: 2)
    }
    let settings = Settings.demo
    return run(settings, Secrets(), reload: nil, Log(settings.log)) { addresses in
      _ = Command.print(invitation(addresses.first ?? ""), to: STDOUT_FILENO, status: 0)
    }
  }

  private static func run(
    _ settings: Settings, _ secrets: Secrets, reload: Relay.Reading?, _ log: Log,
    _ whenListening: ([String]) -> Void
  ) -> Int32 {
    do throws(StartError) {
      let outcome = try Relay.run(
        settings, secrets, log, reload: reload, whenListening: whenListening)
      return outcome == .cut ? 3 : 0
    } catch {
      log.write(.error, "start", [("error", .text("\(error)"))])
      return 1
    }
  }

  private static func invitation(_ address: String) -> String {
    """

    deltad \(Command.version) runs with its demo model. Open

      http://\(address)/

    to see one answer arrive in several readers, or paste

      curl -N http://\(address)/v1/chat/completions -H 'Content-Type: application/json' \\
        -d '{"model":"demo","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

    One answer, many readers: start one in the background, then read it in as many terminals as
    you like, from its beginning, while it is written or after:

      curl http://\(address)/v1/streams -H 'Content-Type: application/json' \\
        -d '{"model":"demo","messages":[{"role":"user","content":"Hello"}]}'
      curl -N http://\(address)/v1/streams/ID

    Or talk with its agent, by one of three APIs:

      curl -N http://\(address)/v1/api/chat/demo -H 'Content-Type: application/json' \\
        -d '{"message":"Hello","stream":true}'

    Ctrl-C stops it.


    """
  }
}
