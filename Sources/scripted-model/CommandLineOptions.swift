/// What the command line asked for.
struct CommandLineOptions {
  static let usage = """
    usage: scripted-model [--host ADDRESS] [--port PORT] [--script FILE.json]... \
    [--exit-with-stdin]
    """

  /// An IPv4 address in dotted form.
  var host = "127.0.0.1"
  /// 0 lets the kernel choose.
  var port: UInt16 = 0
  /// Files of one script each; a script is named like its file, without directory and `.json`.
  var scriptPaths: [String] = []
  var exitWithStandardInput = false

  /// Reads the arguments after the program's name; ends the process with status 64 if they are
  /// not understood, and with 0 after `--help`.
  static func parseOrExit(_ arguments: [String]) -> CommandLineOptions {
    var options = CommandLineOptions()
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      switch argument {
      case "--host": options.host = value(of: argument, &rest)
      case "--port":
        let text = value(of: argument, &rest)
        guard let port = UInt16(text) else { refuse("--port: not a port number: \(text)") }
        options.port = port
      case "--script": options.scriptPaths.append(value(of: argument, &rest))
      case "--exit-with-stdin": options.exitWithStandardInput = true
      case "--help", "-h":
        announce(usage)
        exitProcess(0)
      default: refuse("unknown argument: \(argument)")
      }
    }
    return options
  }

  /// Loads every `--script` file; ends the process with status 65 if one is unreadable or wrong.
  func loadScriptsOrExit(into registry: Registry) {
    for path in scriptPaths {
      guard let bytes = readFile(path) else {
        complain("\(path): cannot be read")
        exitProcess(65)
      }
      do throws(ScriptError) {
        registry.put(try Script(json: bytes), named: Self.scriptName(path))
      } catch {
        complain("\(path): \(error)")
        exitProcess(65)
      }
    }
  }

  private static func scriptName(_ path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    return file.hasSuffix(".json") ? String(file.dropLast(5)) : file
  }

  private static func value(of name: String, _ rest: inout ArraySlice<String>) -> String {
    guard let value = rest.popFirst() else { refuse("\(name): a value is missing") }
    return value
  }

  private static func refuse(_ reason: String) -> Never {
    complain("\(reason)\n\(usage)")
    exitProcess(64)
  }
}
