internal import EventStream
internal import ModelFormats

/// An answer as OpenAI streams it, made of a seed: the same bytes in every run.
struct SampleAnswer {
  /// An event that has been read: what the relay holds when it renders.
  struct Event {
    let event: ModelEvent
    let payload: Range<Int>
  }

  /// The whole stream, 250 bytes an event.
  let stream: [UInt8]
  let events: [Event]

  private static let words = [
    " the", " of", " stream", " and", " a", " reader", " to", " relay", ",", ".", " is", " offset",
    " event", " that", " it", " log", " has", " one", " tail", "-", " segment", " bytes", " in",
    // Escapes and characters beyond ASCII are a part of life.
    "\\n\\n", " \\\"quoted\\\"", " caf\u{E9}", " \u{2013}", " \u{4F60}\u{597D}",
  ]

  init() {
    var random = SplitMix64(seed: 20_261_126)
    var text = ""
    for _ in 0..<Benchmark.round {
      let word = Self.words[Int.random(in: 0..<Self.words.count, using: &random)]
      text += """
        data: {"id":"chatcmpl-BqVYZ4wJXnHq5mHhQbK1vEXAMPLE","object":"chat.completion.chunk",\
        "created":1764151200,"model":"gpt-4o-2024-08-06","system_fingerprint":"fp_07871e2ad8",\
        "choices":[{"index":0,"delta":{"content":"\(word)"},"logprobs":null,"finish_reason":null}]}


        """
    }
    stream = Array(text.utf8)
    events = Self.read(stream)
    precondition(events.count == Benchmark.round, "every event must be understood")
    precondition(events.allSatisfy { $0.event.text != nil }, "every event must have a text")
  }

  private static func read(_ stream: [UInt8]) -> [Event] {
    var events: [Event] = []
    var start = 0
    while start < stream.count, let end = stream[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let payload = (start + "data: ".utf8.count)..<end
      if let event = try? ModelFormat.openAIChat.read(stream.span.extracting(payload)) {
        events.append(Event(event: event, payload: payload))
      }
      start = end + 2
    }
    return events
  }
}
