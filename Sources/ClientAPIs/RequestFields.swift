internal import JSONWire

/// The members of a JSON object that an API knows, as a request's body has them. Unknown ones are
/// passed over; of repeated ones the last counts, as with most parsers.
struct RequestFields {
  /// What a member holds, as far as APIs tell values apart.
  enum Value {
    case text(String)
    case bool(Bool)
    case null
    /// Compact JSON.
    case object(String)
    /// A number or an array.
    case other

    /// Neither there nor null: nil; a text: the text; else a value of the wrong kind.
    var isNull: Bool {
      if case .null = self { return true }
      return false
    }
  }

  private var values: [String: Value] = [:]

  /// Throws when the body is not one JSON object in UTF-8 (RFC 8259, section 8.1): what is stored
  /// must be what was said.
  init(_ body: Span<UInt8>, _ names: Set<String>) throws(Failure) {
    do {
      _ = try UTF8Span(validating: body)
    } catch {
      throw Failure(.invalidRequest, "the body is not valid UTF-8")
    }
    do {
      try read(body, names)
    } catch {
      throw Failure(.invalidRequest, "the body is not valid JSON: \(error)")
    }
  }

  subscript(_ name: String) -> Value? { values[name] }

  private mutating func read(_ body: Span<UInt8>, _ names: Set<String>) throws(JSONError) {
    var reader = JSONReader()
    try reader.beginObject(in: body)
    while let key = try reader.nextKey(in: body) {
      let name = key.text(in: body)
      if names.contains(name) {
        values[name] = try Self.value(&reader, body)
      } else {
        try reader.skipValue(in: body)
      }
    }
    try reader.end(in: body)
  }

  private static func value(
    _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) -> Value {
    switch try reader.kind(in: body) {
    case .string: return .text(try reader.string(in: body).text(in: body))
    case .bool:
      let range = try reader.skipValue(in: body)
      return .bool(body[range.lowerBound] == UInt8(ascii: "t"))
    case .null:
      try reader.skipValue(in: body)
      return .null
    case .object:
      var writer = JSONWriter()
      try writer.value(from: &reader, in: body)
      return .object(String(decoding: writer.bytes, as: UTF8.self))
    case .number, .array:
      try reader.skipValue(in: body)
      return .other
    }
  }
}
