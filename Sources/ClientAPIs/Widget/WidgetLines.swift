internal import JSONWire

/// The Widget API's stream: one compact JSON object a line.
enum WidgetLines {
  static func appendStart(conversationID: String, to output: inout [UInt8]) {
    output.append(copying: "{\"type\":\"start\",\"conversationId\":")
    JSONText.appendQuoted(conversationID, to: &output)
    output.append(copying: "}\n")
  }

  static func appendToken(
    _ text: JSONString?, _ payload: Span<UInt8>, to output: inout [UInt8]
  ) {
    guard let text else { return }
    output.append(copying: "{\"type\":\"token\",\"token\":")
    JSONText.appendNormalized(text, from: payload, to: &output)
    output.append(copying: "}\n")
  }

  static func appendEnding(
    _ ending: Ending, _ summary: AnswerSummary, to output: inout [UInt8]
  ) {
    switch ending {
    case .done:
      output.append(copying: "{\"type\":\"done\",\"message\":")
      JSONText.appendQuoted(WidgetAnswers.replyText(summary.text), to: &output)
      output.append(copying: ",\"conversationId\":")
      JSONText.appendQuoted(summary.conversationID, to: &output)
      if summary.continuations > 0 { output.append(copying: ",\"continued\":true") }
      output.append(copying: "}\n")
    case .cancelled, .failed:
      output.append(copying: "{\"type\":\"error\",\"error\":\"Internal server error\"}\n")
    }
  }
}
