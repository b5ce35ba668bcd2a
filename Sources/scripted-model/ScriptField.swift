/// A place in a script: a value and the path that errors name.
struct ScriptField {
  var path: String
  /// The last component of the path.
  var name = ""
  var value: JSONValue

  func error(_ reason: String) -> ScriptError { ScriptError(path: path, reason: reason) }

  /// The member of that name; nil if there is none, an error if this is no object.
  subscript(name: String) -> ScriptField? {
    get throws(ScriptError) { try members().first { $0.name == name } }
  }

  func required(_ name: String) throws(ScriptError) -> ScriptField {
    guard let field = try self[name] else { throw error("\(name) is missing") }
    return field
  }

  func members() throws(ScriptError) -> [ScriptField] {
    guard case .object(let members) = value else { throw error("expected an object") }
    return members.map {
      let prefix = path.isEmpty ? "" : "\(path)."
      return ScriptField(path: prefix + $0.name, name: $0.name, value: $0.value)
    }
  }

  func elements() throws(ScriptError) -> [ScriptField] {
    guard case .array(let elements) = value else { throw error("expected a list") }
    return elements.enumerated().map {
      ScriptField(path: "\(path)[\($0.offset)]", value: $0.element)
    }
  }

  func allowOnly(_ names: [String]) throws(ScriptError) {
    for member in try members() where !names.contains(member.name) {
      throw member.error("unknown here; known are \(names)")
    }
  }

  func text() throws(ScriptError) -> String {
    guard let text = value.string else { throw error("expected a string") }
    return text
  }

  /// At most a thousand million, so that sums of a few cannot overflow.
  func integer(atLeast minimum: Int) throws(ScriptError) -> Int {
    guard case .number(let spelling) = value, let number = Int(spelling),
      (minimum...1_000_000_000).contains(number)
    else { throw error("expected an integer of at least \(minimum)") }
    return number
  }

  /// Nanoseconds.
  func duration() throws(ScriptError) -> Int64 {
    guard let text = value.string, let nanoseconds = parseDuration(text) else {
      throw error("expected a duration such as \"20ms\"")
    }
    return nanoseconds
  }

  /// The characters U+0000 to U+00FF as one byte each.
  func latin1Bytes() throws(ScriptError) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in try text().unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else {
        throw error("\(scalar) is beyond U+00FF; write its UTF-8 bytes, or use base64")
      }
      bytes.append(byte)
    }
    return bytes
  }

  /// RFC 4648, section 4; padding may be left out.
  func base64Bytes() throws(ScriptError) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var bitCount = 0
    for character in try text().utf8 where character != UInt8(ascii: "=") {
      guard let digit = alphabet.firstIndex(of: character) else { throw error("not base64") }
      bits = (bits << 6 | UInt32(digit)) & 0xFFFF
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
      }
    }
    return bytes
  }
}
