internal import JSONWire

/// What is called and with what: a function's name and arguments, or a custom tool's and its input.
struct AssembledCall: Sendable {
  private var name = JoinedText()
  private var text = JoinedText()
  private var fields = KeptFields()
  /// An object has been read, be it an empty one.
  private(set) var isEmpty = true

  mutating func add(from reader: inout JSONReader, _ payload: Span<UInt8>) throws(JSONError) {
    guard try reader.enterObject(in: payload) else { return }
    isEmpty = false
    while let key = try reader.nextKey(in: payload) {
      if key.equals("name", in: payload) {
        try name.keepFirst(from: &reader, payload)
      } else if key.equals("arguments", in: payload) || key.equals("input", in: payload) {
        try text.add(from: &reader, payload)
      } else {
        try fields.keepLast(key, from: &reader, payload)
      }
    }
  }

  func write(textKey: StaticString, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("name")
    name.write(to: &writer)
    writer.key(textKey)
    text.write(to: &writer)
    fields.write(to: &writer)
    writer.endObject()
  }
}

/// The tool calls of one answer, put together by their index.
struct AssembledToolCalls: Sendable {
  private struct ToolCall: Sendable {
    var id = JoinedText()
    var type = JoinedText()
    var function = AssembledCall()
    var custom = AssembledCall()
    var fields = KeptFields()
  }

  private var calls: [Int: ToolCall] = [:]
  /// The index of the call that got the latest fragment.
  private var latest = -1
  private var highest = -1

  var isEmpty: Bool { calls.isEmpty }

  /// Reads the `tool_calls` of one delta.
  mutating func add(from reader: inout JSONReader, _ payload: Span<UInt8>) throws(JSONError) {
    guard try reader.enterArray(in: payload) else { return }
    while try reader.nextElement(in: payload) {
      guard try reader.kind(in: payload) == .object else {
        try reader.skipValue(in: payload)
        continue
      }
      let index = try indexOfCall(in: reader, payload)
      latest = index
      highest = max(highest, index)
      try Self.add(to: &calls[index, default: ToolCall()], from: &reader, payload)
    }
  }

  /// Some providers send no index. A fragment with an id of its own then begins a call, and one
  /// without goes on with the latest.
  private func indexOfCall(in reader: JSONReader, _ payload: Span<UInt8>) throws(JSONError) -> Int {
    if let index = try CompletionAssembler.index(in: reader, payload) { return index }
    var scout = reader
    var id: JSONString?
    try scout.beginObject(in: payload)
    while let key = try scout.nextKey(in: payload) {
      if key.equals("id", in: payload) {
        id = try scout.nonEmptyText(in: payload)
      } else {
        try scout.skipValue(in: payload)
      }
    }
    guard let current = calls[latest] else { return 0 }
    guard let id, !current.id.equals(id, in: payload) else { return latest }
    return highest < Int.max ? highest + 1 : latest
  }

  private static func add(
    to call: inout ToolCall, from reader: inout JSONReader, _ payload: Span<UInt8>
  ) throws(JSONError) {
    try reader.beginObject(in: payload)
    while let key = try reader.nextKey(in: payload) {
      if key.equals("index", in: payload) {
        try reader.skipValue(in: payload)
      } else if key.equals("id", in: payload) {
        try call.id.keepFirst(from: &reader, payload)
      } else if key.equals("type", in: payload) {
        try call.type.keepFirst(from: &reader, payload)
      } else if key.equals("function", in: payload) {
        try call.function.add(from: &reader, payload)
      } else if key.equals("custom", in: payload) {
        try call.custom.add(from: &reader, payload)
      } else {
        try call.fields.keepLast(key, from: &reader, payload)
      }
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.beginArray()
    for (_, call) in calls.sorted(by: { $0.key < $1.key }) {
      writer.beginObject()
      call.id.write("id", to: &writer)
      writer.key("type")
      if call.type.isEmpty {
        writer.string(call.custom.isEmpty ? "function" : "custom")
      } else {
        call.type.write(to: &writer)
      }
      if !call.function.isEmpty {
        writer.key("function")
        call.function.write(textKey: "arguments", to: &writer)
      }
      if !call.custom.isEmpty {
        writer.key("custom")
        call.custom.write(textKey: "input", to: &writer)
      }
      call.fields.write(to: &writer)
      writer.endObject()
    }
    writer.endArray()
  }
}
