// A log of one answer: written event by event, and read event by event, as a reader does that is
// told of each.

internal import StreamLog

extension NamedBenchmark {
  static let logging = [
    NamedBenchmark(name: "log-append", make: append),
    NamedBenchmark(name: "log-read", make: read),
  ]

  /// What the rendering of an event gives the log.
  private struct Framed {
    let frame: [UInt8]
    let body: [UInt8]

    var count: Int { frame.count + body.count + ChunkFraming.end.count }
  }

  private static func framedEvents() -> [Framed] {
    let answer = SampleAnswer()
    var start = 0
    return answer.events.map { event in
      let body = Array(answer.stream[start..<event.payload.upperBound + 2])
      start = event.payload.upperBound + 2
      var frame: [UInt8] = []
      ChunkFraming.appendHead(body.count, to: &frame)
      return Framed(frame: frame, body: body)
    }
  }

  private static func write(_ events: [Framed], to log: Rendering) {
    let end = ChunkFraming.end
    for event in events {
      log.append(event.frame.span)
      log.append(event.body.span)
      log.append(end.span)
      log.endEvent()
      log.publish()
    }
  }

  private static func append() -> Benchmark {
    let events = framedEvents()
    let budget = LogBudget(limit: .max)
    return Benchmark(
      operation: "an event of an answer of \(Benchmark.round)",
      bytesPerRound: events.reduce(0) { $0 + $1.count }, rounds: 10
    ) {
      let log = Rendering(budget: budget)
      write(events, to: log)
      return log.published
    }
  }

  /// The cursor is made anew for each answer, and is part of the round.
  private static func read() -> Benchmark {
    let events = framedEvents()
    let log = Rendering(budget: LogBudget(limit: .max))
    write(events, to: log)
    let sizes = events.map(\.count)
    return Benchmark(
      operation: "an event, at a reader's cursor", bytesPerRound: log.published, rounds: 20
    ) {
      var sum = 0
      var cursor = Cursor(log, at: 0, skippingOptional: true)
      for size in sizes {
        let end = cursor.offset + size
        while cursor.offset < end, cursor.advance() == .behind {
          let wanted = end - cursor.offset
          cursor.read { bytes in
            let taken = min(bytes.count, wanted)
            sum &+= Int(bytes[taken - 1])
            return taken
          }
        }
      }
      return sum
    }
  }
}
