// Copies of many bytes at once, for this module and for those that build on it.

extension [UInt8] {
  /// Appends all of `bytes`.
  public mutating func append(copying bytes: Span<UInt8>) {
    ByteScan.append(0..<bytes.count, of: bytes, to: &self)
  }

  public mutating func append(copying literal: StaticString) {
    ByteScan.append(literal, to: &self)
  }
}

extension Span<UInt8> {
  /// The offset of the first line feed at or after `start`; the count if there is none.
  public func lineFeed(from start: Int) -> Int {
    ByteScan.lineFeed(in: self, from: start)
  }
}
