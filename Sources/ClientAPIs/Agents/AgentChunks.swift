internal import JSONWire

/// The Agents API's stream: `{"chunk": …}` events and `[DONE]`.
enum AgentChunks {
  static func appendChunk(
    _ text: JSONString?, _ payload: Span<UInt8>, to output: inout [UInt8]
  ) {
    guard let text else { return }
    output.append(copying: "data: {\"chunk\": ")
    JSONText.appendNormalized(text, from: payload, to: &output)
    output.append(copying: "}\n\n")
  }

  static func appendEnding(
    _ ending: Ending, _ summary: AnswerSummary, to output: inout [UInt8]
  ) {
    switch ending {
    case .done:
      WireFormat.appendContinued(summary, to: &output)
      output.append(copying: "data: [DONE]\n\n")
    case .cancelled: appendError("The generation was stopped", to: &output)
    case .failed(let failure): appendError(AgentsErrors.message(of: failure), to: &output)
    }
  }

  private static func appendError(_ message: String, to output: inout [UInt8]) {
    var json = JSONWriter()
    AgentsErrors.append("InternalServerError", message, to: &json)
    output.append(copying: "data: {\"error\": ")
    output += json.bytes
    output.append(copying: "}\n\n")
  }
}
