internal import JSONWire

/// One answer of a completion, put together from the entries of its index.
struct AssembledChoice: Sendable {
  private var role = JoinedText()
  private var content = JoinedText()
  private var reasoningContent = JoinedText()
  private var reasoning = JoinedText()
  private var refusal = JoinedText()
  private var toolCalls = AssembledToolCalls()
  private var functionCall = AssembledCall()
  /// Members of the deltas that are none of these.
  private var messageFields = KeptFields()

  private var finishReason: [UInt8] = []
  private var contentLogprobs: [UInt8] = []
  private var refusalLogprobs: [UInt8] = []
  private var fields = KeptFields()

  /// Reads one entry of `choices`.
  mutating func add(from reader: inout JSONReader, _ payload: Span<UInt8>) throws(JSONError) {
    guard try reader.enterObject(in: payload) else { return }
    while let key = try reader.nextKey(in: payload) {
      if key.equals("index", in: payload) {
        try reader.skipValue(in: payload)
      } else if key.equals("delta", in: payload) {
        try addDelta(from: &reader, payload)
      } else if key.equals("finish_reason", in: payload) {
        if let reason = try reader.nonEmptyText(in: payload) {
          finishReason = []
          JSONText.appendNormalized(reason, from: payload, to: &finishReason)
        }
      } else if key.equals("logprobs", in: payload) {
        try addLogprobs(from: &reader, payload)
      } else {
        try fields.keepLast(key, from: &reader, payload)
      }
    }
  }

  private mutating func addDelta(from reader: inout JSONReader, _ payload: Span<UInt8>)
    throws(JSONError)
  {
    guard try reader.enterObject(in: payload) else { return }
    while let key = try reader.nextKey(in: payload) {
      if key.equals("content", in: payload) {
        try content.add(from: &reader, payload)
      } else if key.equals("role", in: payload) {
        try role.keepFirst(from: &reader, payload)
      } else if key.equals("reasoning_content", in: payload) {
        try reasoningContent.add(from: &reader, payload)
      } else if key.equals("reasoning", in: payload) {
        try reasoning.add(from: &reader, payload)
      } else if key.equals("refusal", in: payload) {
        try refusal.add(from: &reader, payload)
      } else if key.equals("tool_calls", in: payload) {
        try toolCalls.add(from: &reader, payload)
      } else if key.equals("function_call", in: payload) {
        try functionCall.add(from: &reader, payload)
      } else {
        try messageFields.keepLast(key, from: &reader, payload, joinsArrays: true)
      }
    }
  }

  private mutating func addLogprobs(from reader: inout JSONReader, _ payload: Span<UInt8>)
    throws(JSONError)
  {
    guard try reader.enterObject(in: payload) else { return }
    while let key = try reader.nextKey(in: payload) {
      let isContent = key.equals("content", in: payload)
      let isRefusal = key.equals("refusal", in: payload)
      let isArray = try reader.kind(in: payload) == .array
      let range = try reader.skipValue(in: payload)
      guard isArray, isContent || isRefusal else { continue }
      let list = try KeptFields.compact(range, of: payload)
      if isContent {
        KeptFields.join(list, to: &contentLogprobs)
      } else {
        KeptFields.join(list, to: &refusalLogprobs)
      }
    }
  }

  func write(index: Int, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("index")
    writer.integer(index)
    writer.key("message")
    writeMessage(to: &writer)
    writer.key("logprobs")
    if contentLogprobs.isEmpty && refusalLogprobs.isEmpty {
      writer.null()
    } else {
      writer.beginObject()
      writer.key("content")
      writer.rawOrNull(contentLogprobs)
      writer.key("refusal")
      writer.rawOrNull(refusalLogprobs)
      writer.endObject()
    }
    writer.key("finish_reason")
    writer.rawOrNull(finishReason)
    fields.write(to: &writer)
    writer.endObject()
  }

  private func writeMessage(to writer: inout JSONWriter) {
    let hasCalls = !toolCalls.isEmpty || !functionCall.isEmpty
    writer.beginObject()
    writer.key("role")
    if role.isEmpty { writer.string("assistant") } else { role.write(to: &writer) }
    writer.key("content")
    if content.isEmpty && (hasCalls || !refusal.isEmpty) {
      writer.null()
    } else {
      content.write(to: &writer)
    }
    reasoningContent.write("reasoning_content", to: &writer)
    reasoning.write("reasoning", to: &writer)
    writer.key("refusal")
    if refusal.isEmpty { writer.null() } else { refusal.write(to: &writer) }
    if !toolCalls.isEmpty {
      writer.key("tool_calls")
      toolCalls.write(to: &writer)
    }
    if !functionCall.isEmpty {
      writer.key("function_call")
      functionCall.write(textKey: "arguments", to: &writer)
    }
    messageFields.write(to: &writer)
    writer.endObject()
  }
}

extension JSONWriter {
  /// A value that is JSON already; null in place of nothing.
  mutating func rawOrNull(_ value: [UInt8]) {
    if value.isEmpty { null() } else { raw(value.span) }
  }
}
