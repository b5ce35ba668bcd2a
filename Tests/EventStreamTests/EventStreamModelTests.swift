import TestSupport
import EventStream
import Testing

/// Streams written from a model of their events, with every freedom the format leaves to a sender.
@Suite struct EventStreamModelTests {
  @Test(arguments: 0..<80)
  func `a stream written from a model reads back to the model`(seed: Int) {
    var writer = StreamWriter(seed: UInt64(seed))
    for _ in 0..<Int.random(in: 0...6, using: &writer.generator) { writer.writeEvent() }
    let reading = readInEveryWay(writer.bytes, seed: UInt64(seed))
    #expect(reading.events == writer.events)
    #expect(reading.error == nil)
    #expect(!reading.isUnfinished)
  }

  @Test(arguments: 200..<220)
  func `a stream cut anywhere reads to a beginning of its model`(seed: Int) {
    var writer = StreamWriter(seed: UInt64(seed))
    for _ in 0..<4 { writer.writeEvent() }
    for end in writer.bytes.indices {
      let events = Reading(Array(writer.bytes[..<end])).events
      #expect(events == Array(writer.events.prefix(events.count)))
    }
  }
}

/// Writes random events as a sender might, and remembers what a reader has to make of them.
private struct StreamWriter {
  var generator: SplitMix64
  private(set) var bytes: [UInt8] = []
  private(set) var events: [ReadEvent] = []

  private var lastEventID = ""
  private var reconnectionTime: Int?
  private var endedOnCarriageReturn = false

  init(seed: UInt64) {
    generator = SplitMix64(seed: seed)
    if generator.oneIn(3) { bytes += [0xEF, 0xBB, 0xBF] }
  }

  mutating func writeEvent() {
    var lines: [[UInt8]] = []
    var data: [String] = []
    var name = ""
    for _ in 0..<Int.random(in: 0...6, using: &generator) {
      switch Int.random(in: 0..<8, using: &generator) {
      case 0...3:
        data.append(value())
        lines.append(field("data", data[data.count - 1]))
      case 4:
        name = value()
        lines.append(field("event", name))
      case 5:
        lastEventID = value()
        lines.append(field("id", lastEventID))
      case 6:
        reconnectionTime = Int.random(in: 0...100_000, using: &generator)
        lines.append(field("retry", reconnectionTime?.description ?? ""))
      default:
        lines.append(ignoredLine())
      }
    }
    for line in lines { writeLine(line) }
    writeLine([])
    guard !data.isEmpty else { return }
    events.append(
      ReadEvent(
        data.joined(separator: "\n"), name: name, id: lastEventID, retry: reconnectionTime))
  }

  private mutating func writeLine(_ line: [UInt8]) {
    bytes += line
    let ends: [[UInt8]] = [[0x0A], [0x0D], [0x0D, 0x0A]]
    // An LF right after a CR would be taken for the same line end.
    let first = line.isEmpty && endedOnCarriageReturn ? 1 : 0
    let end = ends[Int.random(in: first..<3, using: &generator)]
    bytes += end
    endedOnCarriageReturn = end == [0x0D]
  }

  private mutating func value() -> String {
    let alphabet = ["a", "data", ":", " ", "é", "世", "🌍", "{\"c\":\"d\"}", "\t", "\u{FEFF}"]
    let count = Int.random(in: 0...(generator.oneIn(8) ? 40 : 4), using: &generator)
    return (0..<count).map { _ in alphabet[Int.random(in: 0..<10, using: &generator)] }.joined()
  }

  private mutating func field(_ name: String, _ value: String) -> [UInt8] {
    if value.isEmpty, generator.oneIn(2) { return Array(name.utf8) }
    let mustPad = value.hasPrefix(" ")
    return Array("\(name):\(mustPad || generator.oneIn(2) ? " " : "")\(value)".utf8)
  }

  private mutating func ignoredLine() -> [UInt8] {
    let lines = [
      ":", ": ping", ":data: x", "dataa: x", "Data: x", " data: x", "id: \0", "retry: x",
    ]
    return Array(lines[Int.random(in: 0..<lines.count, using: &generator)].utf8)
  }
}
