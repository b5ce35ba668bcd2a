// The scanner, beside the C library's fastest search for one byte over the same bytes.

internal import EventStream
internal import Glibc
internal import JSONWire
internal import ModelFormats

extension NamedBenchmark {
  static let anchor = "memchr"
  static let scanAndFields = "scan-and-fields"

  static let scanning = [
    NamedBenchmark(name: anchor, make: memchrOverLines),
    NamedBenchmark(name: "scan", make: { scan(bytesPerRead: .max) }),
    NamedBenchmark(name: "scan-small-reads", make: { scan(bytesPerRead: 1_460) }),
    NamedBenchmark(name: "fields", make: fields),
    NamedBenchmark(name: scanAndFields, make: scanAndReadFields),
  ]

  /// What a scanner cannot do without: the line ends of the stream, and nothing else.
  private static func memchrOverLines() -> Benchmark {
    let stream = SampleAnswer().stream
    return Benchmark(
      operation: "the line ends of an event", bytesPerRound: stream.count, rounds: 100
    ) {
      // SAFETY: the search is told the bytes that are left behind `start`.
      unsafe stream.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return 0 }
        var (sum, start) = (0, 0)
        while let found = unsafe memchr(base + start, 0x0A, bytes.count - start) {
          start = unsafe UnsafeRawPointer(found) - base + 1
          sum &+= start
        }
        return sum
      }
    }
  }

  private static func scan(bytesPerRead: Int) -> Benchmark {
    let stream = SampleAnswer().stream
    var parser = EventStreamParser(maximumEventBytes: 1 << 20)
    return Benchmark(
      operation: bytesPerRead < stream.count
        ? "an event, in reads of \(bytesPerRead) bytes" : "an event, in one read",
      bytesPerRound: stream.count, rounds: 20
    ) {
      var (sum, start) = (0, 0)
      while start < stream.count {
        let end = start + min(bytesPerRead, stream.count - start)
        try? parser.consume(stream.span.extracting(start..<end)) { _, payload in
          sum &+= payload.count
          return .proceed
        }
        start = end
      }
      return sum
    }
  }

  private static func fields() -> Benchmark {
    let answer = SampleAnswer()
    return Benchmark(
      operation: "an event's JSON", bytesPerRound: answer.stream.count, rounds: 20
    ) {
      let stream = answer.stream.span
      var sum = 0
      for event in answer.events { sum &+= textEnd(in: stream.extracting(event.payload)) }
      return sum
    }
  }

  private static func scanAndReadFields() -> Benchmark {
    let stream = SampleAnswer().stream
    var parser = EventStreamParser(maximumEventBytes: 1 << 20)
    var payloads = PayloadReader(.openAIChat)
    return Benchmark(
      operation: "an event, and where its text is", bytesPerRound: stream.count, rounds: 100
    ) {
      var sum = 0
      try? parser.consume(stream.span) { _, payload in
        sum &+= (try? payloads.read(payload))?.text?.range.upperBound ?? 0
        return .proceed
      }
      return sum
    }
  }

  @inline(__always)
  private static func textEnd(in payload: Span<UInt8>) -> Int {
    (try? ModelFormat.openAIChat.read(payload))?.text?.range.upperBound ?? 0
  }
}
