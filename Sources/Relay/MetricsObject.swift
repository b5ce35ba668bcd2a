internal import JSONWire
internal import Metrics

/// Writes families of metrics as one JSON object, for the dashboard: by a family's name, without
/// suffixes, the array of its samples. A sample is an object of its labels and `value`, or, of a
/// histogram, `bounds` (all but the last, which is infinity), the cumulative `counts` and `sum`.
struct MetricsObject: MetricsWriter {
  private(set) var json: JSONWriter
  private var isInFamily = false

  /// The object begins, as a value in what has been written.
  init(in json: JSONWriter) {
    self.json = json
    self.json.beginObject()
  }

  mutating func family(_ name: String, _ kind: MetricsText.Kind, _ help: String) {
    endFamily()
    json.key(text: name)
    json.beginArray()
    isInFamily = true
  }

  mutating func sample(_ labels: MetricsText.Labels, _ value: Int) {
    begin(labels)
    json.key("value")
    json.integer(value)
    json.endObject()
  }

  mutating func sample(_ labels: MetricsText.Labels, seconds value: UInt64) {
    begin(labels)
    json.key("value")
    number(Self.seconds(value))
    json.endObject()
  }

  mutating func sample(_ labels: MetricsText.Labels, _ histogram: Histogram) {
    func shown(_ value: UInt64) -> String {
      histogram.bounds.unit == .bytes ? String(value) : Self.seconds(value)
    }
    begin(labels)
    json.key("bounds")
    json.beginArray()
    for bound in histogram.bounds.values { number(shown(bound)) }
    json.endArray()
    json.key("counts")
    json.beginArray()
    var count: UInt64 = 0
    for own in histogram.counts {
      count &+= own
      number(String(count))
    }
    json.endArray()
    json.key("sum")
    number(shown(histogram.sum))
    json.endObject()
  }

  /// - Returns: What had been written, and the object.
  mutating func finish() -> JSONWriter {
    endFamily()
    json.endObject()
    return json
  }

  private mutating func begin(_ labels: MetricsText.Labels) {
    json.beginObject()
    for (name, value) in labels {
      json.key(name)
      json.string(value)
    }
  }

  private mutating func endFamily() {
    if isInFamily { json.endArray() }
    isInFamily = false
  }

  private mutating func number(_ text: String) { json.raw(text.utf8Span.span) }

  private static func seconds(_ nanoseconds: UInt64) -> String {
    "\(Double(nanoseconds) / 1_000_000_000)"
  }
}
