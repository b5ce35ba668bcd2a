internal import Glibc

/// What one operation of a benchmark costs. Times are processor time of this thread, which other
/// processes on the machine do not lengthen as much as they do wall time.
struct Measurement {
  let name: String
  let benchmark: Benchmark
  let allocations: Double
  let allocatedBytes: Double
  /// Nanoseconds, one for each iteration, in their order.
  private(set) var times: [Double] = []
  private let sum: Int

  /// Makes the benchmark, lets it come to its working size, and counts.
  init(_ named: NamedBenchmark) {
    let benchmark = named.make()
    let sum = benchmark.body()
    let count = AllocationCount { Self.run(benchmark, expecting: sum) }
    let operations = Double(benchmark.rounds * Benchmark.round)
    name = named.name
    self.benchmark = benchmark
    self.sum = sum
    allocations = Double(count.allocations) / operations
    allocatedBytes = Double(count.bytes) / operations
  }

  /// One iteration more.
  mutating func time() {
    let start = Self.processorTime()
    Self.run(benchmark, expecting: sum)
    let nanoseconds = Self.processorTime() - start
    times.append(nanoseconds / Double(benchmark.rounds * Benchmark.round))
  }

  private static func run(_ benchmark: Benchmark, expecting sum: Int) {
    for _ in 0..<benchmark.rounds {
      precondition(benchmark.body() == sum, "every round must do the same")
    }
  }

  private static func processorTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }
}

extension Measurement {
  var median: Double {
    let sorted = times.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }

  var bytesPerOperation: Double? {
    benchmark.bytesPerRound.map { Double($0) / Double(Benchmark.round) }
  }

  /// How often this one's operation fits into the other's time, each at its shortest: a neighbour
  /// on the same core slows down searches of memory much less than decisions. Nil without times.
  func speed(beside anchor: Measurement) -> Double? {
    guard let own = times.min(), let other = anchor.times.min() else { return nil }
    return other / own
  }
}
