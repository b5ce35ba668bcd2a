import EventLoop
import ModelFormats
import Testing

@testable import Upstream

@Suite struct DemoScriptTests {
  private static let questions: [String] = [
    "", "hi", "say \"hi\" to C:\\path\\", "\u{0}\u{1}\u{1F}\t\r\n\u{7F}\u{85}", "👩‍👩‍👧‍👦🏳️‍🌈e\u{301}🌊",
    "\u{2028}\u{2029}\u{FFFD}\u{10FFFF}", "data: [DONE]\n\ndata: x", #"\u0000 \" \\"#, "}{][,:",
    String(repeating: "a", count: 80), String(repeating: "é", count: 81),
    String(repeating: "word ", count: 2000), String(repeating: "\"\\\n", count: 3333),
  ]

  private func pieces(_ question: String, model: String = "demo") -> [DemoScript.Piece] {
    var script = DemoScript(question: question, model: model, created: 1_700_000_000)
    var pieces: [DemoScript.Piece] = []
    while let piece = script.next() { pieces.append(piece) }
    #expect(script.next() == nil, "the end is the end")
    return pieces
  }

  private func read(_ pieces: [DemoScript.Piece]) throws -> (AnswerReader, Receiver) {
    var reader = AnswerReader(format: .openAIChat, maximumEventBytes: 1 << 20)
    let receiver = Receiver()
    for piece in pieces { try reader.consume(piece.bytes.span, receiver) }
    return (reader, receiver)
  }

  @Test(arguments: questions)
  func `whatever it is asked, its answer is a whole one`(question: String) throws {
    let pieces = pieces(question)
    let (reader, receiver) = try read(pieces)
    #expect(reader.isDone && reader.hasFinished)
    #expect(receiver.finishReason == "stop")
    #expect(receiver.payloads.count == pieces.count - 1, "each piece is one event")
    let words = pieces.count - 4
    #expect(receiver.usage?.completionTokens == words)
    #expect(
      receiver.usage?.totalTokens == words + (receiver.usage?.promptTokens ?? 0))
    let text = String(decoding: receiver.text, as: UTF8.self)
    #expect(text.hasSuffix("and a small 🌊 to prove that bytes survive the journey."))
    #expect(text.hasPrefix("You asked: “") == !question.isEmpty)
  }

  @Test func `it quotes a short question as it was, and the beginning of a long one`() throws {
    func opening(_ question: String) throws -> Substring {
      let text = String(decoding: try read(pieces(question)).1.text, as: UTF8.self)
      return text.prefix(upTo: text.firstRange(of: "I am the model")?.lowerBound ?? text.endIndex)
    }
    #expect(try opening("say \"hi\" \\ 🌊") == "You asked: “say \"hi\" \\ 🌊”\n\n")
    let long = String(repeating: "é", count: 81)
    #expect(try opening(long) == "You asked: “\(long.prefix(80))…”\n\n")
    #expect(try opening("") == "")
  }

  @Test func `a model's name may hold anything`() throws {
    let receiver = try read(pieces("hi", model: "a\"b\\c\n🌊")).1
    #expect(receiver.payloads.allSatisfy { $0.contains(#""model":"a\"b\\c\n🌊""#) })
  }

  @Test func `one character may be as long as a whole body`() throws {
    let endless = "a" + String(repeating: "\u{301}", count: 1 << 20)
    let (reader, _) = try read(pieces(endless))
    #expect(reader.isDone)
  }

  @Test func `its deltas are stamped where that is wanted, and say the same`() throws {
    var script = DemoScript(question: "hi", model: "demo", created: 1, stamps: true)
    var text = ""
    var number = 0
    while let piece = script.next(now: 1_234_567) {
      var line = String(decoding: piece.bytes, as: UTF8.self)
      let digits = String(repeating: "0", count: 8 - "\(number)".count) + "\(number)"
      if let stamp = line.firstRange(of: "t=0000000000001234567 n=\(digits) ") {
        line.removeSubrange(stamp)
        number += 1
      }
      text += line
    }
    let plain = DemoScript(question: "hi", model: "demo", created: 1)
    #expect(number > 100)
    #expect(text == Self.text(of: plain))
  }

  private static func text(of script: DemoScript) -> String {
    var (script, text) = (script, "")
    while let piece = script.next() { text += String(decoding: piece.bytes, as: UTF8.self) }
    return text
  }

  @Test func `on a loop it tells its receiver the same, and the end once`() throws {
    let loop = try EventLoop()
    let receiver = Receiver()
    receiver.whenEnded = { loop.stop() }
    let model = DemoModel(
      question: "hi", model: "demo", created: 1_700_000_000, pace: 0, loop: loop,
      receiver: receiver)
    #expect(receiver.payloads.isEmpty, "nothing before the loop's next turn")
    try loop.run()
    #expect(receiver.end == "complete")
    #expect(receiver.payloads == (try read(pieces("hi"))).1.payloads)
    withExtendedLifetime(model) {}
  }

  @Test func `cancelled in the middle it says no more, not even the end`() throws {
    let loop = try EventLoop()
    let receiver = Receiver()
    let model = DemoModel(
      question: "hi", model: "demo", created: 1_700_000_000, pace: 0, loop: loop,
      receiver: receiver)
    receiver.whenReceived = { [unowned receiver] in
      if receiver.payloads.count == 3 { model.cancel() }
    }
    for _ in 0..<50 { try loop.turn(atMost: 1) }
    #expect(receiver.payloads.count == 3)
    #expect(receiver.end == nil)
  }
}
