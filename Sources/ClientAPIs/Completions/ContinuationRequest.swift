internal import JSONWire

/// A request that asks a model to go on with an answer that broke off, made of the request that
/// began it.
public enum ContinuationRequest {
  /// How the model is told that the last message is its own and not complete.
  public enum Manner: Sendable {
    /// Not at all: it writes on by itself.
    case prefill
    /// By the fields that vLLM and SGLang have for it.
    case finalMessage
    /// By a further message of the user's.
    case instruction
  }

  private static let instruction =
    "Your answer was interrupted. Continue it exactly where it stopped: repeat nothing, add no "
    + "remark, and begin with the very next character."

  /// Fields of which the server makes a grammar that begins anew, or an answer that is not text; of
  /// OpenAI, vLLM, SGLang and llama.cpp. And `echo`, which would repeat what has been said.
  private static let restarting: [StaticString] = [
    "audio", "modalities", "echo", "guided_json", "guided_regex", "guided_choice",
    "guided_grammar", "structured_outputs", "json_schema", "grammar", "regex", "ebnf",
    "structural_tag",
  ]

  /// Whether a streamed answer to this request is such that another model can go on with it: one
  /// answer, as text without a schema, and without numbers for every token.
  /// - Parameter body: As it went upstream.
  public static func isPossible(_ body: Span<UInt8>) -> Bool {
    var reader = JSONReader()
    do {
      try reader.beginObject(in: body)
      while let key = try reader.nextKey(in: body) {
        let kind = try reader.kind(in: body)
        let value = try reader.skipValue(in: body)
        let text = String(decoding: value.map { body[$0] }, as: UTF8.self)
        if key.equals("n", in: body), text != "1", kind != .null { return false }
        if key.equals("logprobs", in: body), text == "true" { return false }
        if text != "false", kind != .null,
          restarting.contains(where: { key.equals($0, in: body) })
        {
          return false
        }
        if key.equals("response_format", in: body), kind != .null {
          guard try isText(body, value) else { return false }
        }
      }
      return true
    } catch {
      return false
    }
  }

  /// Whether a `response_format` is that of plain text.
  private static func isText(
    _ body: Span<UInt8>, _ value: Range<Int>
  ) throws(JSONError) -> Bool {
    var reader = JSONReader(at: value.lowerBound)
    guard try reader.kind(in: body) == .object else { return false }
    try reader.beginObject(in: body)
    while let key = try reader.nextKey(in: body) {
      guard key.equals("type", in: body), try reader.kind(in: body) == .string else {
        try reader.skipValue(in: body)
        continue
      }
      if try reader.string(in: body).equals("text", in: body) { return true }
    }
    return false
  }

  /// The request with the answer so far behind its messages.
  ///
  /// - Parameters:
  ///   - body: As it went upstream; it was read as a request before.
  ///   - text: The answer so far, UTF-8. Empty: the request as it was.
  public static func body(
    _ body: Span<UInt8>, text: [UInt8], _ manner: Manner
  ) -> [UInt8] {
    var output: [UInt8] = []
    guard !text.isEmpty, let place = try? Place(body) else {
      output.append(copying: body)
      return output
    }
    var messages = message("assistant", text.span)
    if manner == .instruction { messages += message("user", Array(instruction.utf8).span) }
    output.append(copying: body.extracting(0..<place.fields))
    if manner == .finalMessage {
      output += Array(#""continue_final_message":true,"add_generation_prompt":false,"#.utf8)
    }
    output.append(copying: body.extracting(place.fields..<place.messagesEnd))
    output += messages
    output.append(copying: body.extracting(place.messagesEnd...))
    return output
  }

  /// With a comma in front.
  private static func message(_ role: StaticString, _ text: Span<UInt8>) -> [UInt8] {
    var message = JSONWriter(appendingTo: [UInt8(ascii: ",")])
    message.beginObject()
    message.key("role")
    message.string("\(role)")
    message.key("content")
    message.string(utf8: text)
    message.endObject()
    return message.bytes
  }

  /// Where something goes into a request.
  private struct Place {
    /// Behind the opening brace.
    var fields = 0
    /// Before the bracket that closes the messages, of which there is at least one.
    var messagesEnd = 0

    init(_ body: Span<UInt8>) throws(JSONError) {
      var reader = JSONReader()
      try reader.beginObject(in: body)
      fields = reader.position
      while let key = try reader.nextKey(in: body) {
        let isMessages = key.equals("messages", in: body)
        let value = try reader.skipValue(in: body)
        // Of repeated keys the last counts.
        if isMessages { messagesEnd = value.upperBound - 1 }
      }
    }
  }
}
