/// Durations as they are written: a decimal number and one of `ms`, `s`, `m`, `h`.
enum DurationText {
  private static let units: [(name: String, microseconds: Int)] = [
    ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000),
  ]

  /// Nil for anything else, or when `Int` cannot hold the microseconds. At most three digits after
  /// the point.
  static func parse(_ text: String) -> Duration? {
    amount(text, in: units.map { ($0.name, $0.microseconds) }).map { .microseconds($0) }
  }

  /// In the largest unit that needs no fraction, `ms` failing all.
  static func format(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let microseconds = Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
    if microseconds == 0 { return "0s" }
    for unit in units where microseconds % unit.microseconds == 0 {
      return "\(microseconds / unit.microseconds)\(unit.name)"
    }
    var fraction = String(microseconds % 1_000 + 1_000).dropFirst()
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(microseconds / 1_000).\(fraction)ms"
  }
}

/// Sizes as they are written: a decimal number and one of `B`, `KiB`, `MiB`, `GiB`.
enum SizeText {
  private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)]

  /// Nil for anything else, for a part of a byte, or when `Int` cannot hold the bytes.
  static func parse(_ text: String) -> Int? { amount(text, in: units) }

  /// In the largest unit that needs no fraction.
  static func format(_ bytes: Int) -> String {
    if bytes == 0 { return "0B" }
    for (name, size) in units where bytes % size == 0 { return "\(bytes / size)\(name)" }
    return "\(bytes)B"
  }
}

/// `digits [ "." 1*3digits ] unit` in the smallest unit; nil when it is not that, not whole, or
/// more than `Int` holds. There is no sign, no blank, no exponent and no sum of units.
private func amount(_ text: String, in units: [(name: String, size: Int)]) -> Int? {
  let bytes = Array(text.utf8)
  let isDigit = { (byte: UInt8) in UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
  let whole = bytes.prefix(while: isDigit)
  var rest = bytes[whole.count...]
  var fraction = rest.prefix(0)
  if rest.first == UInt8(ascii: ".") {
    fraction = rest.dropFirst().prefix(while: isDigit)
    guard 1...3 ~= fraction.count else { return nil }
    rest = rest.dropFirst(1 + fraction.count)
  }
  let name = String(decoding: rest, as: UTF8.self)
  guard let unit = units.first(where: { $0.name == name }),
    let count = Int(String(decoding: whole, as: UTF8.self))
  else { return nil }
  let (product, overflowed) = count.multipliedReportingOverflow(by: unit.size)
  guard !overflowed else { return nil }
  guard let digits = Int(String(decoding: fraction, as: UTF8.self)) else { return product }
  let divisor = [1, 10, 100, 1_000][fraction.count]
  guard (digits * unit.size).isMultiple(of: divisor) else { return nil }
  let (sum, carried) = product.addingReportingOverflow(digits * unit.size / divisor)
  return carried ? nil : sum
}
