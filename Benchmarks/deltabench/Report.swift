internal import JSONWire

/// What has been measured, as a table for people or as JSON for `Benchmarks/check`.
struct Report {
  let measurements: [Measurement]

  /// Row S1: the anchor's time over that of scanning and field lookup; nil unless both were timed.
  private var scanningRatio: Double? {
    guard let anchor = measurements.first(where: { $0.name == NamedBenchmark.anchor }),
      let scanning = measurements.first(where: { $0.name == NamedBenchmark.scanAndFields })
    else { return nil }
    return scanning.speed(beside: anchor)
  }

  func printTable() {
    print("| benchmark | an operation | ns (minimum–maximum) | MB/s | allocations | bytes |")
    print("|---|---|---|---|---|---|")
    for one in measurements {
      let range =
        "\(fixed(one.times.min() ?? 0, 1))–\(fixed(one.times.max() ?? 0, 1))"
      let rate = one.bytesPerOperation.map { fixed($0 / one.median * 1e3, 0) } ?? ""
      print(
        "| \(one.name) | \(one.benchmark.operation) | \(fixed(one.median, 1)) (\(range)) | \(rate) "
          + "| \(fixed(one.allocations, 3)) | \(fixed(one.allocatedBytes, 1)) |")
    }
    if let ratio = scanningRatio {
      print("\nS1: scanning and field lookup run at \(fixed(ratio, 3)) × memchr.")
    }
  }

  func printJSON() {
    var json = JSONWriter()
    json.beginObject()
    json.key("micro")
    json.beginObject()
    for one in measurements { write(one, to: &json) }
    json.endObject()
    if let ratio = scanningRatio {
      json.key("macro")
      json.beginObject()
      json.key("S1")
      write([("ratio", ratio)], to: &json)
      json.endObject()
    }
    json.endObject()
    print(String(decoding: json.bytes, as: UTF8.self))
  }

  /// Without a time where none was taken.
  private func write(_ one: Measurement, to json: inout JSONWriter) {
    var figures = [("allocations", one.allocations), ("allocatedBytes", one.allocatedBytes)]
    if let bytes = one.bytesPerOperation { figures.append(("bytes", bytes)) }
    if let least = one.times.min(), let most = one.times.max() {
      figures += [
        ("nanoseconds", one.median), ("nanosecondsAtLeast", least), ("nanosecondsAtMost", most),
      ]
    }
    json.key(text: one.name)
    write(figures, to: &json)
  }

  private func write(_ figures: [(name: String, value: Double)], to json: inout JSONWriter) {
    json.beginObject()
    for figure in figures {
      json.key(text: figure.name)
      json.raw(Array(fixed(figure.value, 4).utf8).span)
    }
    json.endObject()
  }

  /// A number with so many digits behind the point; neither negative nor huge.
  private func fixed(_ value: Double, _ places: Int) -> String {
    let unit = (0..<places).reduce(1) { unit, _ in unit * 10 }
    let scaled = Int((value * Double(unit)).rounded())
    guard places > 0 else { return "\(scaled)" }
    let digits = "\(scaled % unit)"
    let zeros = String(repeating: "0", count: places - digits.utf8.count)
    return "\(scaled / unit).\(zeros)\(digits)"
  }
}
