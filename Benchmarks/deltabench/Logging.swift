// A log of one answer: written event by event, and read event by event, as a reader does that is
// told of each.

internal import StreamLog

extension NamedBenchmark {
  static let logging = [
    NamedBenchmark(name: "log-append", make: append),
    NamedBenchmark(name: "log-read", make: read),
  ]

  private static func write(_ answer: SampleAnswer, to log: Rendering) {
    for event in answer.events {
      ChunkFraming.append(line: answer.stream.span.extracting(event.payload), to: log)
      log.endEvent()
      log.publish()
    }
  }

  private static func append() -> Benchmark {
    let answer = SampleAnswer()
    let budget = LogBudget(limit: .max)
    func writeAll() -> Int {
      let log = Rendering(budget: budget)
      write(answer, to: log)
      return log.published
    }
    return Benchmark(
      operation: "an event of an answer of \(Benchmark.round)", bytesPerRound: writeAll(),
      rounds: 10, body: writeAll)
  }

  /// The cursor is made anew for each answer, and is part of the round.
  private static func read() -> Benchmark {
    let log = Rendering(budget: LogBudget(limit: .max))
    write(SampleAnswer(), to: log)
    let ends = (1...log.events).compactMap { log.offset(after: $0) }
    return Benchmark(
      operation: "an event, at a reader's cursor", bytesPerRound: log.published, rounds: 20
    ) {
      var sum = 0
      var cursor = Cursor(log, at: 0, skippingOptional: true)
      for end in ends {
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
