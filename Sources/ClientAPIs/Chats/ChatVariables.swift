internal import JSONWire

/// A chat's dynamic variables: a JSON object, as text that has been read before.
public enum ChatVariables {
  /// The most that a chat's variables may be, in bytes of JSON: every turn puts them into a prompt.
  public static let bound = 64 << 10

  /// What the client is told of more than that.
  public static var tooLong: Failure {
    var failure = Failure(.invalidRequest, "invalid fields")
    failure.fields = [tooLong("dynamicVariables")]
    return failure
  }

  static func tooLong(_ name: String) -> FieldError {
    FieldError(name, "\(name) must be at most \(bound) bytes of JSON altogether")
  }

  /// The members of both: those of `new` replace those of the same name, whole, and further ones
  /// come behind. Nil when that is more than the bound.
  public static func merge(_ old: String, _ new: String) -> String? {
    var members = members(of: old)
    var positions: [String: Int] = [:]
    for (position, member) in members.enumerated() { positions[member.name] = position }
    for member in self.members(of: new) {
      if let position = positions[member.name] {
        members[position] = member
      } else {
        members.append(member)
      }
    }
    var json = JSONWriter()
    json.beginObject()
    for member in members {
      json.key(text: member.name)
      json.raw(member.value.utf8.span)
    }
    json.endObject()
    return json.bytes.count <= bound ? String(decoding: json.bytes, as: UTF8.self) : nil
  }

  /// The names whose values are null.
  static func nullNames(of json: String) -> [String] {
    members(of: json).filter { $0.value == "null" }.map(\.name)
  }

  /// What each name stands for in a prompt: strings as they are, everything else as compact JSON.
  static func texts(of json: String) -> [String: String] {
    var texts: [String: String] = [:]
    for member in members(of: json) { texts[member.name] = member.text ?? readable(member.value) }
    return texts
  }

  /// The same JSON without escapes that need not be: it is for a model to read.
  private static func readable(_ json: String) -> String {
    let bytes = Array(json.utf8)
    var output: [UInt8] = []
    var index = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "\"") else {
        output.append(bytes[index])
        index += 1
        continue
      }
      var reader = JSONReader(at: index)
      guard let string = try? reader.string(in: bytes.span) else { return json }
      JSONText.appendQuoted(string.text(in: bytes.span), to: &output)
      index = reader.position
    }
    return String(decoding: output, as: UTF8.self)
  }

  private struct Member {
    var name: String
    /// Compact JSON.
    var value: String
    /// Of a string.
    var text: String?
  }

  /// Each name once, with its last value. What is no object has none.
  private static func members(of json: String) -> [Member] {
    let bytes = Array(json.utf8)
    var members: [Member] = []
    var positions: [String: Int] = [:]
    do {
      var reader = JSONReader()
      try reader.beginObject(in: bytes.span)
      while let key = try reader.nextKey(in: bytes.span) {
        var member = Member(name: key.text(in: bytes.span), value: "")
        if try reader.kind(in: bytes.span) == .string {
          var ahead = reader
          member.text = try ahead.string(in: bytes.span).text(in: bytes.span)
        }
        var writer = JSONWriter()
        try writer.value(from: &reader, in: bytes.span)
        member.value = String(decoding: writer.bytes, as: UTF8.self)
        if let position = positions[member.name] {
          members[position] = member
        } else {
          positions[member.name] = members.count
          members.append(member)
        }
      }
    } catch {
      return members
    }
    return members
  }
}

/// A system prompt with `{{ name }}` where a variable's value goes.
public enum PromptTemplate {
  /// Blanks around a name do not count, and a name without a variable is nothing. A value is not
  /// looked at for names. What is opened and not closed stays as it is. Time is linear.
  /// - Parameter json: The variables, a JSON object.
  public static func expand(_ prompt: String, variables json: String) -> String {
    let text = Array(prompt.utf8)
    guard var opening = pair(UInt8(ascii: "{"), in: text, from: 0) else { return prompt }
    let values = ChatVariables.texts(of: json)
    var output: [UInt8] = []
    var start = 0
    while let closing = pair(UInt8(ascii: "}"), in: text, from: opening + 2) {
      // Of several openings the last one before the closing counts.
      while let next = pair(UInt8(ascii: "{"), in: text, from: opening + 1), next < closing {
        opening = next
      }
      output += text[start..<opening]
      let name = String(decoding: text[(opening + 2)..<closing], as: UTF8.self)
      if let value = values[trimmed(name)] { output += Array(value.utf8) }
      start = closing + 2
      guard let next = pair(UInt8(ascii: "{"), in: text, from: start) else { break }
      opening = next
    }
    output += text[start...]
    return String(decoding: output, as: UTF8.self)
  }

  /// Where the same byte stands twice.
  private static func pair(_ byte: UInt8, in text: [UInt8], from start: Int) -> Int? {
    var index = start
    while index + 1 < text.count {
      if text[index] == byte && text[index + 1] == byte { return index }
      index += 1
    }
    return nil
  }

  private static func trimmed(_ name: String) -> String {
    let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
    let bytes = name.utf8.drop(while: isBlank)
    guard let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(name[bytes.startIndex...last])
  }
}
