/// What a figure counts in. Values are nanoseconds, bytes, or plain numbers.
public enum FigureUnit: Sendable, Equatable {
  case time, bytes, number
}

/// One number of a run, under the name that `--expect` and `--json` have for it.
public struct Figure: Sendable, Equatable {
  public let name: String
  public let value: Double
  public let unit: FigureUnit

  init(_ name: String, _ value: Double, _ unit: FigureUnit = .number) {
    self.name = name
    self.value = value
    self.unit = unit
  }
}

/// How things stood at one moment of a run.
public struct Sample: Sendable, Equatable {
  /// Since the run began.
  public var seconds = 0.0
  /// Since the sample before.
  public var eventsPerSecond = 0.0
  public var requestsPerSecond = 0.0
  /// Of the processes that are watched; 0 when none is.
  public var residentBytes = 0
  public var descriptors = 0
  public var gauges: [Double] = []
}

/// What a run found.
public struct Outcome: Sendable {
  public let scenario: String
  /// What was asked for, for people: `("connections", "64")`.
  public var settings: [(name: String, value: String)] = []
  public var figures: [Figure] = []
  public var histograms: [(name: String, histogram: Histogram)] = []
  public var samples: [Sample] = []
  public var gaugeNames: [String] = []
  /// The first thing that went wrong.
  public var firstError: String?
  /// Events were lost, came twice, or in disorder.
  public var isLossy = false
  /// Why the run failed, apart from that and from what was expected; empty when it did not.
  public var failures: [String] = []

  init(scenario: String) { self.scenario = scenario }

  public func figure(_ name: String) -> Figure? { figures.first { $0.name == name } }
  public func histogram(_ name: String) -> Histogram? {
    histograms.first { $0.name == name }?.histogram
  }

  mutating func add(_ name: String, _ value: Int, _ unit: FigureUnit = .number) {
    figures.append(Figure(name, Double(value), unit))
  }

  mutating func add(_ name: String, _ value: Double, _ unit: FigureUnit = .number) {
    figures.append(Figure(name, value, unit))
  }

  mutating func add(_ name: String, _ histogram: Histogram) {
    if !histogram.isEmpty { histograms.append((name, histogram)) }
  }

  /// Counts and latencies, with rates over the time that was measured.
  mutating func add(_ result: CrewResult) {
    let (counts, seconds) = (result.counts, result.seconds)
    add("seconds", seconds)
    add("requests", counts.requests)
    add("complete", counts.complete)
    add("requests_per_second", Double(counts.requests) / seconds)
    add("events", counts.events)
    add("events_per_second", Double(counts.events) / seconds)
    add("stamped", counts.stamped)
    add("events_per_read", Double(counts.events) / Double(max(1, counts.reads)))
    add("bytes_per_second", Double(counts.bytes) / seconds, .bytes)
    add("load_cpu_share", result.ownCPUSeconds / seconds)
    addErrors(of: result)
    add("ttfe", result.latencies.ttfe)
    add("ttfe_corrected", result.latencies.ttfeCorrected)
    add("gap", result.latencies.gap)
    add("delivery", result.latencies.delivery)
    add("duration", result.latencies.duration)
    add("publish", result.latencies.publish)
  }

  /// Errors count from beginning to end: what breaks while nothing is measured is broken too.
  private mutating func addErrors(of result: CrewResult) {
    let counts = result.total
    add("errors", counts.errors)
    for (name, value) in [
      ("errors_refused", counts.refused), ("errors_status", counts.badStatus),
      ("errors_incomplete", counts.incomplete), ("errors_miscounted", counts.miscounted),
      ("errors_reset", counts.reset), ("errors_malformed", counts.malformed),
      ("lost", counts.lost), ("duplicated", counts.duplicated),
      ("disordered", counts.disordered),
    ] {
      add(name, value)
    }
    isLossy = counts.lost + counts.duplicated + counts.disordered > 0
    firstError = firstError ?? result.firstError
  }

  /// What the server took over the window, and per unit of work.
  mutating func add(from start: ProcessUse, to end: ProcessUse, over result: CrewResult) {
    let cpu = end.cpuSeconds - start.cpuSeconds
    add("cpu_seconds", cpu)
    add("cpu_share", cpu / result.seconds)
    if result.counts.events > 0 {
      add("cpu_us_per_event", cpu * 1e6 / Double(result.counts.events))
    }
    if result.counts.requests > 0 {
      add("cpu_us_per_request", cpu * 1e6 / Double(result.counts.requests))
    }
  }
}
