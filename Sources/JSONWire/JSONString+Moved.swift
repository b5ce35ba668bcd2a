extension JSONString {
  /// This string of one text as it stands in another: nil unless `bytes` are `former` but for this
  /// string, which is not empty and has no escapes beyond the two-letter ones.
  ///
  /// What a reader said of `former` it would then say of `bytes`, with this string in the place of
  /// the other, since every byte outside of it is the same. `former` must have been read as a
  /// whole, and this string in it; `bytes` may be anything.
  @inline(__always)
  public func moved(from former: Span<UInt8>, to bytes: Span<UInt8>) -> JSONString? {
    let start = range.lowerBound
    let rest = former.count - range.upperBound
    guard rest > 0, bytes.count > start + rest else { return nil }
    let end = bytes.count - rest
    guard ByteScan.areEqual(former, 0..<start, bytes, at: 0),
      ByteScan.areEqual(former, range.upperBound..<former.count, bytes, at: end)
    else { return nil }
    let special = ByteScan.stringSpecial(in: bytes, from: start)
    if special == end { return JSONString(range: start..<end, isPlain: true) }
    guard special < end, Self.hasOnlyShortEscapes(bytes, special..<end) else { return nil }
    return JSONString(range: start..<end, isPlain: false)
  }

  private static func hasOnlyShortEscapes(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var index = range.lowerBound
    while index < range.upperBound {
      guard bytes[index] == UInt8(ascii: "\\"), index + 1 < range.upperBound,
        isShortEscape(bytes[index + 1])
      else { return false }
      index = ByteScan.stringSpecial(in: bytes, from: index + 2)
    }
    return index == range.upperBound
  }

  /// RFC 8259, section 7, but for `\u`.
  private static func isShortEscape(_ letter: UInt8) -> Bool {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      true
    default: false
    }
  }
}
