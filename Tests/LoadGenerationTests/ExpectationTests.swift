import Testing

@testable import LoadGeneration

@Suite struct ExpectationTests {
  private static var outcome: Outcome {
    var outcome = Outcome(scenario: "relay")
    outcome.add("errors", 2)
    outcome.add("rss_peak", 24 << 20, .bytes)
    var histogram = Histogram()
    for value: UInt64 in 1...100 { histogram.record(value * 1_000_000) }
    outcome.add("ttfe", histogram)
    return outcome
  }

  @Test(arguments: [
    "ttfe.p99<101ms", "ttfe.p50<=0.051s", "ttfe.max=100ms", "ttfe.min>=1ms", "ttfe.count=100",
    "ttfe.p99.9<1", "ttfe<100ms", "errors=2", "errors < 3", "rss_peak<=24MB", "rss_peak>20000KB",
  ])
  func `what holds is no failure`(text: String) throws {
    #expect(try Expectation(text).failure(in: Self.outcome) == nil)
  }

  @Test(arguments: [
    ("ttfe.max<50ms", "100 ms"), ("ttfe.mean>1s", "50.5 ms"), ("errors=0", "2"),
    ("rss_peak<1MB", "24 MB"), ("gap.p99<1ms", "no gap was measured"),
    ("cpu_seconds<1", "cpu_seconds was not measured"),
  ])
  func `what does not hold tells what was found`(text: String, found: String) throws {
    let failure = try #require(try Expectation(text).failure(in: Self.outcome))
    #expect(failure.contains(text) && failure.contains(found), "\(failure)")
  }

  @Test(arguments: [
    ("ttfe", "no comparison"), ("tttfe.p99<50ms", "ttfe.p99, "), ("errors.p99<1", "errors, "),
    ("ttfe.p101<1ms", "none of p50"), ("ttfe.p99<50", ""), ("ttfe.p99<50MB", "no value"),
    ("errors<1ms", "no value"), ("rss_peak<1s", "no value"), ("errors<", "no value"),
  ])
  func `what cannot be meant is told at once`(text: String, reason: String) {
    guard !reason.isEmpty else { return }
    let error = #expect(throws: UsageError.self) { try Expectation(text) }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }
}
