// Latencies, counted by size: log-linear steps as HdrHistogram has them.
//
// Every power of two is cut into 128 equal steps, so that a value read back is off by less than
// 0.4 % wherever it lies, in 38 KB that never grow. Count, sum, least and greatest are exact.

/// Counts values by size. One thread at a time; merge those of several threads afterwards.
public struct Histogram: Sendable, Equatable {
  private static let stepBits = 7
  private static let steps = 1 << stepBits
  /// Values of 2^43 ns (2.4 hours) and more share the last step; `maximum` still is exact.
  private static let valueBits = 43
  private static let bucketCount = (valueBits - stepBits + 1) * steps

  private var buckets = [UInt64](repeating: 0, count: bucketCount)
  public private(set) var count: UInt64 = 0
  private var sum = 0.0
  private var least = UInt64.max
  /// The greatest value; 0 when there is none.
  public private(set) var maximum: UInt64 = 0

  public init() {}

  public var isEmpty: Bool { count == 0 }
  /// The least value; 0 when there is none.
  public var minimum: UInt64 { isEmpty ? 0 : least }
  /// 0 when there is none.
  public var mean: Double { isEmpty ? 0 : sum / Double(count) }

  private static func bucket(of value: UInt64) -> Int {
    if value < UInt64(steps) { return Int(value) }
    let shift = 63 - value.leadingZeroBitCount - stepBits
    let index = (shift + 1) * steps + Int(value >> UInt64(shift)) - steps
    return min(index, bucketCount - 1)
  }

  /// The middle of what falls into the bucket.
  private static func value(of bucket: Int) -> UInt64 {
    if bucket < steps { return UInt64(bucket) }
    let shift = UInt64(bucket / steps - 1)
    let low = UInt64(bucket % steps + steps) << shift
    return low + (1 << shift) / 2
  }

  /// O(1), no allocation.
  public mutating func record(_ value: UInt64) {
    buckets[Self.bucket(of: value)] += 1
    count += 1
    sum += Double(value)
    if value < least { least = value }
    if value > maximum { maximum = value }
  }

  /// Records a value, and what should have been measured while it was awaited.
  ///
  /// Somebody who asks again only when he was answered does not ask while the answer hangs, and so
  /// misses the very moments that are slow (coordinated omission). If he means to ask every
  /// `interval`, the requests that he did not send would have taken `interval` less each.
  public mutating func recordCorrected(_ value: UInt64, expectedInterval interval: UInt64) {
    record(value)
    guard interval > 0 else { return }
    var missed = value
    while missed >= 2 * interval {
      missed -= interval
      record(missed)
    }
  }

  public mutating func merge(_ other: Histogram) {
    for index in buckets.indices { buckets[index] += other.buckets[index] }
    count += other.count
    sum += other.sum
    least = min(least, other.least)
    maximum = max(maximum, other.maximum)
  }

  /// The value that `percent` of all values do not exceed, 0 to 100; 0 when there is none.
  public func percentile(_ percent: Double) -> UInt64 {
    guard count > 0 else { return 0 }
    let share = max(0, min(percent, 100)) / 100
    let wanted = max(1, UInt64((share * Double(count)).rounded(.up)))
    if wanted >= count { return maximum }
    var passed: UInt64 = 0
    for (index, number) in buckets.enumerated() where number > 0 {
      passed += number
      if passed >= wanted { return min(max(Self.value(of: index), least), maximum) }
    }
    return maximum
  }
}
