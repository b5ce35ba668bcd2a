/// How often values lay in which of a few fixed ranges.
///
/// Cost: an observation is a few comparisons and two additions, without an allocation; only the
/// first one behind a copy makes the counts anew.
public struct Histogram: Sendable, Equatable {
  /// Upper bounds of the ranges, inclusive, ascending. What is above the last has a range too.
  public struct Bounds: Sendable, Equatable {
    public enum Unit: Sendable { case nanoseconds, bytes }

    public let values: [UInt64]
    public let unit: Unit

    public init(_ values: [UInt64], _ unit: Unit) {
      assert(zip(values, values.dropFirst()).allSatisfy(<), "bounds ascend")
      self.values = values
      self.unit = unit
    }
  }

  public let bounds: Bounds
  /// One for each bound, each for itself, and one for what is above.
  public private(set) var counts: [UInt64]
  /// Wraps after five centuries of nanoseconds, as counters may.
  public private(set) var sum: UInt64 = 0

  public init(_ bounds: Bounds) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.values.count + 1)
  }

  public var count: UInt64 { counts.reduce(0, &+) }

  /// - Parameter times: How many had this value.
  public mutating func observe(_ value: UInt64, times: UInt64 = 1) {
    var position = 0
    while position < bounds.values.count, value > bounds.values[position] { position += 1 }
    counts[position] &+= times
    sum &+= value &* times
  }

  /// - Precondition: Both have the same bounds.
  public mutating func add(_ other: Histogram) {
    precondition(other.bounds == bounds, "histograms of one family have the same bounds")
    for position in counts.indices { counts[position] &+= other.counts[position] }
    sum &+= other.sum
  }
}

extension Histogram.Bounds {
  private static let microsecond: UInt64 = 1_000
  private static let millisecond: UInt64 = 1_000_000

  /// What a loop does without waiting: 50 µs to 1 s.
  public static let turn = Self(
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000]
      .map { $0 * microsecond }, .nanoseconds)

  /// What a model or a disk does: 1 ms to 60 s.
  public static let wait = Self(
    [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000]
      .map { $0 * millisecond }, .nanoseconds)

  /// Whole answers: 100 ms to 10 minutes.
  public static let answer = Self(
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000]
      .map { $0 * millisecond }, .nanoseconds)

  /// 1 KiB to 16 MiB, each four times the one before.
  public static let lag = Self((0..<8).map { 1024 << ($0 * 2) }, .bytes)
}
