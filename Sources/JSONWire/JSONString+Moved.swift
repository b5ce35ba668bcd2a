extension JSONString {
  /// This string of one text as it stands in another: nil unless `bytes` are `former` but for this
  /// string, which is plain and not empty in both.
  ///
  /// What a reader said of `former` it would then say of `bytes`, with this string in the place of
  /// the other, since every byte outside of it is the same. `former` must have been read as a
  /// whole, and this string in it; `bytes` may be anything.
  @inline(__always)
  public func moved(from former: Span<UInt8>, to bytes: Span<UInt8>) -> JSONString? {
    let start = range.lowerBound
    let rest = former.count - range.upperBound
    guard isPlain, rest > 0, bytes.count > start + rest else { return nil }
    let end = bytes.count - rest
    guard ByteScan.areEqual(former, 0..<start, bytes, at: 0),
      ByteScan.areEqual(former, range.upperBound..<former.count, bytes, at: end),
      ByteScan.stringSpecial(in: bytes, from: start) == end
    else { return nil }
    return JSONString(range: start..<end, isPlain: true)
  }
}
