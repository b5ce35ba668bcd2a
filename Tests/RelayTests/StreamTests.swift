import ClientAPIs
import JSONWire
import ModelFormats
import StreamLog
import Testing

@testable import Relay

@Suite struct StreamTests {
  private static let hello = #"{"choices":[{"index":0,"delta":{"content":"Hel\u006co"}}]}"#
  private static let world = #"{"choices":[{"index":0,"delta":{"content":" 🌊"}}]}"#
  private static let role = #"{"choices":[{"index":0,"delta":{"role":"assistant"}}]}"#
  private static let stop = #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#
  private static let usage =
    #"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#

  private func told() throws -> Stream {
    let stream = makeStream()
    for payload in [Self.role, Self.hello, Self.usage, Self.world, Self.stop] {
      try stream.append(payload)
    }
    return stream
  }

  @Test func `each format says the same answer in its own words`() throws {
    let stream = try told()
    stream.close(.done(finishReason: stream.finishReason))
    #expect(
      stream.text(.openAI) == """
        data: \(Self.role)

        data: \(Self.hello)

        data: \(Self.world)

        data: \(Self.stop)

        data: \(Self.usage)

        data: [DONE]


        """)
    #expect(
      stream.text(.events) == #"""
        id: 2
        data: {"text":"Hel\u006co"}

        id: 3
        data: {"text":" 🌊"}

        id: 6
        event: done
        data: {"finishReason":"stop","usage":\#
        {"promptTokens":1,"completionTokens":2,"totalTokens":3}}


        """#)
    #expect(
      stream.text(.lines) == #"""
        {"type":"token","token":"Hel\u006co"}
        {"type":"token","token":" 🌊"}
        {"type":"done","message":"Hello 🌊","conversationId":"\#(stream.id.text)"}

        """#)
    #expect(
      stream.text(.chunks) == #"""
        data: {"chunk": "Hel\u006co"}

        data: {"chunk": " 🌊"}

        data: [DONE]


        """#)
  }

  @Test func `the log remembers what the model said of its end and of its cost`() throws {
    let stream = try told()
    #expect(stream.finishReason == "stop")
    #expect(stream.usage == Usage(promptTokens: 1, completionTokens: 2, totalTokens: 3))
    #expect(stream.sequence == 4, "the usage is kept for the end")
    #expect(stream.ending == nil)
    #expect(stream.answerText() == Array("Hello 🌊".utf8))
    #expect(stream.sequence == 4, "reading back adds nothing")
  }

  @Test func `nothing comes behind the end`() throws {
    let stream = try told()
    stream.close(.cancelled)
    let before = stream.bytes(.first)
    try stream.append(Self.hello)
    stream.close(.done(finishReason: nil))
    #expect(stream.sequence == 6)
    #expect(stream.bytes(.first) == before)
    guard case .cancelled = stream.ending else {
      Issue.record("the first end is the end")
      return
    }
  }

  @Test func `the one who does not want the usage gets all but that chunk`() throws {
    let stream = try told()
    stream.close(.done(finishReason: "stop"))
    for isChunked in [true, false] {
      let key = RenderingKey(format: .openAI, isChunked: isChunked)
      let body = stream.bytes(key, skippingOptional: true)
      let read = try events(isChunked ? dechunked(body).data : body)
      #expect(
        read.map(\.data) == [Self.role, Self.hello, Self.world, Self.stop, "[DONE]"])
    }
  }

  @Test func `several usage chunks are skipped together`() throws {
    let stream = makeStream()
    for payload in [Self.usage, Self.hello, Self.usage, Self.stop] { try stream.append(payload) }
    stream.close(.done(finishReason: "stop"))
    let key = RenderingKey(format: .openAI, isChunked: false)
    #expect(
      try events(stream.bytes(key)).map(\.data)
        == [Self.hello, Self.stop, Self.usage, Self.usage, "[DONE]"])
    #expect(
      try events(stream.bytes(key, skippingOptional: true)).map(\.data)
        == [Self.hello, Self.stop, "[DONE]"])
  }

  @Test func `of very many usage chunks the last is kept`() throws {
    let stream = makeStream()
    for count in 1...100 {
      try stream.append(#"{"choices":[],"usage":{"prompt_tokens":\#(count)}}"#)
    }
    stream.close(.done(finishReason: nil))
    let last = try events(stream.bytes(RenderingKey(format: .openAI, isChunked: false))).dropLast()
    #expect(last.last?.data == #"{"choices":[],"usage":{"prompt_tokens":100}}"#)
    #expect(stream.usage?.promptTokens == 100)
  }

  @Test func `a usage chunk that is none by its size costs no reader its text`() throws {
    let blanks = String(repeating: " ", count: 5000)
    for isChunked in [true, false] {
      let stream = makeStream()
      try stream.append(#"{"choices":[],"usage":{"prompt_tokens":1}\#(blanks)}"#)
      for payload in [Self.hello, Self.usage, Self.stop] { try stream.append(payload) }
      stream.close(.done(finishReason: "stop"))
      let key = RenderingKey(format: .openAI, isChunked: isChunked)
      let body = stream.bytes(key, skippingOptional: true)
      let read = try events(isChunked ? dechunked(body).data : body).map(\.data)
      #expect(read.suffix(3) == [Self.hello, Self.stop, "[DONE]"])
    }
  }

  @Test func `other formats have nothing to skip`() throws {
    let stream = try told()
    stream.close(.done(finishReason: "stop"))
    for key in everyKey where key.format != .openAI {
      #expect(stream.bytes(key, skippingOptional: true) == stream.bytes(key))
    }
  }

  @Test func `only a whole answer ends with the marker of one`() throws {
    for key in everyKey where key.format == .openAI || key.format == .chunks {
      for ending in [Ending.cancelled, .failed(Failure(.upstreamFailed, "cut"))] {
        let stream = try told()
        stream.close(ending)
        let text = String(decoding: stream.bytes(key), as: UTF8.self)
        #expect(!text.contains("[DONE]"))
        #expect(text.contains(#""error""#))
      }
    }
  }

  @Test func `a stream without a single event can end`() throws {
    let failed = Ending.failed(Failure(.overloaded, "x"))
    for ending in [.done(finishReason: nil), .cancelled, failed] {
      for key in everyKey {
        let stream = makeStream()
        stream.close(ending)
        #expect(stream.sequence == 1)
        #expect(stream.rendering(key).offset(after: 1) == stream.rendering(key).written)
        #expect(!stream.bytes(key).isEmpty)
      }
    }
    #expect(makeStream().answerText() == [])
  }

  @Test func `a character cut in two by events is whole in the completion alone`() throws {
    let stream = makeStream()
    try stream.append(#"{"choices":[{"index":0,"delta":{"content":"a\ud83c"}}]}"#)
    try stream.append(#"{"choices":[{"index":0,"delta":{"content":"\udf0ab"}}]}"#)
    #expect(String(decoding: stream.answerText(), as: UTF8.self) == "a\u{FFFD}\u{FFFD}b")
    let whole = String(decoding: stream.assembledCompletion(), as: UTF8.self)
    #expect(whole.contains("a🌊b") || whole.contains(#"a\ud83c\udf0ab"#))
  }

  @Test func `all that a stream holds is counted, and given back when it goes`() throws {
    let budget = LogBudget(limit: 1 << 30)
    var stream: Stream? = makeStream(budget: budget)
    for number in 0..<500 {
      try stream?.append(#"{"choices":[{"index":0,"delta":{"content":"\#(number)"}}]}"#)
    }
    for key in everyKey { _ = stream?.rendering(for: key) }
    stream?.close(.done(finishReason: "stop"))
    #expect(budget.used == stream?.heldBytes)
    #expect(stream?.bytes == stream?.renderings.first?.rendering.written)
    stream = nil
    #expect(budget.used == 0)
  }

  private static let answer =
    #"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"#
    + #""finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"#
    + #""total_tokens":3}}"#

  @Test(arguments: [false, true])
  func `a folded answer reads as one that was written at once`(_ isReadBeforeItsEnd: Bool) throws {
    let budget = LogBudget(limit: 1 << 30)
    do {
      let answer = Array(Self.answer.utf8)
      let folded = makeStream(budget: budget)
      let event = CompletionAnswer.event(of: answer.span)
      folded.fold(answer, try #require(event))
      #expect(folded.bytes == answer.count)
      if isReadBeforeItsEnd { #expect(!folded.bytes(.first).isEmpty) }

      let written = makeStream(budget: budget)
      var chunk: [UInt8] = []
      _ = try CompletionAnswer.chunk(from: answer.span, into: &chunk)
      written.append(try ModelFormat.openAIChat.read(chunk.span), chunk.span)

      for stream in [folded, written] { stream.close(.done(finishReason: stream.finishReason)) }
      #expect(folded.finishReason == "stop" && folded.usage == written.usage)
      #expect(folded.sequence == written.sequence)
      folded.forgetWholeAnswer()
      for format in WireFormat.allCases {
        let key = RenderingKey(format: format, isChunked: true)
        #expect(folded.bytes(key) == written.bytes(key))
        #expect(folded.bytes(key, after: 1) == written.bytes(key, after: 1))
      }
      #expect(folded.answerText() == Array("Hi".utf8) && folded.wholeAnswer == nil)
    }
    #expect(budget.used == 0)
  }

  @Test func `an answer behind a usage is not folded`() throws {
    let stream = makeStream()
    #expect(stream.isUntouched)
    try stream.append(Self.usage)
    #expect(!stream.isUntouched)
  }
}
