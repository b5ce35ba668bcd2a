/// A function, initializer, deinitializer or subscript with a body.
struct FoundFunction: Equatable {
  /// Of its keyword, from 1.
  var line: Int
  /// From the line of its keyword to that of its closing brace.
  var lineCount: Int
}

extension SwiftSource {
  private static let lineFeed = UInt8(ascii: "\n")

  /// All functions with a body, in the order of their keywords.
  var functions: [FoundFunction] {
    var found: [FoundFunction] = []
    var line = 1
    var position = 0
    while position < code.count {
      if code[position] == Self.lineFeed { line += 1 }
      if let length = functionKeyword(at: position) {
        if let end = bodyEnd(from: position + length) {
          let count = code[position...end].count { $0 == Self.lineFeed } + 1
          found.append(FoundFunction(line: line, lineCount: count))
        }
        position += length
      } else {
        position += 1
      }
    }
    return found
  }

  /// Letters, digits, and what binds a keyword to a name or an expression before it.
  private func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "`"),
      UInt8(ascii: "."), 0x80...0xFF:
      true
    default: false
    }
  }

  private static let keywords = ["func", "init", "deinit", "subscript"].map { Array($0.utf8) }

  /// The length of a keyword that begins a declaration here; nil for all else, calls of `.init`
  /// and `self.init` among it.
  private func functionKeyword(at position: Int) -> Int? {
    switch code[position] {
    case UInt8(ascii: "f"), UInt8(ascii: "i"), UInt8(ascii: "d"), UInt8(ascii: "s"): break
    default: return nil
    }
    if position > 0, isNamePart(code[position - 1]) { return nil }
    for keyword in Self.keywords where code[position...].starts(with: keyword) {
      let end = position + keyword.count
      return end < code.count && !isNamePart(code[end]) ? keyword.count : nil
    }
    return nil
  }

  /// The position of the brace that closes the body of a declaration; nil without a body.
  private func bodyEnd(from start: Int) -> Int? {
    guard let open = bodyStart(from: start) else { return nil }
    var depth = 0
    for index in open..<code.count {
      if code[index] == UInt8(ascii: "{") { depth += 1 }
      if code[index] == UInt8(ascii: "}") { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }

  /// A brace that is in no parentheses, on the same line or on one that goes on with the
  /// declaration.
  private func bodyStart(from start: Int) -> Int? {
    var depth = 0
    for index in start..<code.count {
      switch code[index] {
      case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "{") where depth == 0: return index
      case UInt8(ascii: "}") where depth == 0: return nil
      case Self.lineFeed where depth == 0:
        let rest = code[index...].drop { $0 <= UInt8(ascii: " ") }
        let goesOn = ["{", "->", "throws", "rethrows", "async", "where"]
        guard goesOn.contains(where: { rest.starts(with: $0.utf8) }) else { return nil }
      default: break
      }
    }
    return nil
  }
}
