import ClientAPIs
import JSONWire
import ModelFormats
import StreamLog
import Testing

@testable import Relay

/// What goes to the archive of a stream's log, and comes back.
@Suite struct StoredLogTests {
  /// As the archive gets it: everything before the end, then the usage.
  private func stored(_ stream: Stream) -> [UInt8] {
    stream.bytes(.first) + stream.framedUsage()
  }

  @Test(arguments: 1...200)
  func `a log that comes back reads as before, in every format and from every event`(
    seed: Int
  ) throws {
    let answer = RandomAnswer(seed: seed)
    let stream = makeStream()
    for payload in answer.payloads { try stream.append(payload) }
    let log = stored(stream)
    let back = makeStream()
    back.append(framed: log.span)
    let ending = Ending.done(finishReason: stream.finishReason)
    stream.close(ending)
    back.close(ending)
    #expect(back.sequence == stream.sequence)
    #expect(back.usage == stream.usage)
    #expect(back.finishReason == stream.finishReason)
    #expect(back.answerText() == stream.answerText())
    for key in everyKey {
      for after in 0...stream.sequence {
        #expect(back.bytes(key, after: after) == stream.bytes(key, after: after))
      }
    }
  }

  @Test func `what is no whole chunk at the end of a log is left out`() throws {
    let stream = makeStream()
    for text in ["one", "two", "three"] {
      try stream.append(#"{"choices":[{"index":0,"delta":{"content":"\#(text)"}}]}"#)
    }
    let log = stored(stream)
    for end in log.indices {
      let back = makeStream()
      let part = Array(log[..<end])
      back.append(framed: part.span)
      let whole = (0...3).last {
        stream.rendering(.first).offset(after: $0).map { $0 <= end } ?? false
      }
      #expect(back.sequence == whole)
    }
  }

  @Test(arguments: [
    "", "x", "5", "5\r", "5\r\n", "0\r\n\r\n", "-1\r\na\r\n", "ffffffffffffffff\r\n",
  ])
  func `bytes that are no log are no events`(text: String) {
    let back = makeStream()
    let bytes = Array(text.utf8)
    back.append(framed: bytes.span)
    #expect(back.sequence == 0)
  }
}
