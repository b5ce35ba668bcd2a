// Copies of many bytes at once, for this module and for those that build on it.

extension [UInt8] {
  /// Appends all of `bytes`.
  public mutating func append(copying bytes: Span<UInt8>) {
    ByteScan.append(0..<bytes.count, of: bytes, to: &self)
  }

  public mutating func append(copying literal: StaticString) {
    ByteScan.append(literal, to: &self)
  }

  /// Appends the decimal digits. Allocates nothing beside the array's own growth.
  public mutating func append(decimal value: UInt) {
    var divisor: UInt = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }
}

extension Span<UInt8> {
  /// The offset of the first line feed at or after `start`; the count if there is none.
  public func lineFeed(from start: Int) -> Int {
    ByteScan.lineFeed(in: self, from: start)
  }
}
