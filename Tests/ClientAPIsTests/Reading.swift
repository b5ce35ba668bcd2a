import ClientAPIs
import JSONWire
import ModelFormats

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Whether the bytes are one JSON value.
func isJSON(_ bytes: [UInt8]) -> Bool {
  var reader = JSONReader()
  do {
    _ = try reader.skipValue(in: bytes.span)
    try reader.end(in: bytes.span)
    return true
  } catch {
    return false
  }
}

/// What a format shows of one upstream payload.
func shown(_ payload: String, in format: WireFormat, sequence: Int = 1) throws(JSONError)
  -> String
{
  let bytes = Array(payload.utf8)
  let event = try ModelFormat.openAIChat.read(bytes.span)
  var output: [UInt8] = []
  format.appendEvent(event, bytes.span, sequence: sequence, to: &output)
  return text(output)
}

/// What a format shows of the end.
func shown(_ ending: Ending, in format: WireFormat, _ summary: AnswerSummary) -> String {
  var output: [UInt8] = []
  format.appendEnding(ending, summary, to: &output)
  return text(output)
}
