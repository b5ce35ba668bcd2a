// `chat.completion.chunk` objects, as OpenAI's API reference names them and as the many providers
// that imitate it really send them. One pass over the payload, in whatever order its fields come.
//
// Rules: an unknown field is passed over, a known one of an unexpected kind is too (null above
// all): a provider's whim must not end an answer. Only what is not JSON throws. Of a name that
// comes twice the last one counts, as with most decoders.

internal import JSONWire

/// Reads the payloads of an OpenAI Chat Completions stream.
enum OpenAIChat {
  /// - Parameter name: The field of a choice that is read: a chunk's `delta`, or the `message` of a
  ///   whole answer.
  static func read(
    _ payload: Span<UInt8>, _ name: StaticString = "delta"
  ) throws(JSONError) -> ModelEvent {
    if isDone(payload) { return ModelEvent(kind: .done) }
    var reader = JSONReader()
    var event = ModelEvent(kind: .ignored)
    var choices = Choices.none
    // Some servers report a fault as `{"object":"error","message":…}`, with its fields on top.
    var isFault = false
    var topLevel = ModelFault()

    try reader.beginObject(in: payload)
    while let key = try reader.nextKey(in: payload) {
      if key.equals("choices", in: payload) {
        choices = try readChoices(name, into: &event, &reader, payload)
      } else if key.equals("usage", in: payload) {
        event.usage = try readUsage(&reader, payload)
      } else if key.equals("error", in: payload) {
        event.error = try readError(&reader, payload)
      } else if key.equals("object", in: payload) {
        isFault = try reader.text(in: payload)?.equals("error", in: payload) ?? false
      } else if key.equals("message", in: payload) {
        topLevel.message = try reader.text(in: payload)
      } else if key.equals("type", in: payload) {
        topLevel.type = try reader.present(in: payload)
      } else if key.equals("code", in: payload) {
        topLevel.code = try reader.present(in: payload)
      } else {
        try reader.skipValue(in: payload)
      }
    }
    try reader.end(in: payload)

    if event.error == nil, isFault { event.error = topLevel }
    if event.error != nil {
      event.kind = .error
    } else if event.usage != nil, choices != .speaking {
      event.kind = .usageOnly
    } else if choices != .none {
      event.kind = .content
    }
    return event
  }

  /// What the entries of `choices` say. Some servers give their usage with one that says nothing.
  private enum Choices {
    case none, silent, speaking
  }

  /// `[DONE]`, whatever follows it; no JSON begins so.
  private static func isDone(_ payload: Span<UInt8>) -> Bool {
    var start = 0
    while start < payload.count, payload[start] <= 0x20 { start += 1 }
    guard payload.count - start >= 6, payload[start] == UInt8(ascii: "[") else { return false }
    return JSONString(range: start..<start + 6, isPlain: true).equals("[DONE]", in: payload)
  }

  private static func readChoices(
    _ name: StaticString, into event: inout ModelEvent, _ reader: inout JSONReader,
    _ payload: Span<UInt8>
  ) throws(JSONError) -> Choices {
    guard try reader.enterArray(in: payload) else { return .none }
    var choices = Choices.none
    var position = 0
    while try reader.nextElement(in: payload) {
      let speaks = try readChoice(name, at: position, into: &event, &reader, payload)
      if choices != .speaking { choices = speaks ? .speaking : .silent }
      position += 1
    }
    return choices
  }

  /// Whether it says anything at all.
  private static func readChoice(
    _ name: StaticString, at position: Int, into event: inout ModelEvent,
    _ reader: inout JSONReader,
    _ payload: Span<UInt8>
  ) throws(JSONError) -> Bool {
    guard try reader.enterObject(in: payload) else { return false }
    // The index may follow what it is about.
    var index = position
    var choice = Choice()
    while let key = try reader.nextKey(in: payload) {
      if key.equals(name, in: payload) {
        try readDelta(into: &choice, &reader, payload)
      } else if key.equals("index", in: payload) {
        index = try reader.count(in: payload) ?? position
      } else if key.equals("finish_reason", in: payload) {
        choice.finishReason = try reader.nonEmptyText(in: payload)
      } else if try reader.present(in: payload) != nil {
        choice.hasOther = true
      }
    }
    if choice.isContent { event.isContent = true }
    let speaks = choice.isContent || choice.hasOther
    guard index == 0 else { return speaks }
    if let text = choice.text { event.text = text }
    if let reasoning = choice.reasoning { event.reasoning = reasoning }
    if let refusal = choice.refusal { event.refusal = refusal }
    if choice.hasToolCalls { event.hasToolCalls = true }
    if let finishReason = choice.finishReason { event.finishReason = finishReason }
    return speaks
  }

  /// What one entry of `choices` carries.
  private struct Choice {
    var text: JSONString?
    var reasoning: JSONString?
    var refusal: JSONString?
    var finishReason: JSONString?
    var hasToolCalls = false
    /// Content in parts is not text that can be passed on, but it is a sign of life.
    var hasParts = false
    /// A role, or a field that we do not know.
    var hasOther = false

    var isContent: Bool {
      text != nil || reasoning != nil || refusal != nil || finishReason != nil || hasToolCalls
        || hasParts
    }
  }

  private static func readDelta(
    into choice: inout Choice, _ reader: inout JSONReader, _ payload: Span<UInt8>
  ) throws(JSONError) {
    guard try reader.enterObject(in: payload) else { return }
    while let key = try reader.nextKey(in: payload) {
      if key.equals("content", in: payload) {
        choice.hasParts = try reader.kind(in: payload) == .array
        choice.text = try reader.nonEmptyText(in: payload)
      } else if key.equals("reasoning_content", in: payload)
        || key.equals("reasoning", in: payload)
      {
        // Some providers send both names, one of them null.
        if let reasoning = try reader.nonEmptyText(in: payload) { choice.reasoning = reasoning }
      } else if key.equals("refusal", in: payload) {
        choice.refusal = try reader.nonEmptyText(in: payload)
      } else if key.equals("tool_calls", in: payload) {
        if try readToolCalls(&reader, payload) { choice.hasToolCalls = true }
      } else if key.equals("function_call", in: payload) {
        // The name of a single tool call before there were several.
        if try reader.kind(in: payload) == .object { choice.hasToolCalls = true }
        try reader.skipValue(in: payload)
      } else if try reader.present(in: payload) != nil {
        choice.hasOther = true
      }
    }
  }

  private static func readToolCalls(_ reader: inout JSONReader, _ payload: Span<UInt8>)
    throws(JSONError) -> Bool
  {
    guard try reader.enterArray(in: payload) else { return false }
    var isAny = false
    while try reader.nextElement(in: payload) {
      try reader.skipValue(in: payload)
      isAny = true
    }
    return isAny
  }

  /// Nil when none of the three counts is there.
  private static func readUsage(_ reader: inout JSONReader, _ payload: Span<UInt8>)
    throws(JSONError) -> Usage?
  {
    guard try reader.enterObject(in: payload) else { return nil }
    var prompt: Int?
    var completion: Int?
    var total: Int?
    while let key = try reader.nextKey(in: payload) {
      if key.equals("prompt_tokens", in: payload) {
        prompt = try reader.count(in: payload)
      } else if key.equals("completion_tokens", in: payload) {
        completion = try reader.count(in: payload)
      } else if key.equals("total_tokens", in: payload) {
        total = try reader.count(in: payload)
      } else {
        try reader.skipValue(in: payload)
      }
    }
    if prompt == nil, completion == nil, total == nil { return nil }
    let (sum, overflow) = (prompt ?? 0).addingReportingOverflow(completion ?? 0)
    return Usage(
      promptTokens: prompt ?? 0, completionTokens: completion ?? 0,
      totalTokens: total ?? (overflow ? Int.max : sum))
  }

  /// An object or a plain string; anything else that is not null is a fault without a message.
  private static func readError(_ reader: inout JSONReader, _ payload: Span<UInt8>)
    throws(JSONError) -> ModelFault?
  {
    var fault = ModelFault()
    switch try reader.kind(in: payload) {
    case .null:
      try reader.skipValue(in: payload)
      return nil
    case .object:
      try reader.beginObject(in: payload)
      while let key = try reader.nextKey(in: payload) {
        if key.equals("message", in: payload) {
          fault.message = try reader.text(in: payload)
        } else if key.equals("type", in: payload) {
          fault.type = try reader.present(in: payload)
        } else if key.equals("code", in: payload) {
          fault.code = try reader.present(in: payload)
        } else {
          try reader.skipValue(in: payload)
        }
      }
    case .string, .number, .bool, .array:
      fault.message = try reader.text(in: payload)
    }
    return fault
  }
}
