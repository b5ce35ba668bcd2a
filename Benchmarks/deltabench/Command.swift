internal import Glibc

/// What the command line asks for.
enum Command {
  case list
  case measure(filter: String, iterations: Int, isJSON: Bool)
  /// One benchmark's body and nothing else, for those who count instructions.
  case once(NamedBenchmark, rounds: Int)

  private static let usage = """
    usage: deltabench [--filter TEXT] [--iterations N] [--json]
           deltabench --once NAME [--rounds N]
           deltabench --list

    """

  init(_ arguments: [String]) {
    var (filter, iterations, rounds, isJSON) = ("", 21, 2, false)
    var once: NamedBenchmark?
    var rest = arguments[...]
    self = .list
    if rest == ["--list"] { return }
    while let option = rest.popFirst() {
      switch option {
      case "--json": isJSON = true
      case "--filter": filter = Self.value(of: option, &rest)
      case "--iterations": iterations = Self.number(of: option, &rest)
      case "--rounds": rounds = Self.number(of: option, &rest)
      case "--once": once = Self.benchmark(Self.value(of: option, &rest))
      default: Self.refuse("unknown: \(option)")
      }
    }
    if let once {
      self = .once(once, rounds: rounds)
    } else {
      self = .measure(filter: filter, iterations: iterations, isJSON: isJSON)
    }
  }

  private static func value(of option: String, _ rest: inout ArraySlice<String>) -> String {
    guard let value = rest.popFirst() else { refuse("\(option) takes a value") }
    return value
  }

  private static func number(of option: String, _ rest: inout ArraySlice<String>) -> Int {
    guard let number = Int(value(of: option, &rest)), 0...1_000_000 ~= number else {
      refuse("\(option) takes a number")
    }
    return number
  }

  private static func benchmark(_ name: String) -> NamedBenchmark {
    guard let found = NamedBenchmark.all.first(where: { $0.name == name }) else {
      refuse("there is no benchmark \(name)")
    }
    return found
  }

  private static func refuse(_ reason: String) -> Never {
    let text = Array("deltabench: \(reason)\n\(usage)".utf8)
    _ = unsafe text.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(EX_USAGE)
  }
}
