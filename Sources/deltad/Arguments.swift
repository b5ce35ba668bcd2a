import Configuration

/// What stands after the name of a command: `--config FILE` or `--config=FILE`, and `--help`.
struct Arguments: Equatable {
  /// The path as given; nil when none was.
  var configuration: String?
  /// `--help` or `-h`: show the usage and do nothing else.
  var wantsHelp = false

  /// The first thing that is wrong, for one line on standard error; the exit status is 2.
  struct Problem: Error, Equatable {
    var message: String
  }

  /// - Parameter arguments: Without the names of the program and the command.
  init(_ arguments: [String]) throws(Problem) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      switch parts.first.map(String.init) ?? "" {
      case "--config":
        let value = parts.count == 2 ? String(parts[1]) : rest.popFirst()
        try setConfiguration(value)
      case "--help" where parts.count == 1, "-h" where parts.count == 1:
        wantsHelp = true
      case let name where name.hasPrefix("-"):
        let suggestion = Spelling.nearest(to: name, in: ["--config", "--help"])
        throw Problem(
          message: "unknown option \"\(name)\""
            + (suggestion.map { "; did you mean \"\($0)\"?" } ?? ""))
      default:
        throw Problem(
          message: "unexpected argument \"\(argument)\"; a file is given with --config FILE")
      }
    }
  }

  private mutating func setConfiguration(_ value: String?) throws(Problem) {
    guard let value, !value.isEmpty, !value.hasPrefix("--") else {
      throw Problem(message: "--config needs a FILE")
    }
    guard configuration == nil else { throw Problem(message: "--config was given twice") }
    configuration = value
  }
}
