import JSONWire
import Testing

@testable import LoadGeneration

@Suite struct OutcomeTests {
  private static var outcome: Outcome {
    var outcome = Outcome(scenario: "relay")
    outcome.settings = [("url", "http://x/<&\">")]
    outcome.add("errors", 0)
    outcome.add("events_per_second", 12.3456)
    var histogram = Histogram()
    for value: UInt64 in 1...1000 { histogram.record(value * 1000) }
    outcome.add("ttfe", histogram)
    for second in 0..<5 {
      var sample = Sample()
      sample.seconds = Double(second)
      sample.eventsPerSecond = 100
      sample.residentBytes = 1 << 20
      outcome.samples.append(sample)
    }
    return outcome
  }

  @Test func `the JSON is one object, with what failed`() throws {
    let text = Self.outcome.json(failures: ["a \"b\""])
    let bytes = Array(text.utf8)
    var reader = JSONReader()
    _ = try reader.skipValue(in: bytes.span)
    try reader.end(in: bytes.span)
    #expect(text.contains(#""errors":0"#) && text.contains(#""events_per_second":12.346"#))
    #expect(text.contains(#""failures":["a \"b\""],"passed":false"#))
    #expect(text.contains(#""p999_us":"#))
  }

  @Test func `the page holds everything itself`() {
    let page = Self.outcome.html(failures: ["x < y"])
    #expect(page.contains("x &lt; y") && page.contains("http://x/&lt;&amp;&quot;&gt;"))
    #expect(!page.contains("<script") && !page.contains("src=") && !page.contains("href="))
    #expect(page.contains("<polyline") && page.contains("Resident memory"))
  }

  @Test func `gauges are summed over their labels`() {
    let text = "# TYPE a gauge\na{x=\"1 2}\"} 3\na{x=\"2\"} 4 1700\nab 5\nb 1.5\n"
    #expect(Gauges.read(["a", "b", "c"], in: text) == [7, 1.5, 0])
  }
}
