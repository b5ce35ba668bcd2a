internal import JSONWire

extension Outcome {
  /// The percentiles that tables and JSON tell.
  static let percents: [(name: String, key: String, value: Double)] = [
    ("p50", "p50_us", 50), ("p90", "p90_us", 90), ("p99", "p99_us", 99),
    ("p99.9", "p999_us", 99.9),
  ]

  /// For people, with a line feed at the end.
  public func table() -> String {
    var text = scenario + ": " + settings.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    text += "\n\n"
    for figure in figures where figure.value != 0 || Self.alwaysShown.contains(figure.name) {
      let name = figure.name.padded(24)
      text += "  \(name)\(Quantity.show(figure.value, figure.unit))\n"
    }
    if !histograms.isEmpty {
      text += "\n  \("latency".padded(16))"
      for title in ["count", "min", "mean"] + Self.percents.map(\.name) + ["max"] {
        text += title.padded(11, left: true)
      }
      text += "\n"
    }
    for (name, histogram) in histograms {
      text += "  \(name.padded(16))\("\(histogram.count)".padded(11, left: true))"
      let values =
        [Double(histogram.minimum), histogram.mean]
        + Self.percents.map { Double(histogram.percentile($0.value)) }
        + [Double(histogram.maximum)]
      for value in values { text += Quantity.show(value, .time).padded(11, left: true) }
      text += "\n"
    }
    if let firstError { text += "\n  first error: \(firstError)\n" }
    return text
  }

  private static let alwaysShown: Set<String> = [
    "errors", "lost", "duplicated", "disordered", "requests", "events", "missing",
  ]

  /// One object; docs/deltaload.md has the keys.
  public func json(failures: [String]) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("scenario")
    writer.string(scenario)
    writer.key("settings")
    writer.beginObject()
    for setting in settings {
      writer.key(text: setting.name)
      writer.string(setting.value)
    }
    writer.endObject()
    writer.key("figures")
    writer.beginObject()
    for figure in figures {
      writer.key(text: figure.name)
      writer.number(figure.value)
    }
    writer.endObject()
    writer.key("latencies")
    writer.beginObject()
    for (name, histogram) in histograms {
      writer.key(text: name)
      writer.histogram(histogram)
    }
    writer.endObject()
    writer.key("first_error")
    if let firstError { writer.string(firstError) } else { writer.null() }
    writer.key("failures")
    writer.beginArray()
    for failure in failures { writer.string(failure) }
    writer.endArray()
    writer.key("passed")
    writer.bool(failures.isEmpty)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension JSONWriter {
  /// With at most three decimals.
  mutating func number(_ value: Double) {
    let text = Quantity.fixed(value, value == value.rounded() ? 0 : 3)
    raw(Array(text.utf8).span)
  }

  mutating func histogram(_ histogram: Histogram) {
    beginObject()
    key("count")
    integer(Int(histogram.count))
    key("min_us")
    number(Double(histogram.minimum) / 1e3)
    key("mean_us")
    number(histogram.mean / 1e3)
    for percent in Outcome.percents {
      key(text: percent.key)
      number(Double(histogram.percentile(percent.value)) / 1e3)
    }
    key("max_us")
    number(Double(histogram.maximum) / 1e3)
    endObject()
  }
}

extension String {
  func padded(_ width: Int, left: Bool = false) -> String {
    let blank = String(repeating: " ", count: Swift.max(left ? 1 : 2, width - count))
    return left ? blank + self : self + blank
  }
}
