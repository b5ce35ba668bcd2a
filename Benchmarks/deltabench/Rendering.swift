// An event on its way out, as a stream writes it: rendered in a format, framed as a chunk.

internal import ClientAPIs

extension NamedBenchmark {
  static let rendering = [
    (name: "render-openai", format: WireFormat.openAI), (name: "render-events", format: .events),
    (name: "render-lines", format: .lines), (name: "render-chunks", format: .chunks),
  ].map { name, format in NamedBenchmark(name: name, make: { render(format) }) }

  private static func render(_ format: WireFormat) -> Benchmark {
    let answer = SampleAnswer()
    let scratch = Scratch()
    var bytes = 0
    func renderAll() -> Int {
      var (sum, sequence) = (0, 0)
      for event in answer.events {
        sequence += 1
        scratch.body.removeAll(keepingCapacity: true)
        format.appendEvent(
          event.event, answer.stream.span.extracting(event.payload), sequence: sequence,
          to: &scratch.body)
        scratch.frame.removeAll(keepingCapacity: true)
        ChunkFraming.appendHead(scratch.body.count, to: &scratch.frame)
        sum &+= scratch.frame.count &+ scratch.body.count &+ ChunkFraming.end.count
      }
      return sum
    }
    bytes = renderAll()
    return Benchmark(
      operation: "an event in the format `\(format)`", bytesPerRound: bytes, rounds: 20,
      body: renderAll)
  }
}
