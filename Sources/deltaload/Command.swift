import Glibc
import LoadGeneration

/// The commands of `deltaload`.
enum Command {
  private struct Entry {
    let name: String
    let line: String
    let summary: String
    let options: [Option]
    /// It ends by itself, and tells what it found.
    var isRun = true
    let run: (Arguments) throws -> Int32
  }

  private static var all: [Entry] {
    [
      Entry(
        name: "relay", line: "many clients who ask for answers and read them",
        summary: RelayCommand.summary, options: RelayCommand.options, run: RelayCommand.run),
      Entry(
        name: "fanout", line: "many subscribers on one stream, or on a few",
        summary: FanoutCommand.summary, options: FanoutCommand.options, run: FanoutCommand.run),
      Entry(
        name: "resume", line: "readers whose connections break, and who come back",
        summary: ResumeCommand.summary, options: ResumeCommand.options, run: ResumeCommand.run),
      Entry(
        name: "soak", line: "hours of mixed load, and what stays behind",
        summary: SoakCommand.summary, options: SoakCommand.options, run: SoakCommand.run),
      Entry(
        name: "model", line: "a fast mock model, for the other side of a measurement",
        summary: ModelCommand.summary, options: ModelCommand.options, isRun: false,
        run: ModelCommand.run),
    ]
  }

  private static var usage: String {
    "usage: deltaload COMMAND [OPTIONS]\n\n"
      + all.map { "  \(padded($0.name, 9))\($0.line)\n" }.joined()
        + """

        deltaload COMMAND --help tells a command's options.

        Exit status: 0 all is well; 1 events were lost, repeated or disordered, a run failed, or
        something is not as --expect says; 2 wrong usage.

        """
  }

  private static func usage(of entry: Entry) -> String {
    "usage: deltaload \(entry.name) [OPTIONS]\n\n\(entry.summary)\n\n"
      + entry.options.map { option in
        let name = option.name + (option.value.map { " \($0)" } ?? "")
        return "  \(padded(name, 25))\(option.help)\n"
      }.joined()
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  static func run(_ arguments: [String]) -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    guard let name = arguments.first, name != "--help", name != "-h" else {
      Console.write(usage, to: arguments.isEmpty ? STDERR_FILENO : STDOUT_FILENO)
      return arguments.isEmpty ? 2 : 0
    }
    guard let entry = all.first(where: { $0.name == name }) else {
      Console.complain("unknown command \"\(name)\"\n\n" + usage)
      return 2
    }
    do {
      let rest = Array(arguments.dropFirst())
      if rest.contains("--help") {
        Console.write(usage(of: entry), to: STDOUT_FILENO)
        return 0
      }
      let arguments = try Arguments(rest, of: entry.options)
      if entry.isRun { Interruption.listen() }
      return try entry.run(arguments)
    } catch let error as UsageError {
      Console.complain("\(name): \(error)\ndeltaload \(name) --help tells the options")
      return 2
    } catch {
      Console.clearProgress()
      Console.complain("\(name): \(error)")
      return 1
    }
  }
}
