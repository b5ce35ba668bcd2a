extension JSON5Value {
  /// The value as compact JSON (RFC 8259), members in their order; nil for a number that JSON does
  /// not have: an infinity, or none.
  var json: String? {
    switch content {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .number(let text): return Self.number(text)
    case .string(let text): return Self.quoted(text)
    case .array(let values):
      var parts: [String] = []
      for value in values {
        guard let part = value.json else { return nil }
        parts.append(part)
      }
      return "[" + parts.joined(separator: ",") + "]"
    case .object(let members):
      var parts: [String] = []
      for member in members {
        guard let part = member.value.json else { return nil }
        parts.append(Self.quoted(member.key) + ":" + part)
      }
      return "{" + parts.joined(separator: ",") + "}"
    }
  }

  /// JSON5 lets a sign, a point and hexadecimal digits stand where JSON does not.
  private static func number(_ text: String) -> String? {
    var digits = Substring(text)
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
    guard let first = digits.utf8.first, 0x30...0x39 ~= first || first == 0x2E,
      !digits.lowercased().hasPrefix("0x")
    else { return nil }
    var (whole, fraction, exponent) = ("", "", "")
    var rest = digits[...]
    whole = String(rest.prefix { $0.isNumber })
    rest = rest.dropFirst(whole.count)
    if rest.hasPrefix(".") {
      fraction = String(rest.dropFirst().prefix { $0.isNumber })
      rest = rest.dropFirst(1 + fraction.count)
    }
    exponent = String(rest)
    return (isNegative ? "-" : "") + (whole.isEmpty ? "0" : whole)
      + (fraction.isEmpty ? "" : "." + fraction) + exponent
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
