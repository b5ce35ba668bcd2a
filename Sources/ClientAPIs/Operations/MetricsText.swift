/// Writes metrics as monitoring systems read them: OpenMetrics 1.0, or the text format 0.0.4 of
/// Prometheus that it grew out of, which calls the family of a counter by the name of its samples
/// and has no end mark.
public struct MetricsText {
  public enum Format: Sendable {
    case openMetrics, prometheus

    public var contentType: StaticString {
      switch self {
      case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
      case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
      }
    }
  }

  public enum Kind: String, Sendable { case counter, gauge }

  public typealias Labels = KeyValuePairs<StaticString, String>

  private let format: Format
  public private(set) var bytes: [UInt8] = []
  private var name = ""

  public init(_ format: Format) {
    self.format = format
  }

  /// Begins a family; its samples follow.
  /// - Parameters:
  ///   - name: Without `_total`, which counters get.
  ///   - help: One sentence without quotes, backslashes and line ends.
  public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    self.name = kind == .counter ? name + "_total" : name
    let shown = format == .prometheus ? self.name : name
    bytes += Array("# HELP \(shown) \(help)\n# TYPE \(shown) \(kind.rawValue)\n".utf8)
  }

  public mutating func sample(_ labels: Labels = [:], _ value: Int) {
    bytes += Array(name.utf8)
    for (position, label) in labels.enumerated() {
      bytes += Array("\(position == 0 ? "{" : ",")\(label.key)=\"".utf8)
      appendEscaped(label.value)
      bytes.append(UInt8(ascii: "\""))
    }
    bytes += Array("\(labels.isEmpty ? "" : "}") \(value)\n".utf8)
  }

  /// A family of one sample without labels.
  public mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
    family(name, kind, help)
    sample([:], value)
  }

  public mutating func finish() -> [UInt8] {
    if format == .openMetrics { bytes += Array("# EOF\n".utf8) }
    return bytes
  }

  /// (OpenMetrics 1.0, "ABNF", escaped-char)
  private mutating func appendEscaped(_ value: String) {
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\\"), UInt8(ascii: "\""):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 10: bytes += Array("\\n".utf8)
      default: bytes.append(byte)
      }
    }
  }
}
