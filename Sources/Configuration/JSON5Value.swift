/// A JSON5 text as values that remember where they stood.
///
/// Members keep the order of the file, and a key that is written twice is there twice: what that
/// means is for the schema to say. Offsets are in bytes of the text.
struct JSON5Value: Sendable {
  enum Content: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A fraction, an exponent, an infinity or more digits than `Int` holds, as it was written.
    case number(String)
    case string(String)
    case array([JSON5Value])
    case object([JSON5Member])
  }

  var content: Content
  /// The first byte.
  var start: Int
  /// The last byte: a closing bracket for arrays and objects.
  var end: Int
}

struct JSON5Member: Sendable {
  var key: String
  /// The first byte of the key.
  var start: Int
  var value: JSON5Value
}

extension JSON5Value {
  /// The value as a message shows it: in full when it is short, by its type when it has parts.
  var shown: String {
    switch content {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let text): text.count <= 40 ? text : "a number of \(text.count) characters"
    case .string(let text): quoted(text)
    case .array(let elements): elements.isEmpty ? "an empty array" : "an array"
    case .object: "an object"
    }
  }

  /// The value by its type alone: for places where people put secrets.
  var type: String {
    switch content {
    case .null, .bool, .array, .object: shown
    case .integer, .number: "a number"
    case .string: "a string"
    }
  }
}

/// A text in quotes for a message: at most 64 characters, nothing that a terminal would obey.
func quoted(_ text: String) -> String {
  var result = "\""
  for (count, character) in text.enumerated() {
    if count == 64 {
      result += "…"
      break
    }
    for scalar in character.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
          result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
      }
    }
  }
  return result + "\""
}
