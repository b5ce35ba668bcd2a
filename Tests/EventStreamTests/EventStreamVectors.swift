import Testing

/// An input and what the standard makes of it.
struct EventStreamVector: Sendable, CustomTestStringConvertible {
  let name: String
  let input: [UInt8]
  let events: [ReadEvent]
  let isUnfinished: Bool

  init(_ name: String, _ input: String, _ events: [ReadEvent], unfinished: Bool = false) {
    self.init(name, Array(input.utf8), events, unfinished: unfinished)
  }

  init(_ name: String, _ input: [UInt8], _ events: [ReadEvent], unfinished: Bool = false) {
    self.name = name
    self.input = input
    self.events = events
    isUnfinished = unfinished
  }

  var testDescription: String { name }

  static let all = lineEnds + marks + data + names + ids + retries + ignored + ends + models

  private static let bom: [UInt8] = [0xEF, 0xBB, 0xBF]

  static let lineEnds: [Self] = [
    Self("LF", "data: a\n\ndata: b\n\n", [ReadEvent("a"), ReadEvent("b")]),
    Self("CR", "data: a\r\rdata: b\r\r", [ReadEvent("a"), ReadEvent("b")]),
    Self("CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", [ReadEvent("a"), ReadEvent("b")]),
    Self("LF, then CR", "data: a\n\rdata: b\n\r", [ReadEvent("a"), ReadEvent("b")]),
    Self("CR, then CRLF", "data: a\r\r\ndata: b\r\r\n", [ReadEvent("a"), ReadEvent("b")]),
    Self("CRLF, then LF", "data: a\r\n\ndata: b\r\n\n", [ReadEvent("a"), ReadEvent("b")]),
    Self("CRLF, then CR", "data: a\r\n\rdata: b\r\n\r", [ReadEvent("a"), ReadEvent("b")]),
    Self("mixed within an event", "data: a\rdata: b\ndata: c\r\n\n", [ReadEvent("a\nb\nc")]),
    Self(
      "CR LF LF is two ends, not three", "data: a\r\n\ndata\n\n", [ReadEvent("a"), ReadEvent("")]),
    Self("LF CR LF is two ends", "data: a\n\r\ndata: b\n\r\n", [ReadEvent("a"), ReadEvent("b")]),
    Self("only line ends", "\n\r\r\n\n\r", []),
  ]

  static let marks: [Self] = [
    Self("a byte order mark", bom + Array("data: a\n\n".utf8), [ReadEvent("a")]),
    Self("a second mark is a field name", bom + bom + Array("data: a\n\n".utf8), []),
    Self(
      "a mark later on", Array("data: a\n\n".utf8) + bom + Array("data: b\n\n".utf8),
      [ReadEvent("a")]),
    Self(
      "half a mark is a field name", [0xEF, 0xBB] + Array("data: a\n\ndata: b\n\n".utf8),
      [ReadEvent("b")]),
    Self(
      "a mark's first byte, alone in its line", [0xEF] + Array("\ndata: a\n\n".utf8),
      [ReadEvent("a")]),
    Self("a mark and nothing else", bom, []),
    Self("half a mark and nothing else", [0xEF, 0xBB], [], unfinished: true),
    Self("a mark before a blank line", bom + Array("\n\ndata: a\n\n".utf8), [ReadEvent("a")]),
  ]

  static let data: [Self] = [
    Self("no space", "data:a\n\n", [ReadEvent("a")]),
    Self("two spaces, one kept", "data:  a\n\n", [ReadEvent(" a")]),
    Self("a tab is kept", "data:\ta\n\n", [ReadEvent("\ta")]),
    Self("trailing space is kept", "data: a \n\n", [ReadEvent("a ")]),
    Self("empty value", "data:\n\n", [ReadEvent("")]),
    Self("empty value after a space", "data: \n\n", [ReadEvent("")]),
    Self("no colon", "data\n\n", [ReadEvent("")]),
    Self("two empty lines join to one LF", "data\ndata\n\n", [ReadEvent("\n")]),
    Self("two lines", "data: one\ndata: two\n\n", [ReadEvent("one\ntwo")]),
    Self("three lines", "data: one\ndata\ndata: two\n\n", [ReadEvent("one\n\ntwo")]),
    Self("empty lines around", "data:\ndata: a\ndata:\n\n", [ReadEvent("\na\n")]),
    Self("colons in the value", "data: a:b: c\n\n", [ReadEvent("a:b: c")]),
    Self("NUL in the value", "data: a\0b\n\n", [ReadEvent("a\0b")]),
    Self("UTF-8", "data: Grüße, 世界 🌍\n\n", [ReadEvent("Grüße, 世界 🌍")]),
    Self(
      "bytes that are not UTF-8", Array("data: ".utf8) + [0xFF, 0xC3, 0x0A, 0x0A],
      [ReadEvent(data: [0xFF, 0xC3])]),
    Self(
      "longer than several blocks", "data: \(String(repeating: "0123456789", count: 20))\n\n",
      [ReadEvent(String(repeating: "0123456789", count: 20))]),
    Self(
      "lines apart by other fields", "data: a\nevent: n\n: c\ndata: b\nid: 1\n\n",
      [ReadEvent("a\nb", name: "n", id: "1")]),
  ]

  static let names: [Self] = [
    Self("a name", "event: add\ndata: 1\n\n", [ReadEvent("1", name: "add")]),
    Self("a name after the data", "data: 1\nevent: add\n\n", [ReadEvent("1", name: "add")]),
    Self("the last name counts", "event: a\nevent: b\ndata: 1\n\n", [ReadEvent("1", name: "b")]),
    Self("an empty name clears", "event: a\nevent\ndata: 1\n\n", [ReadEvent("1")]),
    Self(
      "a name is for one event", "event: a\ndata: 1\n\ndata: 2\n\n",
      [ReadEvent("1", name: "a"), ReadEvent("2")]),
    Self("a dropped event takes its name along", "event: a\n\ndata: 2\n\n", [ReadEvent("2")]),
  ]

  static let ids: [Self] = [
    Self(
      "an ID stays", "id: 1\ndata: a\n\ndata: b\n\n",
      [ReadEvent("a", id: "1"), ReadEvent("b", id: "1")]),
    Self(
      "an empty ID resets", "id: 1\ndata: a\n\nid\ndata: b\n\n",
      [ReadEvent("a", id: "1"), ReadEvent("b")]),
    Self("an ID of a dropped event stays", "id: 7\n\ndata: a\n\n", [ReadEvent("a", id: "7")]),
    Self("an ID with NUL is ignored", "id: 1\nid: 2\0\ndata: a\n\n", [ReadEvent("a", id: "1")]),
    Self("an ID that is NUL is ignored", "id: 1\nid:\0\ndata: a\n\n", [ReadEvent("a", id: "1")]),
    Self("the last ID counts", "id: 1\nid: 22\ndata: a\n\n", [ReadEvent("a", id: "22")]),
    Self("an ID need not be a number", "id: a b:c\ndata: a\n\n", [ReadEvent("a", id: "a b:c")]),
  ]

  static let retries: [Self] = [
    Self(
      "a reconnection time stays", "retry: 3000\ndata: a\n\ndata: b\n\n",
      [ReadEvent("a", retry: 3000), ReadEvent("b", retry: 3000)]),
    Self("of a dropped event", "retry: 10\n\ndata: a\n\n", [ReadEvent("a", retry: 10)]),
    Self(
      "zero, and zeros in front", "retry: 0\ndata: a\n\nretry:0007\ndata: b\n\n",
      [ReadEvent("a", retry: 0), ReadEvent("b", retry: 7)]),
    Self(
      "not digits", "retry: 5\nretry: 1s\nretry: -1\nretry: 1.5\nretry: ٣\ndata: a\n\n",
      [ReadEvent("a", retry: 5)]),
    Self("a space too many", "retry:  5\ndata: a\n\n", [ReadEvent("a")]),
    Self("empty", "retry: 5\nretry\nretry:\nretry: \ndata: a\n\n", [ReadEvent("a", retry: 5)]),
    Self("the largest", "retry: 9223372036854775807\ndata: a\n\n", [ReadEvent("a", retry: .max)]),
    Self("one more than the largest", "retry: 9223372036854775808\ndata: a\n\n", [ReadEvent("a")]),
    Self("far too large", "retry: 99999999999999999999999\ndata: a\n\n", [ReadEvent("a")]),
  ]

  static let ignored: [Self] = [
    Self("a comment", ": hi\ndata: a\n\n", [ReadEvent("a")]),
    Self(
      "a comment between events", "data: a\n\n: ping\n\ndata: b\n\n",
      [ReadEvent("a"), ReadEvent("b")]),
    Self("a comment that looks like a field", ":data: a\n\n", []),
    Self("an empty comment", ":\n:\ndata: a\n\n", [ReadEvent("a")]),
    Self("an unknown field", "foo: bar\ndata: a\nbaz\n\n", [ReadEvent("a")]),
    Self("names are case-sensitive", "Data: a\nDATA: b\n\n", []),
    Self("names are not trimmed", " data: a\ndata : b\n\n", []),
    Self("longer names", "dataset: a\nevents: b\nids: c\nretry2: 1\ndata: d\n\n", [ReadEvent("d")]),
    Self("shorter names", "d: a\ndat: b\nev: c\ni: d\nretr: 1\ndata: e\n\n", [ReadEvent("e")]),
    Self("like names", "dota: a\nevend: b\nix: c\nrotry: 1\ndata: e\n\n", [ReadEvent("e")]),
    Self("a field without a name", " : a\n\n", []),
  ]

  static let ends: [Self] = [
    Self("nothing", "", []),
    Self("no blank line", "data: a\n\ndata: b\n", [ReadEvent("a")], unfinished: true),
    Self("no line end", "data: a\n\ndata: b", [ReadEvent("a")], unfinished: true),
    Self("an ID of a cut event", "data: a\n\nid: 9\n", [ReadEvent("a")], unfinished: true),
    Self("a closing comment", "data: a\n\n: bye\n", [ReadEvent("a")]),
    Self("a closing CR", "data: a\r\n\r", [ReadEvent("a")]),
    Self("an unknown field", "data: a\n\nfoo\n", [ReadEvent("a")], unfinished: true),
  ]

  static let models: [Self] = [
    Self(
      "a done marker", "data: {\"c\":[]}\n\ndata: [DONE]\n\n",
      [ReadEvent("{\"c\":[]}"), ReadEvent("[DONE]")]),
    Self(
      "a named event", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
      [ReadEvent("{\"type\":\"message_stop\"}", name: "message_stop")]),
    Self("keep-alives", ": PROCESSING\n\n: PROCESSING\n\ndata: {}\n\n", [ReadEvent("{}")]),
  ]
}
