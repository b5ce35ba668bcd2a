internal import JSONWire
internal import ModelFormats

/// The Streams API's own format, made for EventSource: unnamed events with an `id` to resume from,
/// then one `done` or `error`.
enum StreamEvents {
  /// How long EventSource waits before it comes back, in milliseconds.
  static func appendReturn(after milliseconds: Int, to output: inout [UInt8]) {
    output.append(copying: "retry: ")
    output.append(contentsOf: String(milliseconds).utf8)
    output.append(copying: "\n\n")
  }

  static func appendEvent(
    _ text: JSONString?, _ payload: Span<UInt8>, _ sequence: Int, to output: inout [UInt8]
  ) {
    guard let text else { return }
    appendID(sequence, to: &output)
    output.append(copying: "data: {\"text\":")
    JSONText.appendNormalized(text, from: payload, to: &output)
    output.append(copying: "}\n\n")
  }

  static func appendEnding(
    _ ending: Ending, _ summary: AnswerSummary, to output: inout [UInt8]
  ) {
    appendID(summary.sequence, to: &output)
    var json = JSONWriter()
    switch ending {
    case .done(let reason): appendDone(reason, summary, to: &json)
    case .cancelled: appendDone("cancelled", summary, to: &json)
    case .failed(let failure):
      output.append(copying: "event: error\ndata: ")
      StreamsErrors.append(failure, to: &json)
      output += json.bytes
      output.append(copying: "\n\n")
      return
    }
    output.append(copying: "event: done\ndata: ")
    output += json.bytes
    output.append(copying: "\n\n")
  }

  private static func appendDone(
    _ reason: String?, _ summary: AnswerSummary, to json: inout JSONWriter
  ) {
    json.beginObject()
    json.key("finishReason")
    if let reason { json.string(reason) } else { json.null() }
    json.key("usage")
    append(summary.usage, to: &json)
    if summary.continuations > 0 {
      json.key("continued")
      json.integer(summary.continuations)
    }
    json.endObject()
  }

  static func append(_ usage: Usage?, to json: inout JSONWriter) {
    guard let usage else { return json.null() }
    json.beginObject()
    json.key("promptTokens")
    json.integer(usage.promptTokens)
    json.key("completionTokens")
    json.integer(usage.completionTokens)
    json.key("totalTokens")
    json.integer(usage.totalTokens)
    json.endObject()
  }

  private static func appendID(_ sequence: Int, to output: inout [UInt8]) {
    output.append(copying: "id: ")
    output.append(decimal: UInt(sequence))
    output.append(UInt8(ascii: "\n"))
  }
}
