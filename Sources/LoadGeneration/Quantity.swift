/// Numbers as people write and read them: durations, sizes, counts. Nothing here needs Foundation.
public enum Quantity {
  private static let times: [(suffix: String, factor: Double)] = [
    ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
  ]
  private static let sizes: [(suffix: String, factor: Double)] = [
    ("B", 1), ("KB", 1024), ("MB", 1_048_576), ("GB", 1_073_741_824),
  ]

  /// `50ms` in nanoseconds, `8MB` in bytes, `0.5` as it is; a number alone is in the base unit,
  /// seconds for a time.
  public static func read(_ text: String, _ unit: FigureUnit) -> Double? {
    let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "-" }
    guard let number = Double(digits), number.isFinite else { return nil }
    let suffix = text.dropFirst(digits.count)
    switch unit {
    case .number: return suffix.isEmpty ? number : nil
    case .time:
      if suffix.isEmpty { return number * 1e9 }
      return times.first { $0.suffix == suffix }.map { number * $0.factor }
    case .bytes:
      if suffix.isEmpty { return number }
      return sizes.first { $0.suffix == suffix }.map { number * $0.factor }
    }
  }

  /// For people: three digits that count, and the unit.
  public static func show(_ value: Double, _ unit: FigureUnit) -> String {
    switch unit {
    case .number: return digits(value)
    case .time:
      let magnitude = value.magnitude
      if magnitude < 1e3 { return digits(value) + " ns" }
      if magnitude < 1e6 { return digits(value / 1e3) + " µs" }
      if magnitude < 1e9 { return digits(value / 1e6) + " ms" }
      return digits(value / 1e9) + " s"
    case .bytes:
      let magnitude = value.magnitude
      if magnitude < 1024 { return digits(value) + " B" }
      if magnitude < 1_048_576 { return digits(value / 1024) + " KB" }
      if magnitude < 1_073_741_824 { return digits(value / 1_048_576) + " MB" }
      return digits(value / 1_073_741_824) + " GB"
    }
  }

  private static func digits(_ value: Double) -> String {
    let magnitude = value.magnitude
    if value == value.rounded(), magnitude < 1e15 { return fixed(value, 0) }
    return fixed(value, magnitude < 10 ? 2 : magnitude < 100 ? 1 : 0)
  }

  /// With so many decimals, rounded; huge and unreal numbers are 0.
  public static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "0" }
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int((value.magnitude * Double(scale)).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % scale)
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
  }
}
