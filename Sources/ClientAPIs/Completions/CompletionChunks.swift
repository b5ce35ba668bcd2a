internal import JSONWire

/// The Completions API's stream: `data:` lines with the provider's chunks as they came.
enum CompletionChunks {
  /// A payload of several lines (pretty-printed JSON) needs a field name before each.
  static func appendEvent(_ payload: Span<UInt8>, to output: inout [UInt8]) {
    output.append(copying: "data: ")
    var start = 0
    var end = payload.lineFeed(from: 0)
    while end < payload.count {
      output.append(copying: payload.extracting(start...end))
      output.append(copying: "data: ")
      start = end + 1
      end = payload.lineFeed(from: start)
    }
    output.append(copying: payload.extracting(start...))
    output.append(copying: "\n\n")
  }

  /// `[DONE]` certifies a whole answer: nothing else ends with it.
  static func appendEnding(
    _ ending: Ending, _ summary: AnswerSummary, to output: inout [UInt8]
  ) {
    switch ending {
    case .done:
      WireFormat.appendContinued(summary, to: &output)
      output.append(copying: "data: [DONE]\n\n")
    case .cancelled:
      appendError(Failure(.cancelled, "the generation was stopped"), to: &output)
    case .failed(let failure):
      appendError(failure, to: &output)
    }
  }

  private static func appendError(_ failure: Failure, to output: inout [UInt8]) {
    let body = failure.payload ?? CompletionsErrors.body(for: failure)
    appendEvent(body.span, to: &output)
  }
}
