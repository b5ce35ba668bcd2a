/// A kind of value: how it is read from JSON5, what a message says it should be, and how a default
/// is written.
struct Kind<Value> {
  /// Why a value is not of the kind, where there is more to say than the value itself.
  struct Refusal: Error {
    var found: String?
    var expected: String?
  }

  var parse: (JSON5Value) throws(Refusal) -> Value
  /// By an example of what would be right, as JSON5 text.
  var expected: (String?) -> String
  /// As JSON5 text.
  var write: (Value) -> String?
  var bounds: String?
  /// Whether a refused value may be somebody's secret.
  var conceals = false

  func read(
    _ value: JSON5Value, at path: DocumentPath, example: String?,
    reporting reader: inout SchemaReader
  ) -> Value? {
    do {
      return try parse(value)
    } catch {
      let shown = conceals ? value.type + " (not shown)" : value.shown
      let found = error.found ?? "found \(shown)"
      reader.report(
        path, found: found, expected: "expected \(error.expected ?? expected(example))")
      return nil
    }
  }
}

private func suchAs(_ example: String?) -> String { example.map { " such as \($0)" } ?? "" }

extension Kind<Int> {
  static func count(_ range: ClosedRange<Int>) -> Kind {
    let bounds = "from \(range.lowerBound) to \(range.upperBound)"
    return Kind(
      parse: { value throws(Refusal) in
        guard case .integer(let number) = value.content, range ~= number else { throw Refusal() }
        return number
      },
      expected: { _ in "a whole number \(bounds)" }, write: { String($0) }, bounds: bounds)
  }

  /// Bytes, in `B`, `KiB`, `MiB` or `GiB`.
  static func size(_ range: ClosedRange<Int>) -> Kind {
    let text = { (bytes: Int) in "\"\(SizeText.format(bytes))\"" }
    let bounds = "from \(text(range.lowerBound)) to \(text(range.upperBound))"
    return Kind(
      parse: { value throws(Refusal) in
        let bytes = try unitText(value, SizeText.parse)
        guard range ~= bytes else { throw Refusal() }
        return bytes
      },
      expected: { "a size in B, KiB, MiB or GiB\(suchAs($0)), \(bounds)" }, write: text,
      bounds: bounds)
  }
}

extension Kind<Duration> {
  /// In `ms`, `s`, `m` or `h`.
  static func duration(_ range: ClosedRange<Duration>) -> Kind {
    let text = { (duration: Duration) in "\"\(DurationText.format(duration))\"" }
    let bounds = "from \(text(range.lowerBound)) to \(text(range.upperBound))"
    return Kind(
      parse: { value throws(Refusal) in
        let duration = try unitText(value, DurationText.parse)
        guard range ~= duration else { throw Refusal() }
        return duration
      },
      expected: { "a duration\(suchAs($0)), \(bounds)" }, write: text, bounds: bounds)
  }
}

extension Kind {
  /// A text with a unit; a bare number says that it lacks one.
  private static func unitText(
    _ value: JSON5Value, _ parse: (String) -> Value?
  ) throws(Refusal) -> Value {
    switch value.content {
    case .string(let text):
      if let parsed = parse(text) { return parsed }
      let isBare = !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 }
      throw isBare ? Refusal(found: "found \(value.shown) without a unit") : Refusal()
    case .integer, .number: throw Refusal(found: "found \(value.shown) without a unit")
    default: throw Refusal()
    }
  }
}

extension Kind<Bool> {
  static var flag: Kind {
    Kind(
      parse: { value throws(Refusal) in
        guard case .bool(let flag) = value.content else { throw Refusal() }
        return flag
      },
      expected: { _ in "true or false" }, write: { $0 ? "true" : "false" })
  }
}

extension Kind where Value: RawRepresentable<String> & CaseIterable {
  static var choice: Kind {
    let choices = Value.allCases.map { "\"\($0.rawValue)\"" }
    let last = choices.last ?? ""
    let list = choices.dropLast().joined(separator: ", ") + " or " + last
    return Kind(
      parse: { value throws(Refusal) in
        guard case .string(let text) = value.content, let choice = Value(rawValue: text) else {
          throw Refusal()
        }
        return choice
      },
      expected: { _ in list }, write: { "\"\($0.rawValue)\"" }, bounds: list)
  }
}

extension Kind<String> {
  /// A text that `isFitting`, `expected` in words.
  static func text(
    _ expected: String, conceals: Bool = false, where isFitting: @escaping (String) -> Bool
  ) -> Kind {
    Kind(
      parse: { value throws(Refusal) in
        guard case .string(let text) = value.content, isFitting(text) else { throw Refusal() }
        return text
      },
      expected: { _ in expected }, write: { $0.isEmpty ? nil : "\"\($0)\"" }, conceals: conceals)
  }

  /// What log lines and metrics can carry without quoting.
  static var name: Kind {
    let range = Settings.Bounds.name
    let bounds = "\(range.lowerBound) to \(range.upperBound) letters, digits, \".\", \"_\" or \"-\""
    var kind = text("a name of \(bounds)") { text in
      range ~= text.utf8.count && text.utf8.allSatisfy(isNameByte)
    }
    kind.bounds = bounds
    return kind
  }

  static var modelID: Kind {
    let range = Settings.Bounds.modelID
    let bounds = "\(range.lowerBound) to \(range.upperBound) bytes without blanks"
    var kind = text("a model's name of \(bounds)") { text in
      range ~= text.utf8.count
        && text.unicodeScalars.allSatisfy { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator,
            .unassigned, .surrogate:
            false
          default: true
          }
        }
    }
    kind.bounds = bounds
    return kind
  }

  /// A file's path; a relative one is from `folder`, which ends with a slash or is empty.
  static func path(from folder: String) -> Kind {
    var kind = text("the path of a file") { text in
      Settings.Bounds.path ~= text.utf8.count && !text.utf8.contains(0)
    }
    let parse = kind.parse
    kind.parse = { value throws(Refusal) in
      let path = try parse(value)
      return path.hasPrefix("/") ? path : folder + path
    }
    return kind
  }

  /// The name of an environment variable (POSIX.1-2024, 8.1). A text that is no name may be the
  /// secret itself.
  static var variable: Kind {
    text("the name of an environment variable such as \"OPENAI_API_KEY\"", conceals: true) {
      text in
      1...256 ~= text.utf8.count && !(0x30...0x39 ~= (text.utf8.first ?? 0))
        && text.utf8.allSatisfy { isNameByte($0) && $0 != 0x2D && $0 != 0x2E }
    }
  }
}

extension Kind<String> {
  /// The name of a credential, which is that of a file (systemd.exec(5)). A text that is no name
  /// may be the secret itself.
  static var credential: Kind {
    text("the name of a credential such as \"deltad-key\"", conceals: true) { text in
      Settings.Bounds.credential ~= text.utf8.count && text.utf8.allSatisfy(isNameByte)
        && text != "." && text != ".."
    }
  }
}

/// ASCII letters and digits, `.`, `_`, `-`.
private func isNameByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
    UInt8(ascii: "-"):
    true
  default: false
  }
}
