import JSONWire
import ModelFormats

/// An event with its ranges replaced by what they hold, for comparison.
struct Seen: Equatable {
  var kind: ModelEvent.Kind
  var text: String?
  var reasoning: String?
  var refusal: String?
  var hasToolCalls = false
  var finishReason: String?
  var usage: Usage?
  var error: SeenFault?
  var isContent = false
}

struct SeenFault: Equatable {
  var message: String?
  var type: String?
  var code: String?

  init(message: String? = nil, type: String? = nil, code: String? = nil) {
    (self.message, self.type, self.code) = (message, type, code)
  }

  init(_ fault: ModelFault, in bytes: [UInt8]) {
    message = fault.message.map { $0.text(in: bytes.span) }
    type = fault.type.map { String(decoding: bytes[$0], as: UTF8.self) }
    code = fault.code.map { String(decoding: bytes[$0], as: UTF8.self) }
  }
}

func read(_ payload: String) throws(JSONError) -> Seen {
  let bytes = Array(payload.utf8)
  let event = try ModelFormat.openAIChat.read(bytes.span)
  return Seen(
    kind: event.kind, text: event.text.map { $0.text(in: bytes.span) },
    reasoning: event.reasoning.map { $0.text(in: bytes.span) },
    refusal: event.refusal.map { $0.text(in: bytes.span) }, hasToolCalls: event.hasToolCalls,
    finishReason: event.finishReason.map { $0.text(in: bytes.span) }, usage: event.usage,
    error: event.error.map { SeenFault($0, in: bytes) }, isContent: event.isContent)
}

/// The one chunk that says what the body says; nil if the body is a fault.
func chunk(_ body: String) throws(JSONError) -> String? {
  let bytes = Array(body.utf8)
  var output: [UInt8] = []
  switch try CompletionAnswer.chunk(from: bytes.span, into: &output) {
  case .chunk: return String(decoding: output, as: UTF8.self)
  case .fault: return nil
  }
}

/// The answer that the chunks make up.
func assembled(_ payloads: [String]) throws(JSONError) -> String {
  var assembler = CompletionAssembler()
  for payload in payloads {
    let bytes = Array(payload.utf8)
    try assembler.add(bytes.span)
  }
  return String(decoding: assembler.finish(), as: UTF8.self)
}
