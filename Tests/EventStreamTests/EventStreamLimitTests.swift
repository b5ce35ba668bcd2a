import EventStream
import Testing

@Suite struct EventStreamLimitTests {
  /// Streams whose largest line or event is exactly this large, in bytes, and the events that come
  /// before it.
  static let vectors: [(name: String, input: String, size: Int, before: Int)] = [
    ("a data line", "data: a\n\ndata: 0123456789\n\n", 16, 1),
    ("a data line without a space", "data:0123456789\n\n", 15, 0),
    ("a comment", "data: a\n\n: 0123456789abcdef\n\n", 18, 1),
    ("an unknown field", "whatever: 0123456789abcdef\n\n", 26, 0),
    ("an event field", "event: 0123456789\n\n", 17, 0),
    ("an unterminated line", "data: 0123456789", 16, 0),
    ("an unterminated line after others", "data: 01\ndata: 0123456789", 16, 0),
    ("joined data", "data: 0123456789\ndata: 0123456789\n\n", 21, 0),
    ("joined data of three lines", "data: 01234\ndata: 01234\ndata: 01234\n\n", 17, 0),
    ("data and name", "event: 0123456789\ndata: 0123456789\n\n", 20, 0),
    ("data and ID", "id: 0123456789\ndata: 0123456789\n\n", 20, 0),
    ("data, name and ID", "data: 0123456789\nid: 01234\nevent: 01234\n\n", 20, 0),
    ("name and ID without data", "id: 0123456789\nevent: 0123456789\n\n", 20, 0),
  ]

  @Test(arguments: vectors.indices)
  func `what is as large as the limit passes, and one byte more does not`(index: Int) {
    let vector = Self.vectors[index]
    let bytes = Array(vector.input.utf8)
    #expect(readInEveryWay(bytes, limit: vector.size).error == nil, "\(vector.name)")
    for limit in [1, vector.size / 2, vector.size - 1] {
      let reading = readInEveryWay(bytes, limit: limit)
      #expect(reading.error == .eventTooLarge(limitBytes: limit), "\(vector.name) at \(limit)")
      if limit == vector.size - 1 { #expect(reading.events.count == vector.before) }
    }
  }

  @Test func `an ID that an earlier event set does not count`() {
    let bytes = Array("id: 0123456789\ndata: a\n\ndata: 0123456789\n\n".utf8)
    #expect(readInEveryWay(bytes, limit: 16).error == nil)
  }

  @Test func `only the latest name and ID of an event count`() {
    let bytes = Array("id: 0123456789\nid\nevent: 012345678\nevent\ndata: 0123456789\n\n".utf8)
    #expect(readInEveryWay(bytes, limit: 16).error == nil)
  }

  @Test func `the byte order mark does not count`() {
    let bytes: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("data: 01\n\n".utf8)
    #expect(readInEveryWay(bytes, limit: 8).error == nil)
  }

  @Test func `a line without an end fails as soon as it exceeds the limit`() throws {
    var parser = EventStreamParser(maximumEventBytes: 10)
    try parser.consume(Array("data: 0123".utf8).span) { _, _ in .proceed }
    #expect(parser.hasUnfinishedEvent)
    #expect(throws: EventStreamError.eventTooLarge(limitBytes: 10)) {
      try parser.consume([UInt8(ascii: "4")].span) { _, _ in .proceed }
    }
  }

  @Test func `after an error every call throws it again and dispatches nothing`() {
    var parser = EventStreamParser(maximumEventBytes: 10)
    for input in ["data: 01234567890\n\n", "data: a\n\n", ": c\n"] {
      #expect(throws: EventStreamError.eventTooLarge(limitBytes: 10)) {
        try parser.consume(Array(input.utf8).span) { _, _ in
          Issue.record("dispatched after an error")
          return .proceed
        }
      }
    }
    #expect(parser.hasUnfinishedEvent)
  }
}
