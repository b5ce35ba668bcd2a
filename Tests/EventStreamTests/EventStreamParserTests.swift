import EventStream
import Testing

@Suite struct EventStreamParserTests {
  @Test(arguments: EventStreamVector.all)
  func `a stream reads as the standard says, however it is cut`(vector: EventStreamVector) {
    let reading = readInEveryWay(vector.input)
    #expect(reading.events == vector.events)
    #expect(reading.error == nil)
    #expect(reading.isUnfinished == vector.isUnfinished)
  }

  @Test(arguments: EventStreamVector.all.filter { !$0.isUnfinished })
  func `a finished stream can be followed by more`(vector: EventStreamVector) {
    let more = Array(":\n\nid\nretry: 1\ndata: more\n\n".utf8)
    let reading = readInEveryWay(vector.input + more)
    #expect(reading.events == vector.events + [ReadEvent("more", retry: 1)])
  }

  @Test func `an event within one read is lent where it lies`() throws {
    let input = Array("event: n\ndata: first\n\n: c\ndata:second\r\n\r\n".utf8)
    let addresses = try dataAddresses(of: [input])
    #expect(addresses.map(\.isInInput) == [true, true])
    #expect(addresses.map(\.offset) == [15, 31])
  }

  @Test func `an event that straddles two reads is lent from the parser's buffer`() throws {
    let first = Array("data: whole\n\ndata: str".utf8)
    let second = Array("addled\n\ndata: whole\n\ndata: line\n".utf8)
    let third = Array("\ndata: whole\n\n".utf8)
    let addresses = try dataAddresses(of: [first, second, third])
    #expect(addresses.map(\.isInInput) == [true, false, true, false, true])
  }

  @Test func `several data lines are joined in the parser's buffer`() throws {
    let input = Array("data: a\ndata: b\n\ndata: c\n\n".utf8)
    let addresses = try dataAddresses(of: [input])
    #expect(addresses.map(\.isInInput) == [false, true])
  }

  @Test func `an event is dispatched at the CR of its blank line, before the LF has come`() {
    #expect(Reading(Array("data: a\r\n\r".utf8)).events == [ReadEvent("a")])
    #expect(Reading(Array("data: a\r\r".utf8)).events == [ReadEvent("a")])
  }

  @Test func `an LF after a CR is dropped once, even when empty reads lie between`() {
    let bytes = Array("data: a\r\ndata: b\r\n\ndata: c\r\n\r\n".utf8)
    #expect(
      Reading(bytes, cutAt: [8, 8, 8, 17, 17]).events == [ReadEvent("a\nb"), ReadEvent("c")])
  }

  @Test func `only the event that carries an ID says that it was set`() throws {
    let input = Array("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid:\0\ndata: d\n\n".utf8)
    var parser = EventStreamParser(maximumEventBytes: 100)
    var wasSet: [Bool] = []
    try parser.consume(input.span) { fields, _ in
      wasSet.append(fields.idWasSet)
      return .proceed
    }
    #expect(wasSet == [true, false, true, false])
  }

  @Test func `after stop the rest of the bytes and all later input are ignored`() throws {
    let input = Array("data: a\n\ndata: b\n\ndata: c".utf8)
    var parser = EventStreamParser(maximumEventBytes: 100)
    var events: [ReadEvent] = []
    for _ in 0..<2 {
      try parser.consume(input.span) { fields, data in
        events.append(ReadEvent(fields, data))
        return .stop
      }
    }
    #expect(events == [ReadEvent("a")])
    #expect(!parser.hasUnfinishedEvent)
  }

  @Test func `a copy of a parser goes its own way`() throws {
    var parser = EventStreamParser(maximumEventBytes: 100)
    try parser.consume(Array("id: 1\ndata: a\nda".utf8).span) { _, _ in .proceed }
    var copy = parser
    var events: [ReadEvent] = []
    try copy.consume(Array("ta: b\n\n".utf8).span) { fields, data in
      events.append(ReadEvent(fields, data))
      return .proceed
    }
    try parser.consume(Array("ta: c\n\n".utf8).span) { fields, data in
      events.append(ReadEvent(fields, data))
      return .proceed
    }
    #expect(events == [ReadEvent("a\nb", id: "1"), ReadEvent("a\nc", id: "1")])
  }

  @Test func `an event of a megabyte survives small reads`() throws {
    let value = String(repeating: "0123456789abcdef", count: 65_536)
    let bytes = Array("data: \(value)\n\ndata: b\n\n".utf8)
    let cuts = Array(stride(from: 1400, to: bytes.count, by: 1400))
    let reading = Reading(bytes, cutAt: cuts, limit: 2 << 20)
    #expect(reading.events == [ReadEvent(value), ReadEvent("b")])
  }
}

/// Where the data of one event lay when it was lent.
private struct DataPlace {
  let isInInput: Bool
  let offset: Int
}

private func dataAddresses(of reads: [[UInt8]]) throws(EventStreamError) -> [DataPlace] {
  var parser = EventStreamParser(maximumEventBytes: 1000)
  var places: [DataPlace] = []
  for read in reads {
    let input = addressRange(of: read.span)
    try parser.consume(read.span) { _, data in
      let lent = addressRange(of: data)
      places.append(
        DataPlace(
          isInInput: input.contains(lent.lowerBound) && input.contains(lent.upperBound),
          offset: lent.lowerBound - input.lowerBound))
      return .proceed
    }
  }
  return places
}

private func addressRange(of span: Span<UInt8>) -> Range<Int> {
  // SAFETY: the address is only compared as a number, never followed.
  let start = unsafe span.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
  return start..<start + span.count
}
