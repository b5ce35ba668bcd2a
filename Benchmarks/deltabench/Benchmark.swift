/// One thing that is measured.
struct Benchmark {
  /// Operations come in rounds of this many: so long is the answer that most of them go through.
  static let round = 1_000

  /// A short description for the table: what one operation is.
  let operation: String
  /// Bytes that `rounds` rounds take in or put out, per round; nil where that says nothing.
  let bytesPerRound: Int?
  /// Rounds that are timed together: a millisecond or so.
  let rounds: Int
  /// Does a round, and answers with a sum that depends on all that was done: nothing of the body
  /// can be left out by the compiler, and every round must come to the same sum.
  let body: () -> Int
}

/// A benchmark by its name; what it works on is made when it is its turn.
struct NamedBenchmark: Sendable {
  let name: String
  let make: @Sendable () -> Benchmark
}

extension NamedBenchmark {
  /// The anchor comes first: what reads a stream is told as a part of it.
  static let all =
    scanning + [NamedBenchmark(name: "request-head", make: requestHead)] + rendering
    + [NamedBenchmark(name: "rate-known-address", make: rateOfKnownAddress)] + logging
}
