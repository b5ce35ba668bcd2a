import TestSupport
import Testing

/// `deltad decode`: the scanner of event streams, seen through the command line.
@Suite
struct DecodeTests {
  /// Every kind of line end, field and character, and an event that is not finished.
  private static let stream = Array(
    ("\u{FEFF}: a comment\r\ndata: one\r\n\r\n"
      + "event: named\rdata:two\rdata\rdata: three é€🌊\rid: 7\r\r"
      + "retry: 1500\ndata: {\"a\":\"\\u0041\"}\n\n"
      + "id\ndata: \"quoted\" \\ \t\u{1}\nunknown: x\n\n"
      + "data:\n\n"
      + "event: none\n\n"
      + "retry: 12x\ndata:  two blanks\r\n\n"
      + "data: unfinished").utf8)

  /// Id and reconnection time stay until another comes.
  private static let events = [
    #"{"event":"message","data":"one","id":"","retry":null}"#,
    #"{"event":"named","data":"two\n\nthree é€🌊","id":"7","retry":null}"#,
    #"{"event":"message","data":"{\"a\":\"\\u0041\"}","id":"7","retry":1500}"#,
    #"{"event":"message","data":"\"quoted\" \\ \t\u0001","id":"","retry":1500}"#,
    #"{"event":"message","data":"","id":"","retry":1500}"#,
    #"{"event":"message","data":" two blanks","id":"","retry":1500}"#,
  ]

  private static let note =
    "deltad decode: note: the input ends within an event, which is discarded\n"

  @Test func `a stream becomes one JSON object a dispatched event`() throws {
    let ended = try ChildProcess.deltad(["decode"], input: .bytes(Self.stream))
    #expect(ended.status == 0)
    #expect(ended.output.split(separator: "\n").map(String.init) == Self.events)
    #expect(ended.output.hasSuffix("}\n"))
    #expect(ended.errors == Self.note)
  }

  @Test(arguments: ["1", "2", "3", "7", "64"])
  func `chunks of any size make the same output`(size: String) throws {
    let whole = try ChildProcess.deltad(["decode"], input: .bytes(Self.stream))
    let cut = try ChildProcess.deltad(
      ["decode", "--chunk-size", size], input: .bytes(Self.stream))
    #expect(cut == whole)
  }

  @Test func `cuts anywhere make the same output`() throws {
    let whole = try ChildProcess.deltad(["decode"], input: .bytes(Self.stream))
    for start in stride(from: 0, to: Self.stream.count, by: 12) {
      let cuts = (start..<(start + 12)).filter { $0 % 5 != 0 }.map(String.init)
      let cut = try ChildProcess.deltad(
        ["decode", "--split-at", cuts.joined(separator: ",")], input: .bytes(Self.stream))
      #expect(cut == whole, "cut at \(cuts)")
    }
  }

  @Test func `an event is printed before the next one comes`() throws {
    let process = try ChildProcess(Repository.deltad, ["decode"], input: .live)
    try process.send(Array("data: one\n".utf8))
    try process.send(Array("\ndata: t".utf8))
    let first = #"{"event":"message","data":"one","id":"","retry":null}"# + "\n"
    let second = #"{"event":"message","data":"two","id":"","retry":null}"# + "\n"
    try Patience.wait(for: "the first event") { process.output == first ? () : nil }
    try process.send(Array("wo\n\n".utf8))
    try Patience.wait(for: "the second event") { process.output == first + second ? () : nil }
    process.finishSending()
    #expect(try process.exitStatus() == 0)
    #expect(process.errors.isEmpty)
  }

  @Test func `nothing in, nothing out`() throws {
    #expect(
      try ChildProcess.deltad(["decode"]) == ChildProcess.Ended(status: 0, output: "", errors: ""))
  }

  @Test func `an event over the limit is an error, behind the events before it`() throws {
    let limit = 16 << 20
    let input = Array("data: one\n\ndata: ".utf8) + [UInt8](repeating: 0x61, count: limit + 1)
    let ended = try ChildProcess.deltad(["decode"], input: .bytes(input))
    #expect(ended.status == 1)
    #expect(ended.output == #"{"event":"message","data":"one","id":"","retry":null}"# + "\n")
    #expect(ended.errors == "deltad decode: a line or an event exceeds \(limit) bytes\n")
  }
}
