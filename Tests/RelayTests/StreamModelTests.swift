import TestSupport
import ClientAPIs
import JSONWire
import ModelFormats
import StreamLog
import Testing

@testable import Relay

/// Random answers, and what must hold of every one.
@Suite struct StreamModelTests {
  private static let endings: [Ending] = [
    .done(finishReason: "stop"), .done(finishReason: nil), .cancelled,
    .failed(Failure(.upstreamTimeout, "the upstream stopped inside the answer")),
    .failed(Failure(.upstreamFailed, "it said so", payload: Array(#"{"error":"\n"}"#.utf8))),
  ]

  private func told(_ answer: RandomAnswer, seed: Int, eager: Bool) throws -> Stream {
    let stream = makeStream()
    if eager { for key in everyKey { _ = stream.rendering(for: key) } }
    for payload in answer.payloads { try stream.append(payload) }
    stream.close(Self.endings[seed % Self.endings.count])
    return stream
  }

  @Test(arguments: 0..<40)
  func `a rendering made late is the one that was there from the start`(seed: Int) throws {
    let answer = RandomAnswer(seed: seed)
    let eager = try told(answer, seed: seed, eager: true)
    let late = try told(answer, seed: seed, eager: false)
    for key in everyKey {
      #expect(late.bytes(key) == eager.bytes(key), "\(key)")
      #expect(
        late.bytes(key, skippingOptional: true) == eager.bytes(key, skippingOptional: true))
      let rendering = (late: late.rendering(key), eager: eager.rendering(key))
      #expect(rendering.late.events == late.sequence)
      #expect(rendering.late.progress == rendering.eager.progress)
      #expect(rendering.late.progress.isClosed)
      for sequence in 0...late.sequence + 1 {
        #expect(
          rendering.late.offset(after: sequence) == rendering.eager.offset(after: sequence))
      }
    }
  }

  @Test(arguments: 0..<40)
  func `a rendering made in the middle goes on as if it had been there`(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let answer = RandomAnswer(seed: seed)
    let eager = try told(answer, seed: seed, eager: true)
    let stream = makeStream()
    var waiting = everyKey.shuffled(using: &random)
    for payload in answer.payloads {
      if Bool.random(using: &random), let key = waiting.popLast() {
        _ = stream.rendering(for: key)
      }
      try stream.append(payload)
    }
    stream.close(Self.endings[seed % Self.endings.count])
    for key in everyKey { #expect(stream.bytes(key) == eager.bytes(key), "\(key)") }
  }

  @Test(arguments: 0..<40)
  func `chunked or not, the data are the same, and the last chunk is the end`(seed: Int) throws {
    let answer = RandomAnswer(seed: seed)
    let stream = try told(answer, seed: seed, eager: seed % 2 == 0)
    for format in WireFormat.allCases {
      let plain = stream.bytes(RenderingKey(format: format, isChunked: false))
      let (data, isComplete) = try dechunked(
        stream.bytes(RenderingKey(format: format, isChunked: true)))
      #expect(data == plain)
      #expect(isComplete)
    }
  }

  @Test(arguments: 0..<40)
  func `the provider's payloads come out as they went in`(seed: Int) throws {
    let answer = RandomAnswer(seed: seed)
    let stream = try told(answer, seed: 0, eager: false)
    let read = try events(stream.bytes(RenderingKey(format: .openAI, isChunked: false)))
    #expect(read.map(\.data) == answer.logged + ["[DONE]"])
  }

  @Test(arguments: 0..<40)
  func `a reader that resumes anywhere gets exactly what it has not had`(seed: Int) throws {
    let answer = RandomAnswer(seed: seed)
    let stream = try told(answer, seed: seed, eager: false)
    for key in everyKey {
      let whole = stream.bytes(key)
      for sequence in 0...stream.sequence {
        let rest = stream.bytes(key, after: sequence)
        #expect(whole.suffix(rest.count) == rest[...])
        guard key == RenderingKey(format: .events, isChunked: false) else { continue }
        #expect(
          try events(rest) == events(whole).filter { (Int($0.id) ?? 0) > sequence })
      }
      #expect(stream.bytes(key, after: stream.sequence) == [])
    }
  }

  @Test(arguments: 0..<40)
  func `the text is what the deltas of the first answer say, in every format`(seed: Int) throws {
    let answer = RandomAnswer(seed: seed)
    let stream = try told(answer, seed: 0, eager: false)
    #expect(String(decoding: stream.answerText(), as: UTF8.self) == answer.text)
    #expect(stream.usage == answer.usage)
    #expect(stream.finishReason == answer.finishReason)
    let read = try events(stream.bytes(RenderingKey(format: .events, isChunked: false)))
    #expect(try read.map { try field("text", of: $0.data) }.joined() == answer.text)
    let chunks = try events(stream.bytes(RenderingKey(format: .chunks, isChunked: false)))
    #expect(
      try chunks.dropLast().map { try field("chunk", of: $0.data) }.joined() == answer.text)
    let lines = stream.text(.lines).split(separator: "\n").map(String.init)
    #expect(try lines.map { try field("token", of: $0) }.joined() == answer.text)
  }

  @Test(arguments: 0..<40)
  func `the assembled answer is that of the payloads`(seed: Int) throws {
    let answer = RandomAnswer(seed: seed)
    let stream = try told(answer, seed: seed, eager: false)
    var assembler = CompletionAssembler()
    for payload in answer.payloads { try assembler.add(payload.utf8.span) }
    #expect(stream.assembledCompletion() == assembler.finish())
  }

  /// The string in a top-level field of a JSON object; empty without one.
  private func field(_ name: StaticString, of json: String) throws -> String {
    let bytes = Array(json.utf8)
    var reader = JSONReader()
    var found = ""
    try reader.beginObject(in: bytes.span)
    while let key = try reader.nextKey(in: bytes.span) {
      if key.equals(name, in: bytes.span) {
        found = try reader.string(in: bytes.span).text(in: bytes.span)
      } else {
        try reader.skipValue(in: bytes.span)
      }
    }
    try reader.end(in: bytes.span)
    return found
  }
}
