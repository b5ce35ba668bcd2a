/// A Swift file as the style tests see it: its lines, and its code without comments and literals.
struct SwiftSource: Sendable {
  let path: String
  let lines: [Substring]
  /// The bytes of the file with those of comments and string literals made blanks, so that braces,
  /// words and line numbers are those of the code.
  let code: [UInt8]

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var blanking = Blanking(text)
    code = blanking.run()
  }

  var codeLines: [String] {
    code.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// What is imported, with or without attributes and an access level.
  var imports: [String] {
    codeLines.compactMap { line in
      let words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
      guard let keyword = words.firstIndex(of: "import"), keyword <= 1 else { return nil }
      let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var"]
      return words.dropFirst(keyword + 1).first { !kinds.contains($0) }
        .map { String($0.prefix { $0 != "." }) }
    }
  }

  /// The names of the types that are declared.
  var types: [String] {
    let keywords: Set<Substring> = ["class", "struct", "enum", "protocol", "actor", "typealias"]
    return codeLines.flatMap { line -> [String] in
      let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
      return words.indices.dropLast().filter { keywords.contains(words[$0]) }
        .map { String(words[$0 + 1]) }
    }
  }
}

/// Makes blanks of comments and string literals; what is interpolated into a string goes with it.
private struct Blanking {
  private var bytes: [UInt8]
  private var position = 0

  private static let (quote, hash) = (UInt8(ascii: "\""), UInt8(ascii: "#"))
  private static let (lineFeed, slash) = (UInt8(ascii: "\n"), UInt8(ascii: "/"))

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  mutating func run() -> [UInt8] {
    while position < bytes.count {
      switch bytes[position] {
      case Self.slash, Self.quote, Self.hash: skipLiteralOrComment()
      default: position += 1
      }
    }
    return bytes
  }

  private func starts(_ text: String, at start: Int) -> Bool {
    bytes[start...].starts(with: text.utf8)
  }

  private mutating func blank(_ count: Int) {
    for index in position..<min(position + count, bytes.count)
    where bytes[index] != Self.lineFeed {
      bytes[index] = UInt8(ascii: " ")
    }
    position = min(position + count, bytes.count)
  }

  /// One byte of code, or one whole comment or literal.
  private mutating func skipLiteralOrComment() {
    if starts("//", at: position) {
      while position < bytes.count, bytes[position] != Self.lineFeed { blank(1) }
    } else if starts("/*", at: position) {
      skipBlockComment()
    } else if let hashes = literalStart() {
      skipLiteral(hashes)
    } else {
      position += 1
    }
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if starts("/*", at: position) {
        depth += 1
        blank(2)
      } else if starts("*/", at: position) {
        depth -= 1
        blank(2)
      } else {
        blank(1)
      }
    } while depth > 0 && position < bytes.count
  }

  /// The number of `#` before the quotes that begin here; nil when no literal begins.
  private func literalStart() -> Int? {
    var end = position
    while end < bytes.count, bytes[end] == Self.hash { end += 1 }
    return end < bytes.count && bytes[end] == Self.quote ? end - position : nil
  }

  private mutating func skipLiteral(_ hashCount: Int) {
    let hashes = String(repeating: "#", count: hashCount)
    let isLong = starts("\"\"\"", at: position + hashCount)
    let quotes = isLong ? "\"\"\"" : "\""
    let (end, escape) = (quotes + hashes, "\\" + hashes)
    blank(hashCount + quotes.utf8.count)
    while position < bytes.count {
      switch bytes[position] {
      case Self.quote where starts(end, at: position): return blank(end.utf8.count)
      case Self.lineFeed where !isLong: return
      case UInt8(ascii: "\\") where starts(escape + "(", at: position):
        skipInterpolation(hashCount)
      case UInt8(ascii: "\\") where starts(escape, at: position): blank(hashCount + 2)
      default: blank(1)
      }
    }
  }

  private mutating func skipInterpolation(_ hashCount: Int) {
    blank(hashCount + 2)
    var depth = 1
    while depth > 0, position < bytes.count {
      if let hashes = literalStart() {
        skipLiteral(hashes)
        continue
      }
      if bytes[position] == UInt8(ascii: "(") { depth += 1 }
      if bytes[position] == UInt8(ascii: ")") { depth -= 1 }
      blank(1)
    }
  }
}
