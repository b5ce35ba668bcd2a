/// Writes metrics as monitoring systems read them: OpenMetrics 1.0, or the text format 0.0.4 of
/// Prometheus that it grew out of, which calls the family of a counter by the name of its samples,
/// knows neither units nor information, and has no end mark.
public struct MetricsText: MetricsWriter {
  public enum Format: Sendable {
    case openMetrics, prometheus

    public var contentType: StaticString {
      switch self {
      case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
      case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
      }
    }
  }

  public enum Kind: String, Sendable {
    case counter, gauge, histogram
    /// Of one sample, whose labels are what it says.
    case info

    fileprivate var suffix: String {
      switch self {
      case .counter: "_total"
      case .info: "_info"
      case .gauge, .histogram: ""
      }
    }
  }

  public typealias Labels = KeyValuePairs<StaticString, String>

  private let format: Format
  public private(set) var bytes: [UInt8] = []
  private var name = ""

  public init(_ format: Format) {
    self.format = format
  }

  /// - Parameter name: Without `_total` and `_info`, which counters and information get.
  public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name + kind.suffix
    switch format {
    case .prometheus:
      let type = kind == .info ? Kind.gauge : kind
      append("# HELP \(self.name) \(help)\n# TYPE \(self.name) \(type.rawValue)\n")
    case .openMetrics:
      append("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
      for unit in ["seconds", "bytes"] where name.hasSuffix("_\(unit)") {
        append("# UNIT \(name) \(unit)\n")
      }
    }
  }

  public mutating func sample(_ labels: Labels = [:], _ value: Int) {
    append("", labels, bound: nil, String(value))
  }

  public mutating func sample(_ labels: Labels = [:], seconds value: UInt64) {
    append("", labels, bound: nil, Self.seconds(value))
  }

  public mutating func sample(_ labels: Labels = [:], _ histogram: Histogram) {
    func shown(_ value: UInt64) -> String {
      switch histogram.bounds.unit {
      case .nanoseconds: Self.seconds(value)
      case .bytes: "\(Double(value))"
      }
    }
    var count: UInt64 = 0
    for (bound, own) in zip(histogram.bounds.values, histogram.counts) {
      count &+= own
      append("_bucket", labels, bound: shown(bound), String(count))
    }
    let all = String(histogram.count)
    append("_bucket", labels, bound: "+Inf", all)
    append("_sum", labels, bound: nil, shown(histogram.sum))
    append("_count", labels, bound: nil, all)
  }

  public mutating func finish() -> [UInt8] {
    if format == .openMetrics { append("# EOF\n") }
    return bytes
  }

  /// As both formats and the canonical numbers of OpenMetrics have it: 0.0001, 5e-05, 1.0.
  private static func seconds(_ nanoseconds: UInt64) -> String {
    "\(Double(nanoseconds) / 1_000_000_000)"
  }

  private mutating func append(_ text: String) { bytes += Array(text.utf8) }

  private mutating func append(
    _ suffix: String, _ labels: Labels, bound: String?, _ value: String
  ) {
    append(name + suffix)
    var mark = "{"
    for label in labels {
      append("\(mark)\(label.key)=\"")
      appendEscaped(label.value)
      append("\"")
      mark = ","
    }
    if let bound {
      append("\(mark)le=\"\(bound)\"")
      mark = ","
    }
    append("\(mark == "," ? "}" : "") \(value)\n")
  }

  /// (OpenMetrics 1.0, "ABNF", escaped-char)
  private mutating func appendEscaped(_ value: String) {
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\\"), UInt8(ascii: "\""):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 10: append("\\n")
      default: bytes.append(byte)
      }
    }
  }
}
