import Testing

@testable import Configuration

/// A key with a bound at both ends, `#` standing for its value.
struct BoundCase: CustomTestStringConvertible, Sendable {
  var key: String
  var text: String
  var inside: [String]
  var outside: [String]
  var testDescription: String { key }
}

private func top(_ key: String, _ text: String, _ inside: [String], _ outside: [String])
  -> BoundCase
{
  BoundCase(key: key, text: demo(text), inside: inside, outside: outside)
}

private func number(_ section: String, _ key: String, _ range: ClosedRange<Int>) -> BoundCase {
  top(
    "\(section).\(key)", "\(section): {\(key): #},",
    ["\(range.lowerBound)", "\(range.upperBound)"],
    ["\(range.lowerBound - 1)", "\(range.upperBound + 1)"])
}

private func size(_ section: String, _ key: String, _ range: ClosedRange<Int>) -> BoundCase {
  top(
    "\(section).\(key)", "\(section): {\(key): \"#B\"},",
    ["\(range.lowerBound)", "\(range.upperBound)"],
    ["\(range.lowerBound - 1)", "\(range.upperBound + 1)"])
}

private func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }

private func duration(
  _ key: String, _ text: String, _ range: ClosedRange<Duration>
) -> BoundCase {
  let lower = milliseconds(range.lowerBound)
  let upper = milliseconds(range.upperBound)
  return BoundCase(
    key: key, text: text.replacing("#", with: "\"#ms\""), inside: ["\(lower)", "\(upper)"],
    outside: ["\(lower - 1)", "\(upper + 1)", "\(upper).001"])
}

private func duration(_ section: String, key: String, _ range: ClosedRange<Duration>) -> BoundCase {
  duration("\(section).\(key)", demo("\(section): {\(key): #},"), range)
}

private typealias Bounds = Settings.Bounds

private let bounds: [BoundCase] = [
  top("loops", "loops: #,", ["0", "256"], ["-1", "257"]),
  number("limits", "connections", Bounds.connections),
  size("limits", "head", Bounds.headBytes),
  number("limits", "fields", Bounds.fields),
  size("limits", "target", Bounds.targetBytes),
  size("limits", "body", Bounds.bodyBytes),
  size("limits", "event", Bounds.eventBytes),
  size("limits", "answer", Bounds.answerBytes),
  number("limits", "generations", Bounds.generations),
  number("limits", "queuedGenerations", Bounds.queuedGenerations),
  number("limits", "streamsPerClient", Bounds.streamsPerClient),
  number("rates", "ipv6Prefix", Bounds.ipv6Prefix),
  number("rates", "addresses", Bounds.addresses),
  top(
    "rates.chats.requests", "rates: {chats: {requests: #}},", ["0", "1000000"], ["-1", "1000001"]),
  duration("rates.chats.per", demo("rates: {chats: {per: #}},"), Bounds.ratePeriod),
  top(
    "keys[].rate.requests", "keys: [{name: \"k\", environment: \"A\", rate: {requests: #}}],",
    ["0", "1000000"], ["-1", "1000001"]),
  top(
    "keys[].streams", "keys: [{name: \"k\", environment: \"A\", streams: #}],",
    ["0", "1000000"], ["-1", "1000001"]),
  number("conversations", "waiting", Bounds.waiting),
  duration("conversations", key: "patience", Bounds.patience),
  duration("archive", key: "journal", Bounds.journal),
  duration("archive", key: "retention", Bounds.conversationRetention),
  duration("timeouts", key: "queue", Bounds.queue),
  duration("timeouts", key: "head", Bounds.head),
  duration("timeouts", key: "body", Bounds.body),
  duration("timeouts", key: "keepAlive", Bounds.keepAlive),
  duration("timeouts", key: "stall", Bounds.stall),
  duration("timeouts", key: "heartbeat", Bounds.heartbeat),
  duration("timeouts", key: "shutdown", Bounds.shutdown),
  BoundCase(
    key: "streams.memory", text: demo("streams: {memory: \"#B\", stream: \"64KiB\"},"),
    inside: ["\(1 << 20)", "\(1 << 40)"], outside: ["\(1 << 20 - 1)", "\(1 << 40 + 1)"]),
  BoundCase(
    key: "streams.stream", text: demo("streams: {memory: \"2GiB\", stream: \"#B\"},"),
    inside: ["65536", "\(1 << 30)"], outside: ["65535", "\(1 << 30 + 1)"]),
  duration("streams", key: "retention", Bounds.retention),
  duration("grace", demo("streams: {whenUnread: {grace: #}},"), Bounds.grace),
  duration("connect", upstream("kind: \"demo\", timeouts: {connect: #}"), Bounds.connectTimeout),
  duration(
    "firstEvent", upstream("kind: \"demo\", timeouts: {firstEvent: #, total: \"2h\"}"),
    Bounds.firstEventTimeout),
  duration(
    "idle", upstream("kind: \"demo\", timeouts: {idle: #, total: \"2h\"}"), Bounds.idleTimeout),
  duration(
    "total",
    upstream("kind: \"demo\", timeouts: {firstEvent: \"1s\", idle: \"1s\", total: #}"),
    Bounds.totalTimeout),
  BoundCase(
    key: "idleConnections", text: upstream("kind: \"demo\", idleConnections: #"),
    inside: ["0", "100000"], outside: ["-1", "100001"]),
  duration("pace", upstream("kind: \"demo\", pace: #"), Bounds.pace),
]

/// A text in a string, by its length.
private let lengths: [BoundCase] = [
  (
    "keys[].name", demo("keys: [{name: \"#\", environment: \"A\"}],"), Bounds.name
  ),
  ("models[].id", upstream("kind: \"demo\"").replacing("\"m\"", with: "\"#\""), Bounds.modelID),
  ("listen", demo("listen: [\"unix:/#\"],"), 1...Bounds.socketPath.upperBound - 1),
  (
    "keys[].credential", demo("keys: [{name: \"k\", credential: \"#\"}],"), Bounds.credential
  ),
  ("keys[].file", demo("keys: [{name: \"k\", file: \"#\"}],"), Bounds.path),
  (
    "baseURL", upstream("kind: \"openai\", baseURL: \"http://#\""),
    1...63
  ),
].map { key, text, range in
  let long = String(repeating: "x", count: range.upperBound)
  return BoundCase(key: key, text: text, inside: ["x", long], outside: ["", long + "x"])
}

@Suite struct SchemaBoundsTests {
  @Test(arguments: bounds + lengths)
  func `a value at either bound is taken and the next one refused`(_ vector: BoundCase) {
    for value in vector.inside {
      #expect(problems(vector.text.replacing("#", with: value)).isEmpty)
    }
    for value in vector.outside {
      #expect(problems(vector.text.replacing("#", with: value)).count == 1)
    }
  }

  @Test(arguments: [(1, true), (64, true), (65, false)])
  func `there are 1 to 64 addresses`(_ count: Int, _ fits: Bool) {
    let addresses = (0..<count).map { "\"a:\($0 + 1)\"" }.joined(separator: ",")
    #expect(
      problems(demo("listen: [\(addresses)], allowAnonymous: true,"))
        == (fits
          ? []
          : [
            "listen: found 65 elements; expected 1 to 64 addresses such as "
              + "[\"127.0.0.1:8080\"]"
          ]))
  }
}
