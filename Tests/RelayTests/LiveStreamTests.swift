import ClientAPIs
import JSONWire
import Testing

@testable import Relay

@Suite struct NewestTests {
  @Test(arguments: [0, 1, 4, 5, 6, 9, 10, 11, 100])
  func `of many the newest few are kept, the newest first`(count: Int) {
    var times = (0..<count).map { UInt64($0) }
    var random = SystemRandomNumberGenerator()
    times.shuffle(using: &random)
    var newest = Newest<String>(5)
    for time in times { newest.offer("\(time)", time) }
    #expect(newest.take() == (0..<count).reversed().prefix(5).map { "\($0)" })
  }

  @Test func `of the same age any are kept, and no more than wanted`() {
    var newest = Newest<Int>(3)
    for number in 0..<100 { newest.offer(number, 7) }
    #expect(newest.take().count == 3)
  }
}

@Suite struct LiveStreamTests {
  private func text(_ stream: LiveStream, now: UInt64) -> String {
    var json = JSONWriter()
    stream.write(to: &json, now: now)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private let stream = LiveStream(
    id: "strm_0AbCdEfGh", model: "m", upstream: "u", api: .streams, attempts: 1,
    startedAt: 5_000_000_000, events: 2, bytes: 3, readers: 4, state: .streaming)

  @Test func `it is written with its age`() {
    #expect(
      text(stream, now: 6_500_000_000) == #"""
        {"id":"strm_0AbCdEfGh","model":"m","upstream":"u","api":"streams","state":"streaming",\#
        "ageMilliseconds":1500,"attempts":1,"events":2,"bytes":3,"readers":4}
        """#)
  }

  @Test func `one that began on a later clock has no age`() {
    #expect(text(stream, now: 4_000_000_000).contains(#""ageMilliseconds":0,"#))
  }

  @Test func `a client's name for the model is cut`() {
    var named = stream
    named.model = String(repeating: "x", count: 1000)
    #expect(text(named, now: 0).contains("\"" + String(repeating: "x", count: 64) + "\""))
  }
}
