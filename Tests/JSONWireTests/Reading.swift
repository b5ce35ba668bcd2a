import JSONWire

/// The two ways through a text: passing over it, and pulling every value out of it.
enum Reading {
  static func skip(_ bytes: [UInt8], maximumDepth: Int = 64) throws(JSONError) {
    var reader = JSONReader(maximumDepth: maximumDepth)
    try reader.skipValue(in: bytes.span)
    try reader.end(in: bytes.span)
  }

  static func walk(_ bytes: [UInt8], maximumDepth: Int = 64) throws(JSONError) {
    var reader = JSONReader(maximumDepth: maximumDepth)
    try walkValue(&reader, bytes.span)
    try reader.end(in: bytes.span)
  }

  private static func walkValue(_ reader: inout JSONReader, _ bytes: Span<UInt8>)
    throws(JSONError)
  {
    switch try reader.kind(in: bytes) {
    case .object:
      try reader.beginObject(in: bytes)
      while let key = try reader.nextKey(in: bytes) {
        _ = key.text(in: bytes)
        try walkValue(&reader, bytes)
      }
    case .array:
      try reader.beginArray(in: bytes)
      while try reader.nextElement(in: bytes) { try walkValue(&reader, bytes) }
    case .string: _ = try reader.string(in: bytes).text(in: bytes)
    case .number: _ = try reader.integer(in: bytes)
    case .bool: _ = try reader.bool(in: bytes)
    case .null: try reader.null(in: bytes)
    }
  }

  /// Why both ways refuse the bytes; nil if both accept them. They must agree.
  static func error(_ bytes: [UInt8], maximumDepth: Int = 64) -> (
    skip: JSONError?, walk: JSONError?
  ) {
    var found: (skip: JSONError?, walk: JSONError?)
    do { try skip(bytes, maximumDepth: maximumDepth) } catch { found.skip = error }
    do { try walk(bytes, maximumDepth: maximumDepth) } catch { found.walk = error }
    return found
  }

  /// The string that the bytes are.
  static func string(_ bytes: [UInt8]) throws(JSONError) -> JSONString {
    var reader = JSONReader()
    let string = try reader.string(in: bytes.span)
    try reader.end(in: bytes.span)
    return string
  }

  /// The text that the bytes, one JSON string, mean.
  static func text(_ bytes: [UInt8]) throws(JSONError) -> String {
    try string(bytes).text(in: bytes.span)
  }

  /// Whether the bytes, one JSON string, mean the literal.
  static func isString(_ bytes: [UInt8], _ literal: StaticString) throws(JSONError) -> Bool {
    try string(bytes).equals(literal, in: bytes.span)
  }
}
