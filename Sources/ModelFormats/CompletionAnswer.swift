public import JSONWire

/// A whole `chat.completion` object, as a provider sends it that was asked for a stream and does
/// not stream, or that was not asked.
public enum CompletionAnswer {
  public enum Outcome: Equatable, Sendable {
    /// One chunk has been appended.
    case chunk
    /// The body reports a fault; nothing has been appended. Ranges lie in the body.
    case fault(ModelFault)
  }

  /// What the chunk would say, without making it: for a body of which `chunk` would make one, and
  /// which holds something of an answer. Nil for any other. Ranges lie in the body.
  public static func event(of body: Span<UInt8>) -> ModelEvent? {
    guard let event = try? OpenAIChat.read(body, "message"), event.kind == .content,
      event.isContent
    else { return nil }
    return event
  }

  /// Appends the one `chat.completion.chunk` payload that says what the body says.
  ///
  /// All fields are kept in their order; each choice's `message` is its `delta`; entries of
  /// `tool_calls` and choices get an `index` if they have none. The payload has no line ends, and
  /// its strings are normalized (`JSONText`). When this throws, nothing has been appended.
  public static func chunk(from body: Span<UInt8>, into output: inout [UInt8])
    throws(JSONError) -> Outcome
  {
    let event = try OpenAIChat.read(body)
    if let fault = event.error { return .fault(fault) }
    var writer = JSONWriter()
    var reader = JSONReader()
    var hasObject = false
    try reader.beginObject(in: body)
    writer.beginObject()
    while let key = try reader.nextKey(in: body) {
      writer.key(key, from: body)
      if key.equals("object", in: body) {
        try reader.skipValue(in: body)
        writer.string("chat.completion.chunk")
        hasObject = true
      } else if key.equals("choices", in: body) {
        try writeEntries(with: writeChoice, to: &writer, &reader, body)
      } else {
        try writer.value(from: &reader, in: body)
      }
    }
    if !hasObject {
      writer.key("object")
      writer.string("chat.completion.chunk")
    }
    writer.endObject()
    output.append(contentsOf: writer.bytes)
    return .chunk
  }

  /// Writes one object, the `index`th of its array.
  private typealias EntryWriter = (
    _ index: Int, _ writer: inout JSONWriter, _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) -> Void

  /// Writes an array, its objects by `writeEntry`, and all else as it is.
  private static func writeEntries(
    with writeEntry: EntryWriter, to writer: inout JSONWriter, _ reader: inout JSONReader,
    _ body: Span<UInt8>
  ) throws(JSONError) {
    guard try reader.kind(in: body) == .array else {
      return try writer.value(from: &reader, in: body)
    }
    try reader.beginArray(in: body)
    writer.beginArray()
    var index = 0
    while try reader.nextElement(in: body) {
      if try reader.kind(in: body) == .object {
        try writeEntry(index, &writer, &reader, body)
      } else {
        try writer.value(from: &reader, in: body)
      }
      index += 1
    }
    writer.endArray()
  }

  private static func writeChoice(
    _ index: Int, to writer: inout JSONWriter, _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) {
    let hasMessage = try has("message", of: .object, in: reader, body)
    try beginEntry(index, to: &writer, &reader, body)
    while let key = try reader.nextKey(in: body) {
      if key.equals("message", in: body) {
        writer.key("delta")
        try writeDelta(to: &writer, &reader, body)
      } else if hasMessage && key.equals("delta", in: body) {
        try reader.skipValue(in: body)
      } else {
        try writeField(key, to: &writer, &reader, body)
      }
    }
    writer.endObject()
  }

  private static func writeDelta(
    to writer: inout JSONWriter, _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) {
    writer.beginObject()
    if try reader.enterObject(in: body) {
      while let key = try reader.nextKey(in: body) {
        writer.key(key, from: body)
        if key.equals("tool_calls", in: body) {
          try writeEntries(with: writeToolCall, to: &writer, &reader, body)
        } else {
          try writer.value(from: &reader, in: body)
        }
      }
    }
    writer.endObject()
  }

  private static func writeToolCall(
    _ index: Int, to writer: inout JSONWriter, _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) {
    try beginEntry(index, to: &writer, &reader, body)
    while let key = try reader.nextKey(in: body) {
      try writeField(key, to: &writer, &reader, body)
    }
    writer.endObject()
  }

  /// Enters an object on both sides, and gives it an index if it has none.
  private static func beginEntry(
    _ index: Int, to writer: inout JSONWriter, _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) {
    let hasIndex = try has("index", of: .number, in: reader, body)
    try reader.beginObject(in: body)
    writer.beginObject()
    if !hasIndex {
      writer.key("index")
      writer.integer(index)
    }
  }

  /// Writes a field as it is, unless it is an index that is none.
  private static func writeField(
    _ key: JSONString, to writer: inout JSONWriter, _ reader: inout JSONReader,
    _ body: Span<UInt8>
  ) throws(JSONError) {
    if key.equals("index", in: body), try reader.kind(in: body) != .number {
      try reader.skipValue(in: body)
      return
    }
    writer.key(key, from: body)
    try writer.value(from: &reader, in: body)
  }

  /// Whether the object at the position has such a field.
  private static func has(
    _ name: StaticString, of kind: JSONKind, in reader: JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) -> Bool {
    var scout = reader
    var isFound = false
    try scout.beginObject(in: body)
    while let key = try scout.nextKey(in: body) {
      let found = try scout.kind(in: body)
      if found == kind, key.equals(name, in: body) { isFound = true }
      try scout.skipValue(in: body)
    }
    return isFound
  }
}
