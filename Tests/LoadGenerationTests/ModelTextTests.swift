import EventStream
import HTTPWire
import Testing

@testable import LoadGeneration

@Suite struct ModelTextTests {
  private func answer(_ deltas: Int, isRaw: Bool) -> [UInt8] {
    let text = ModelText(deltas: deltas, isRaw: isRaw)
    var bytes: [UInt8] = []
    for step in 0..<text.steps { text.append(step: step, now: 99, to: &bytes) }
    return bytes
  }

  private func events(_ bytes: [UInt8]) throws -> [String] {
    var parser = EventStreamParser(maximumEventBytes: 1 << 16)
    var events: [String] = []
    try parser.consume(bytes.span) { _, data in
      var copy: [UInt8] = []
      for index in 0..<data.count { copy.append(data[index]) }
      events.append(String(decoding: copy, as: UTF8.self))
      return .proceed
    }
    return events
  }

  @Test(arguments: [1, 2, 25])
  func `an answer is role, stamped deltas, finish, usage and done`(deltas: Int) throws {
    let events = try events(answer(deltas, isRaw: true))
    #expect(events.count == deltas + 4 && events.last == "[DONE]")
    for number in 0..<deltas {
      var hint = 0
      let stamp = Stamp.find(in: Array(events[number + 1].utf8).span, hint: &hint)
      #expect(stamp == Stamp(time: 99, number: UInt32(number)))
    }
    #expect(events[deltas + 1].contains(#""finish_reason":"stop""#))
    #expect(events[deltas + 2].contains(#""completion_tokens":\#(deltas)"#))
  }

  @Test func `the chunked coding changes nothing`() throws {
    var decoder = ChunkedBodyDecoder()
    var body: [UInt8] = []
    let bytes = answer(7, isRaw: false)
    let status = try decoder.decode(bytes.span) { piece in
      for index in 0..<piece.count { body.append(piece[index]) }
    }
    #expect(status == .complete(consumed: bytes.count))
    #expect(body == answer(7, isRaw: true))
  }

  @Test(arguments: [
    (#"{"stream":true}"#, true), (#"{"stream" : true,"x":1}"#, true), (#"{"stream":false}"#, false),
    (#"{"stream_options":{},"stream":true}"#, true), ("{}", false), ("", false),
  ])
  func `a stream is what the request asks for`(body: String, streams: Bool) {
    #expect(ModelConnection.wantsStream(Array(body.utf8)) == streams)
  }

  @Test func `what is due first comes out first`() {
    var heap = DueHeap<Int>()
    for time: UInt64 in [5, 1, 9, 3, 7, 2, 8, 4, 6, 0] { heap.insert(Int(time), at: time) }
    #expect(heap.takeDue(3) == 0 && heap.next == 1)
    var rest: [Int] = []
    while let item = heap.takeDue(.max) { rest.append(item) }
    #expect(rest == Array(1...9))
  }
}
