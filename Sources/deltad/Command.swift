import Configuration
import EventLoop
import Glibc
import Relay

/// The commands of `deltad`, and what all of them share.
enum Command {
  static let version = Relay.version

  static let usage = """
    usage: deltad COMMAND [OPTIONS]

      serve --config FILE   run the relay as FILE says
      demo                  run it on 127.0.0.1:8080 with the built-in model
      check --config FILE   say whether FILE is right, and what is wrong with it
      decode                read an event stream, print its events as JSON

    deltad COMMAND --help says more of each; deltad --version says which this is.

    """

  /// - Parameter arguments: Without the name of the program.
  /// - Returns: The exit status: 0 done, 1 it could not, 2 wrong usage.
  static func run(_ arguments: [String]) -> Int32 {
    let rest = Array(arguments.dropFirst())
    switch arguments.first {
    case "serve": return ServeCommand.serve(arguments: rest)
    case "demo": return ServeCommand.demo(arguments: rest)
    case "check": return CheckCommand.run(arguments: rest)
    case "decode": return DecodeCommand.run(arguments: rest)
    case "--help", "-h", "help":
      return print(usage, to: STDOUT_FILENO, status: 0)
    case "--version", "version":
      return print("deltad \(version)\n", to: STDOUT_FILENO, status: 0)
    case nil:
      return print(usage, to: STDERR_FILENO, status: 2)
    case let name?:
      let commands = ["serve", "demo", "check", "decode", "--help", "--version"]
      let hint = Spelling.nearest(to: name, in: commands).map { "; did you mean \($0)?" } ?? ""
      return print(
        "deltad: unknown command \(name)\(hint)\n\n" + usage, to: STDERR_FILENO, status: 2)
    }
  }

  static func print(_ text: String, to descriptor: Int32, status: Int32) -> Int32 {
    let bytes = Array(text.utf8)
    _ = unsafe write(descriptor, bytes, bytes.count)
    return status
  }
}
