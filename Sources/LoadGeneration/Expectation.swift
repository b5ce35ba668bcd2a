/// A threshold of a run: `ttfe.p99<50ms`, `errors=0`, `rss_peak<=24MB`.
public struct Expectation: Sendable, Equatable {
  enum Comparison: String, CaseIterable, Sendable {
    // The longer ones first: they begin like the others.
    case atMost = "<="
    case atLeast = ">="
    case below = "<"
    case above = ">"
    case equal = "="

    func holds(_ left: Double, _ right: Double) -> Bool {
      switch self {
      case .atMost: left <= right
      case .atLeast: left >= right
      case .below: left < right
      case .above: left > right
      case .equal: left == right
      }
    }
  }

  /// As it was written.
  public let text: String
  let figure: String
  /// `p99`, `mean` and the like, of a latency; nil for a plain figure.
  let statistic: String?
  let comparison: Comparison
  let value: Double

  /// The latencies, in the order of the tables.
  public static let latencies = [
    "ttfe", "ttfe_corrected", "gap", "delivery", "duration", "publish",
  ]
  /// The plain figures and their units. Which of them a run has depends on the scenario.
  public static let figures: [(name: String, unit: FigureUnit)] = [
    ("seconds", .number), ("requests", .number), ("complete", .number),
    ("requests_per_second", .number), ("events", .number), ("events_per_second", .number),
    ("stamped", .number), ("events_per_read", .number), ("bytes_per_second", .bytes),
    ("load_cpu_share", .number),
    ("errors", .number), ("errors_refused", .number), ("errors_status", .number),
    ("errors_incomplete", .number), ("errors_miscounted", .number), ("errors_reset", .number),
    ("errors_malformed", .number), ("lost", .number), ("duplicated", .number),
    ("disordered", .number), ("unserved", .number), ("open", .number), ("cpu_seconds", .number),
    ("cpu_share", .number), ("cpu_us_per_event", .number), ("cpu_us_per_request", .number),
    ("rss_before", .bytes), ("rss_end", .bytes), ("rss_peak", .bytes), ("rss_growth", .bytes),
    ("rss_per_stream", .bytes), ("anonymous_per_stream", .bytes), ("connected", .number),
    ("connect_seconds", .number), ("published", .number), ("publish_errors", .number),
    ("missing", .number), ("early", .number), ("streams", .number), ("readers", .number),
    ("exact", .number), ("breaks", .number), ("rounds", .number), ("descriptors_end", .number),
  ]
  private static let statistics = ["min", "mean", "max", "count"]

  public init(_ text: String) throws(UsageError) {
    self.text = text
    guard
      let comparison = Comparison.allCases.first(where: { text.contains($0.rawValue) }),
      let range = text.firstRange(of: comparison.rawValue)
    else { throw UsageError("--expect \(text): no comparison (< <= > >= =)") }
    self.comparison = comparison
    func trimmed(_ part: Substring) -> String { String(part.filter { $0 != " " }) }
    let name = trimmed(text[..<range.lowerBound])
    let value = trimmed(text[range.upperBound...])
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    figure = parts.first ?? ""
    var unit: FigureUnit
    if Self.latencies.contains(figure) {
      let statistic = parts.count == 2 ? parts[1] : "p99"
      guard Self.isStatistic(statistic) else {
        throw UsageError("--expect \(text): \(statistic) is none of p50, p99.9, min, mean, max")
      }
      self.statistic = statistic
      unit = statistic == "count" ? .number : .time
    } else if let known = Self.figures.first(where: { $0.name == name }) {
      statistic = nil
      unit = known.unit
    } else {
      let known = Self.latencies.map { "\($0).p99" } + Self.figures.map(\.name)
      throw UsageError(
        "--expect \(text): no figure is named \"\(name)\"; there are "
          + known.joined(separator: ", "))
    }
    guard let number = Quantity.read(value, unit) else {
      let units = unit == .time ? " (50ms)" : unit == .bytes ? " (24MB)" : ""
      throw UsageError("--expect \(text): \"\(value)\" is no value of \(name)\(units)")
    }
    self.value = number
  }

  private static func isStatistic(_ text: String) -> Bool {
    statistics.contains(text) || percent(text) != nil
  }

  /// 99.9 for `p99.9`.
  private static func percent(_ text: String) -> Double? {
    guard text.hasPrefix("p"), let percent = Double(text.dropFirst()), percent >= 0, percent <= 100
    else { return nil }
    return percent
  }

  /// Nil when the run is as expected; else what was found, for one line.
  public func failure(in outcome: Outcome) -> String? {
    if let statistic {
      guard let histogram = outcome.histogram(figure) else {
        return "expected \(text): no \(figure) was measured"
      }
      let found = Self.value(of: statistic, in: histogram)
      if comparison.holds(found, value) { return nil }
      let unit = statistic == "count" ? FigureUnit.number : .time
      return "expected \(text): found \(Quantity.show(found, unit))"
    }
    guard let found = outcome.figure(figure) else {
      return "expected \(text): \(figure) was not measured"
    }
    if comparison.holds(found.value, value) { return nil }
    return "expected \(text): found \(Quantity.show(found.value, found.unit))"
  }

  private static func value(of statistic: String, in histogram: Histogram) -> Double {
    switch statistic {
    case "min": Double(histogram.minimum)
    case "mean": histogram.mean
    case "max": Double(histogram.maximum)
    case "count": Double(histogram.count)
    default: Double(histogram.percentile(percent(statistic) ?? 100))
    }
  }
}
