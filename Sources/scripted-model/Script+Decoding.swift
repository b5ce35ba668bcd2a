/// What is wrong with a script, and where.
struct ScriptError: Error, CustomStringConvertible {
  /// For instance `attempts[0].steps[2].pace`; empty for the whole.
  var path: String
  var reason: String
  var description: String { path.isEmpty ? reason : "\(path): \(reason)" }
}

extension Script {
  /// Reads `{"attempts":[…]}`; unknown members are errors, so that a slip in a test is seen.
  init(json bytes: [UInt8]) throws(ScriptError) {
    let value: JSONValue
    do throws(JSONSyntaxError) {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw ScriptError(path: "", reason: "\(error)")
    }
    let root = ScriptField(path: "", value: value)
    try root.allowOnly(["attempts"])
    let list = try root.required("attempts")
    attempts = []
    for attempt in try list.elements() { attempts.append(try Attempt(attempt)) }
    if attempts.isEmpty { throw list.error("expected at least one attempt") }
  }
}

extension Attempt {
  fileprivate init(_ field: ScriptField) throws(ScriptError) {
    try field.allowOnly(["steps", "write", "pause"])
    steps = []
    for step in try field.required("steps").elements() { steps.append(try Step(step)) }
    if let mode = try field["write"] { write = try WriteMode(mode) }
    pause = try field["pause"]?.duration() ?? 0
    if let problem = Self.problem(steps) {
      throw ScriptError(path: "\(field.path).steps[\(problem.index)]", reason: problem.reason)
    }
  }

  /// A head can only come before the body, and a body only before its end.
  private static func problem(_ steps: [Step]) -> (index: Int, reason: String)? {
    var headSeen = false
    var ended = false
    for (index, step) in steps.enumerated() {
      switch step {
      case .head(let head):
        if headSeen { return (index, "the body has begun; a second head can only be raw") }
        headSeen = !head.isInterim
      case .text, .stamped, .role, .finish, .usage, .done, .event, .sse, .json, .answer:
        if ended { return (index, "the answer has ended; more of it can only be raw") }
        headSeen = true
      case .end: ended = true
      case .raw, .sleep, .gate, .reset, .close, .truncate: break
      }
    }
    return nil
  }
}

extension WriteMode {
  fileprivate init(_ field: ScriptField) throws(ScriptError) {
    switch field.value.string {
    case "whole": self = .whole
    case "bytes": self = .bytes
    case "crlf": self = .crlf
    case "codepoint": self = .codepoint
    default:
      let expected = "expected whole, bytes, crlf, codepoint, {\"at\":[…]} or {\"every\":N}"
      guard case .object(let members) = field.value, members.count == 1 else {
        throw field.error(expected)
      }
      if let offsets = try field["at"] {
        var list: [Int] = []
        for offset in try offsets.elements() { list.append(try offset.integer(atLeast: 1)) }
        self = .at(Set(list).sorted())
      } else if let every = try field["every"] {
        self = .every(try every.integer(atLeast: 1))
      } else {
        throw field.error(expected)
      }
    }
  }
}

extension Step {
  /// The kinds of step, each with the members that may stand beside it.
  private static let kinds: [(name: String, beside: [String])] = [
    ("head", []), ("text", ["tokens", "each", "pace"]), ("stamped", ["pace"]), ("role", []),
    ("finish", []), ("usage", []), ("done", []), ("event", []), ("sse", []), ("json", []),
    ("answer", ["tokens", "each", "pace"]), ("raw", []), ("base64", []), ("sleep", []),
    ("gate", []), ("reset", []), ("close", []), ("truncate", []), ("end", []),
  ]

  fileprivate init(_ field: ScriptField) throws(ScriptError) {
    guard case .object(let members) = field.value,
      let kind = Self.kinds.first(where: { kind in members.contains { $0.name == kind.name } })
    else { throw field.error("expected one of \(Self.kinds.map(\.name))") }
    try field.allowOnly([kind.name] + kind.beside)

    let value = try field.required(kind.name)
    let pace = try field["pace"]?.duration() ?? 0
    switch kind.name {
    case "head": self = .head(try ResponseHead(value))
    case "text": self = .text(try Self.pieces(of: value, beside: field), pace: pace)
    case "answer": self = .answer(try Self.pieces(of: value, beside: field), pace: pace)
    case "stamped": self = .stamped(try value.integer(atLeast: 0), pace: pace)
    case "finish": self = .finish(try value.text())
    case "usage": self = .usage(value.value)
    case "event": self = .event(value.value)
    case "json": self = .json(value.value)
    case "sse": self = .sse(Array(try value.text().utf8))
    case "raw": self = .raw(try value.latin1Bytes())
    case "base64": self = .raw(try value.base64Bytes())
    case "sleep": self = .sleep(try value.duration())
    case "gate": self = .gate(try value.text())
    case "truncate": self = .truncate(try value.integer(atLeast: 0))
    default: self = try Self.flag(kind.name, value)
    }
  }

  private static func flag(
    _ name: String, _ field: ScriptField
  ) throws(ScriptError) -> Step {
    guard field.value == .bool(true) else { throw field.error("expected true") }
    switch name {
    case "role": return .role
    case "done": return .done
    case "reset": return .reset
    case "close": return .close
    default: return .end
    }
  }

  private static func pieces(
    of text: ScriptField, beside field: ScriptField
  ) throws(ScriptError) -> [String] {
    let whole = try text.text()
    let each = try field["each"]
    if let count = try field["tokens"] {
      if let each { throw each.error("tokens is given as well") }
      return Script.pieces(of: whole, count: try count.integer(atLeast: 1))
    }
    switch each?.value {
    case nil, .string("word"): return Script.pieces(of: whole, each: .word)
    case .string("char"): return Script.pieces(of: whole, each: .character)
    default: throw (each ?? field).error("expected word or char")
    }
  }
}

extension ResponseHead {
  fileprivate init(_ field: ScriptField) throws(ScriptError) {
    try field.allowOnly(["status", "headers", "framing", "version"])
    status = try field["status"]?.integer(atLeast: 100) ?? 200
    if let name = try field["framing"] {
      framing = Framing(rawValue: try name.text())
      if framing == nil { throw name.error("expected chunked, length or close") }
    }
    if let name = try field["version"] {
      version = Version(rawValue: try name.text())
      if version == nil { throw name.error("expected 1.1 or 1.0") }
    }
    guard let headers = try field["headers"] else { return }
    for header in try headers.members() { fields += try Self.fields(header) }
  }

  /// A text is one field, a list of texts one field each, null none.
  private static func fields(_ header: ScriptField) throws(ScriptError) -> [Field] {
    switch header.value {
    case .null: return [Field(name: header.name, value: nil)]
    case .array:
      var list: [Field] = []
      for element in try header.elements() {
        list.append(Field(name: header.name, value: try element.text()))
      }
      return list
    default: return [Field(name: header.name, value: try header.text())]
    }
  }
}
