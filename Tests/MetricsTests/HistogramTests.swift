import Metrics
import Testing

@Suite struct HistogramTests {
  private static let bounds = Histogram.Bounds([10, 20, 40], .bytes)

  @Test(
    arguments: [
      (0, 0), (9, 0), (10, 0), (11, 1), (20, 1), (21, 2), (40, 2), (41, 3), (UInt64.max, 3),
    ] as [(UInt64, Int)])
  func `a value counts in the first range that it is not above`(value: UInt64, position: Int) {
    var histogram = Histogram(Self.bounds)
    histogram.observe(value)
    var counts: [UInt64] = [0, 0, 0, 0]
    counts[position] = 1
    #expect(histogram.counts == counts)
    #expect(histogram.sum == value)
    #expect(histogram.count == 1)
  }

  @Test func `a value that many had counts so often`() {
    var one = Histogram(Self.bounds)
    var many = Histogram(Self.bounds)
    for _ in 0..<7 { one.observe(15) }
    many.observe(15, times: 7)
    #expect(one == many)
    #expect(many.sum == 105)
  }

  @Test func `the sum of two has what either had`() {
    var (left, right, both) = (
      Histogram(Self.bounds), Histogram(Self.bounds), Histogram(Self.bounds)
    )
    for value: UInt64 in [1, 12, 100] {
      left.observe(value)
      right.observe(value + 9)
      both.observe(value)
      both.observe(value + 9)
    }
    left.add(right)
    #expect(left == both)
  }

  @Test(arguments: [Histogram.Bounds.turn, .wait, .answer, .lag])
  func `bounds ascend`(bounds: Histogram.Bounds) {
    #expect(bounds.values.first ?? 0 > 0)
    #expect(zip(bounds.values, bounds.values.dropFirst()).allSatisfy(<))
  }
}
