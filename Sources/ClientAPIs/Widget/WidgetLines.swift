internal import JSONWire

/// The Widget API's stream: one compact JSON object a line.
enum WidgetLines {
  /// Said and stored in place of an empty answer.
  static let emptyAnswer = "I could not generate a response right now."

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
      let message = trimmed(summary.text)
      JSONText.appendQuoted(message.isEmpty ? emptyAnswer : message, to: &output)
      output.append(copying: ",\"conversationId\":")
      JSONText.appendQuoted(summary.streamID, to: &output)
      output.append(copying: "}\n")
    case .cancelled, .failed:
      output.append(copying: "{\"type\":\"error\",\"error\":\"Internal server error\"}\n")
    }
  }

  /// Without the white space and line ends at both ends that ECMAScript's `trim` takes away.
  private static func trimmed(_ text: [UInt8]) -> String {
    let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
    let isBlank: (Unicode.Scalar) -> Bool = {
      $0.properties.generalCategory == .spaceSeparator || $0.value == 0xFEFF
        || (0x09...0x0D).contains($0.value) || $0.value == 0x2028 || $0.value == 0x2029
    }
    guard let first = scalars.firstIndex(where: { !isBlank($0) }),
      let last = scalars.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(String.UnicodeScalarView(scalars[first...last]))
  }
}
