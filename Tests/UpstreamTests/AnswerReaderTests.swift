import ModelFormats
import Testing

@testable import Upstream

@Suite struct AnswerReaderTests {
  /// All that came of reading one answer.
  private struct Outcome: Equatable {
    var payloads: [String] = []
    var text = ""
    var isDone = false
    var hasFinished = false
    var contentEvents = 0
    var fault: String?
    var body = ""
  }

  private func read(_ bytes: [UInt8], cutAt cuts: [Int], limit: Int = 1 << 16) -> Outcome {
    var reader = AnswerReader(format: .openAIChat, maximumEventBytes: limit)
    let receiver = Receiver()
    var outcome = Outcome()
    var start = 0
    for end in cuts + [bytes.count] where outcome.fault == nil {
      do {
        try reader.consume(bytes.span.extracting(start..<end), receiver)
      } catch {
        outcome.fault = "\(error.kind): \(error.message)"
        outcome.body = String(decoding: error.body, as: UTF8.self)
      }
      start = end
    }
    outcome.payloads = receiver.payloads
    outcome.text = String(decoding: receiver.text, as: UTF8.self)
    outcome.isDone = reader.isDone
    outcome.hasFinished = reader.hasFinished
    outcome.contentEvents = reader.contentEvents
    #expect(receiver.outcomes.isEmpty, "the end is the transfer's to tell")
    return outcome
  }

  /// Whole, byte by byte, and cut in two at every place: always the same.
  private func expect(_ answer: String, _ expected: Outcome, limit: Int = 1 << 16) {
    let bytes = Array(answer.utf8)
    #expect(read(bytes, cutAt: [], limit: limit) == expected)
    #expect(read(bytes, cutAt: Array(bytes.indices), limit: limit) == expected)
    for cut in bytes.indices {
      #expect(read(bytes, cutAt: [cut], limit: limit) == expected, "cut at \(cut)")
    }
  }

  private static let role = #"{"choices":[{"delta":{"role":"assistant"}}]}"#
  private static let hello = #"{"choices":[{"delta":{"content":"Hé🌊"}}]}"#
  private static let stop = #"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#
  private static let usage = #"{"choices":[],"usage":{"prompt_tokens":1}}"#

  @Test func `an answer is its events up to the terminal marker`() {
    expect(
      ": ping\r\n\r\ndata: \(Self.role)\n\ndata:\(Self.hello)\r\n\r\nid: 7\nevent: x\n"
        + "data: \(Self.stop)\r\rdata: \(Self.usage)\n\ndata: [DONE]\n\ndata: garbage\n\n",
      Outcome(
        payloads: [Self.role, Self.hello, Self.stop, Self.usage], text: "Hé🌊", isDone: true,
        hasFinished: true, contentEvents: 2))
  }

  @Test func `an answer that stops behind its reason is finished, though not done`() {
    expect(
      "data: \(Self.hello)\n\ndata: \(Self.stop)\n\n",
      Outcome(
        payloads: [Self.hello, Self.stop], text: "Hé🌊", hasFinished: true, contentEvents: 2))
  }

  @Test func `an answer without either is cut, whatever of an event is there`() {
    expect(
      "data: \(Self.hello)\n\ndata: \(Self.stop)\n",
      Outcome(payloads: [Self.hello], text: "Hé🌊", contentEvents: 1))
    expect("", Outcome())
    expect(": only\n\n: comments\n\n", Outcome())
  }

  @Test func `a marker without an answer is an end all the same`() {
    expect("data: [DONE]\n\n", Outcome(isDone: true))
    expect("data: [DONE] \n\n", Outcome(isDone: true))
  }

  @Test func `an event over several lines is one`() {
    expect(
      "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n",
      Outcome(
        payloads: ["{\"choices\":\n[{\"delta\":{\"content\":\"a\"}}]}"], text: "a", isDone: true,
        contentEvents: 1))
  }

  @Test func `what has no meaning here goes on to those for whom it may have one`() {
    expect(
      "data: {\"type\":\"ping\"}\n\ndata: {}\n\n",
      Outcome(payloads: [#"{"type":"ping"}"#, "{}"]))
  }

  @Test(arguments: [
    ("not JSON", ""), ("{", ""), ("7", ""), ("[]", ""), (#""text""#, ""), ("{} {}", ""),
    ("<html>", ""),
  ])
  func `an event that is not an object is malformed, and what came before counts`(
    payload: String, body: String
  ) {
    expect(
      "data: \(Self.hello)\n\ndata: \(payload)\n\ndata: \(Self.stop)\n\n",
      Outcome(
        payloads: [Self.hello], text: "Hé🌊", contentEvents: 1,
        fault: "malformed: the upstream sent an event that is not JSON", body: body))
  }

  @Test(arguments: [
    (#"{"error":{"message":"too \"busy\"","code":503}}"#, #"too "busy""#),
    (#"{"error":"busy"}"#, "busy"), (#"{"error":{}}"#, "the upstream reported an error"),
    (#"{"object":"error","message":"m"}"#, "m"),
    (#"{"choices":[{"delta":{"content":"x"}}],"error":{"message":"m"}}"#, "m"),
  ])
  func `an error object is the end, with its own words and bytes`(
    payload: String, message: String
  ) {
    expect(
      "data: \(Self.hello)\n\ndata: \(payload)\n\ndata: \(Self.stop)\n\n",
      Outcome(
        payloads: [Self.hello], text: "Hé🌊", contentEvents: 1, fault: "reported: \(message)",
        body: payload))
  }

  @Test func `an event beyond the limit is refused, one at the limit is not`() {
    let answer = "data: \(Self.hello)\n\n"
    expect(
      answer, Outcome(payloads: [Self.hello], text: "Hé🌊", contentEvents: 1),
      limit: answer.utf8.count - 2)
    expect(
      answer, Outcome(fault: "tooLarge: the upstream sent an event beyond the limit"),
      limit: answer.utf8.count - 3)
  }

  @Test func `behind the marker nothing is read, however it comes`() throws {
    var reader = AnswerReader(format: .openAIChat, maximumEventBytes: 1 << 10)
    let receiver = Receiver()
    try reader.consume("data: [DONE]\n\n".utf8.span, receiver)
    for _ in 0..<3 { try reader.consume("data: garbage\n\n\0\0\0".utf8.span, receiver) }
    #expect(reader.isDone)
    #expect(receiver.payloads.isEmpty)
  }
}
