import LoadGeneration

/// One option of a command.
struct Option {
  /// With its dashes: `--url`, `-c`.
  let name: String
  /// What stands for its value in the help; nil for a flag.
  let value: String?
  let help: String

  init(_ name: String, _ value: String? = nil, _ help: String) {
    self.name = name
    self.value = value
    self.help = help
  }
}

/// What was given on a command line, by the options that a command has.
struct Arguments {
  private var values: [String: [String]] = [:]

  init(_ arguments: [String], of options: [Option]) throws(UsageError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard let option = options.first(where: { $0.name == name }) else {
        throw UsageError("unknown option \"\(name)\"")
      }
      if option.value == nil {
        guard parts.count == 1 else { throw UsageError("\(name) takes no value") }
        values[name, default: []].append("")
      } else if parts.count == 2 {
        values[name, default: []].append(String(parts[1]))
      } else if let value = rest.popFirst() {
        values[name, default: []].append(value)
      } else {
        throw UsageError("\(name) needs a value")
      }
    }
  }

  func has(_ name: String) -> Bool { values[name] != nil }

  func all(_ name: String) -> [String] { values[name] ?? [] }

  /// The value of an option that may stand once.
  func text(_ name: String) throws(UsageError) -> String? {
    let given = all(name)
    guard given.count <= 1 else { throw UsageError("\(name) was given twice") }
    return given.first
  }

  func required(_ name: String) throws(UsageError) -> String {
    guard let value = try text(name) else { throw UsageError("\(name) is missing") }
    return value
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard let text = try text(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(
        "\(name) \(text): a number from \(range.lowerBound) to \(range.upperBound) is needed")
    }
    return number
  }

  /// Seconds; `5`, `100ms` and `2h` are all right.
  func seconds(_ name: String, in range: ClosedRange<Double>) throws(UsageError) -> Double? {
    guard let text = try text(name) else { return nil }
    guard let time = Quantity.read(text, .time), range.contains(time / 1e9) else {
      throw UsageError(
        "\(name) \(text): a duration such as 5s or 100ms is needed, from "
          + "\(Quantity.show(range.lowerBound * 1e9, .time)) to "
          + "\(Quantity.show(range.upperBound * 1e9, .time))")
    }
    return time / 1e9
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws(UsageError) -> Double? {
    guard let text = try text(name) else { return nil }
    guard let number = Double(text), range.contains(number) else {
      throw UsageError(
        "\(name) \(text): a number from \(Quantity.show(range.lowerBound, .number)) to "
          + "\(Quantity.show(range.upperBound, .number)) is needed")
    }
    return number
  }
}
