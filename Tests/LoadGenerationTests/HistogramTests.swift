import Testing

@testable import LoadGeneration

@Suite struct HistogramTests {
  /// Values of all sizes: as many of a few nanoseconds as of an hour.
  private static func values(_ count: Int, seed: UInt64) -> [UInt64] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in random.next() >> UInt64.random(in: 22...63, using: &random) }
  }

  private static func exact(_ percent: Double, of sorted: [UInt64]) -> UInt64 {
    let rank = Int((percent / 100 * Double(sorted.count)).rounded(.up))
    return sorted[max(0, min(rank, sorted.count) - 1)]
  }

  @Test(arguments: [UInt64](1...8), [1, 2, 10, 997, 20_000])
  func `percentiles are those of a sorted array, to one percent`(seed: UInt64, count: Int) {
    let values = Self.values(count, seed: seed)
    var histogram = Histogram()
    for value in values { histogram.record(value) }
    let sorted = values.sorted()
    for percent in [0, 0.1, 1, 25, 50, 75, 90, 99, 99.9, 99.99, 100] {
      let (found, wanted) = (
        Double(histogram.percentile(percent)), Double(Self.exact(percent, of: sorted))
      )
      #expect((found - wanted).magnitude <= max(wanted * 0.01, 0), "p\(percent)")
    }
    #expect(histogram.count == UInt64(count))
    #expect(histogram.minimum == sorted.first)
    #expect(histogram.maximum == sorted.last)
    let mean = values.reduce(0) { $0 + Double($1) } / Double(count)
    #expect((histogram.mean - mean).magnitude <= mean * 1e-9)
  }

  @Test(arguments: [UInt64](1...5))
  func `histograms of several threads merge into that of all`(seed: UInt64) {
    let values = Self.values(3000, seed: seed)
    var (whole, parts) = (Histogram(), [Histogram(), Histogram(), Histogram()])
    for (index, value) in values.enumerated() {
      whole.record(value)
      parts[index % 3].record(value)
    }
    var merged = Histogram()
    for part in parts { merged.merge(part) }
    for percent in stride(from: 0.0, through: 100, by: 2.5) {
      #expect(merged.percentile(percent) == whole.percentile(percent))
    }
    #expect(merged.count == whole.count && merged.maximum == whole.maximum)
    #expect(merged.minimum == whole.minimum)
  }

  @Test func `small values are exact, and huge ones keep their maximum`() {
    for value: UInt64 in 0..<128 {
      var histogram = Histogram()
      histogram.record(value)
      histogram.record(1000)
      #expect(histogram.percentile(50) == value)
    }
    var histogram = Histogram()
    histogram.record(.max)
    #expect(histogram.maximum == .max && histogram.percentile(100) == .max)
  }

  @Test func `without values everything is zero`() {
    let histogram = Histogram()
    #expect(histogram.isEmpty && histogram.percentile(99) == 0 && histogram.mean == 0)
    #expect(histogram.minimum == 0 && histogram.maximum == 0)
  }

  @Test func `what a stalled closed loop left out is recorded`() {
    var histogram = Histogram()
    for _ in 0..<100 { histogram.recordCorrected(1_000_000, expectedInterval: 10_000_000) }
    // A second in which nobody asked: 99 requests would have waited, the last for 10 ms.
    histogram.recordCorrected(1_000_000_000, expectedInterval: 10_000_000)
    #expect(histogram.count == 200)
    let median = Double(histogram.percentile(75))
    #expect(median > 480e6 && median < 520e6)
  }

  @Test func `a value shorter than the interval is recorded once`() {
    var histogram = Histogram()
    histogram.recordCorrected(9, expectedInterval: 10)
    histogram.recordCorrected(19, expectedInterval: 10)
    histogram.recordCorrected(5, expectedInterval: 0)
    #expect(histogram.count == 3)
  }
}
