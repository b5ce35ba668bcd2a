// Micro-benchmarks of the pure modules: docs/benchmarks.md says what they are and what they say.

AllocationCount.testCounter()

switch Command(Array(CommandLine.arguments.dropFirst())) {
case .list:
  for named in NamedBenchmark.all { print(named.name) }

case .once(let named, let rounds):
  // A first round is no part of what is counted: it brings buffers to their size.
  let benchmark = named.make()
  let sum = benchmark.body()
  for _ in 0..<rounds { precondition(benchmark.body() == sum, "every round must do the same") }

case .measure(let filter, let iterations, let isJSON):
  let chosen = NamedBenchmark.all.filter { filter.isEmpty || $0.name.contains(filter) }
  var measurements = chosen.map(Measurement.init)
  // Each in turn, again and again: what the machine does besides falls on all of them.
  for _ in 0..<iterations { for index in measurements.indices { measurements[index].time() } }
  let report = Report(measurements: measurements)
  if isJSON { report.printJSON() } else { report.printTable() }
}
