extension JSON5Parser {
  // MARK: Blanks and comments

  mutating func skipBlanks() throws(JSON5SyntaxError) {
    while let scalar {
      if scalar == "/" {
        try skipComment()
      } else if scalar.isJSON5Blank {
        at += UTF8.width(scalar)
      } else {
        return
      }
    }
  }

  private mutating func skipComment() throws(JSON5SyntaxError) {
    let start = at
    at += 1
    if take(UInt8(ascii: "/")) {
      while let scalar, !scalar.isJSON5LineEnd { at += UTF8.width(scalar) }
    } else if take(UInt8(ascii: "*")) {
      while !(peek == UInt8(ascii: "*") && bytes[at...].dropFirst().first == UInt8(ascii: "/")) {
        guard at < bytes.count else {
          throw JSON5SyntaxError(
            at: start, in: bytes, found: "a comment without an end", expected: "\"*/\"")
        }
        at += 1
      }
      at += 2
    } else {
      throw unexpected("\"/\" or \"*\" after \"/\"")
    }
  }

  // MARK: Identifiers (ECMAScript 5.1, 7.6)

  /// Nil, with nothing consumed, when no identifier starts here.
  mutating func identifier() throws(JSON5SyntaxError) -> String? {
    var name = ""
    while let scalar {
      var next = scalar
      let start = at
      if scalar == "\\" {
        at += 1
        guard take(UInt8(ascii: "u")) else { throw unexpected("\"u\" after \"\\\" in a key") }
        guard let escaped = Unicode.Scalar(try hexadecimal(4)) else {
          throw unexpected("an escape of a letter")
        }
        next = escaped
      } else {
        at += UTF8.width(scalar)
      }
      guard next.continuesIdentifier(isFirst: name.isEmpty) else {
        at = start
        break
      }
      name.unicodeScalars.append(next)
    }
    return name.isEmpty ? nil : name
  }

  // MARK: Strings

  mutating func string() throws(JSON5SyntaxError) -> String {
    let quote = bytes[at]
    let start = at
    at += 1
    var text = String.UnicodeScalarView()
    while let scalar {
      switch scalar {
      case Unicode.Scalar(quote):
        at += 1
        return String(text)
      case "\\":
        at += 1
        if let escaped = try escape() { text.append(escaped) }
      case "\n", "\r":
        throw JSON5SyntaxError(
          at: start, in: bytes, found: "a string that its line does not end",
          expected: "the closing quote")
      default:
        at += UTF8.width(scalar)
        text.append(scalar)
      }
    }
    throw JSON5SyntaxError(
      at: start, in: bytes, found: "a string without an end", expected: "the closing quote")
  }

  /// The character that an escape stands for; nil for a line continuation.
  private mutating func escape() throws(JSON5SyntaxError) -> Unicode.Scalar? {
    guard let scalar else { throw unexpected("an escape") }
    let start = at
    at += UTF8.width(scalar)
    switch scalar {
    case "b": return "\u{8}"
    case "f": return "\u{C}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "v": return "\u{B}"
    case "x": return Unicode.Scalar(try hexadecimal(2))
    case "u": return try unicodeEscape(from: start)
    case "\r":
      _ = take(UInt8(ascii: "\n"))
      return nil
    case "\n", "\u{2028}", "\u{2029}": return nil
    case "0" where !(peek.map(isDigit) ?? false): return "\0"
    case "0"..."9":
      at = start
      throw unexpected("an escape")
    default: return scalar
    }
  }

  private mutating func unicodeEscape(
    from start: Int
  ) throws(JSON5SyntaxError) -> Unicode.Scalar {
    let first = try hexadecimal(4)
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let second = try hexadecimal(4)
      if 0xDC00...0xDFFF ~= second,
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      {
        return scalar
      }
    }
    throw JSON5SyntaxError(
      at: start, in: bytes, found: "half of a surrogate pair", expected: "both halves")
  }

  private mutating func hexadecimal(_ count: Int) throws(JSON5SyntaxError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<count {
      guard let digit = peek.flatMap(hexadecimalDigit) else {
        throw unexpected("\(count) hexadecimal digits")
      }
      value = value << 4 | digit
      at += 1
    }
    return value
  }

  // MARK: Numbers

  mutating func number() throws(JSON5SyntaxError) -> JSON5Value.Content {
    let start = at
    if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
    let body = at
    var isWhole = true
    var radix = 10
    if let name = try identifier() {
      guard name == "Infinity" || name == "NaN" else {
        at = body
        throw unexpected("a digit")
      }
      isWhole = false
    } else if peek == UInt8(ascii: "0"), bytes[at...].dropFirst().first.map({ $0 | 32 }) == 120 {
      at += 2
      radix = 16
      guard skip({ hexadecimalDigit($0) != nil }) > 0 else {
        throw unexpected("a hexadecimal digit")
      }
    } else {
      isWhole = try decimal()
    }
    if let scalar, scalar == "." || scalar.continuesIdentifier(isFirst: false) {
      throw unexpected("the end of a number")
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    let digits = bytes[(radix == 16 ? body + 2 : body)..<at]
    let sign = bytes[start] == UInt8(ascii: "-") ? "-" : ""
    guard isWhole, let value = Int(sign + String(decoding: digits, as: UTF8.self), radix: radix)
    else { return .number(text) }
    return .integer(value)
  }

  /// Digits, fraction and exponent; whether it was digits alone.
  private mutating func decimal() throws(JSON5SyntaxError) -> Bool {
    let first = at
    let digits = skip(isDigit)
    if digits > 1, bytes[first] == UInt8(ascii: "0") {
      at = first + 1
      throw unexpected("the end of a number after a leading zero")
    }
    var isWhole = true
    var fraction = 0
    if take(UInt8(ascii: ".")) {
      isWhole = false
      fraction = skip(isDigit)
    }
    guard digits + fraction > 0 else { throw unexpected("a digit") }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isWhole = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard skip(isDigit) > 0 else { throw unexpected("a digit of the exponent") }
    }
    return isWhole
  }

  private mutating func skip(_ belongs: (UInt8) -> Bool) -> Int {
    let start = at
    while let byte = peek, belongs(byte) { at += 1 }
    return at - start
  }
}

private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

private func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
  case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
  case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
  default: nil
  }
}

extension Unicode.Scalar {
  fileprivate var isJSON5LineEnd: Bool {
    self == "\n" || self == "\r" || self == "\u{2028}" || self == "\u{2029}"
  }

  /// JSON5, section 8: the named blanks and every space separator of Unicode.
  fileprivate var isJSON5Blank: Bool {
    switch self {
    case " ", "\t", "\u{B}", "\u{C}", "\u{FEFF}": true
    default: isJSON5LineEnd || properties.generalCategory == .spaceSeparator
    }
  }

  fileprivate func continuesIdentifier(isFirst: Bool) -> Bool {
    if self == "$" || self == "_" { return true }
    if !isFirst, self == "\u{200C}" || self == "\u{200D}" { return true }
    return isFirst ? properties.isIDStart : properties.isIDContinue
  }
}
