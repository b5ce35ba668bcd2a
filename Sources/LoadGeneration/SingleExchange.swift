internal import EventLoop

/// One request and its answer, awaited on the calling thread.
final class SingleExchange: ConnectionOwner {
  private var isOver = false
  private var isComplete = false

  /// The body of an answer with status 200; nil for any other outcome, and when it is late.
  static func get(_ target: Target, timeoutSeconds: Double) throws -> [UInt8]? {
    let loop = try EventLoop()
    let owner = SingleExchange()
    let connection = ClientConnection(
      index: 0, target: target, source: 0,
      context: ConnectionContext(loop: loop, tally: Tally()), owner: owner)
    connection.keepsBody = true
    let request = RequestTemplate("GET", target, fields: [("Accept", "*/*")])
    connection.ask(request.bytes(session: ""), check: StreamCheck(startsAtZero: true))
    let watch = Stopwatch()
    while !owner.isOver, watch.seconds < timeoutSeconds { try loop.turn(atMost: 10) }
    connection.close()
    return owner.isComplete && connection.head.status == 200 ? connection.body : nil
  }

  func answerOpened(_ connection: ClientConnection) {}
  func firstEventCame(_ connection: ClientConnection) {}
  func answerEnded(_ connection: ClientConnection, _ end: AnswerEnd) {
    isOver = true
    isComplete = end == .complete
  }
}

/// What a scrape of `/metrics` says, for a few families.
enum Gauges {
  /// The sum over all labels of each family; 0 for one that is not there.
  static func read(_ names: [String], in text: String) -> [Double] {
    var sums = [Double](repeating: 0, count: names.count)
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let name = line.prefix { $0 != "{" && $0 != " " }
      guard let index = names.firstIndex(where: { $0 == name }) else { continue }
      // Labels may hold blanks: what follows them is a value, and perhaps a time.
      let rest = line.lastIndex(of: "}").map { line[line.index(after: $0)...] }
      let values = (rest ?? line.dropFirst(name.count)).split(separator: " ")
      if let value = values.first.flatMap({ Double($0) }) { sums[index] += value }
    }
    return sums
  }
}
