/// What families of metrics are written to, one after the other, each with its samples behind it.
public protocol MetricsWriter {
  /// Begins a family. What it is measured in is the end of its name.
  /// - Parameters:
  ///   - name: Without the suffix of its samples.
  ///   - help: One sentence without quotes, backslashes and line ends.
  mutating func family(_ name: String, _ kind: MetricsText.Kind, _ help: String)

  mutating func sample(_ labels: MetricsText.Labels, _ value: Int)

  /// - Parameter value: Nanoseconds.
  mutating func sample(_ labels: MetricsText.Labels, seconds value: UInt64)

  /// All of one histogram; durations are nanoseconds, and shown as seconds.
  mutating func sample(_ labels: MetricsText.Labels, _ histogram: Histogram)
}

extension MetricsWriter {
  /// A family of one sample without labels.
  public mutating func single(
    _ name: String, _ kind: MetricsText.Kind, _ help: String, _ value: Int
  ) {
    family(name, kind, help)
    sample([:], value)
  }
}
