// All of this module's unsafe code: loads of many bytes at once, and copies of many bytes at once.
// Everything here takes a span, checks the whole extent of what it is about to touch against the
// span's count, and gives offsets back. The rest of the module is checked Swift.

/// Searches, comparisons and copies over many bytes at a time.
@usableFromInline
enum ByteScan {
  /// The offset of the first quote, backslash or control character at or after `start`; the count
  /// if there is none.
  @inline(__always)
  static func stringSpecial(in bytes: Span<UInt8>, from start: Int) -> Int {
    var index = start
    while let lanes = load16(bytes, at: index, before: bytes.count) {
      let hits = special(lanes)
      if let lane = firstLane(hits) { return index &+ lane }
      index &+= 16
    }
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 0x22 || byte == 0x5C || byte < 0x20 { return index }
      index &+= 1
    }
    return index
  }

  /// The offset, from `start` to `end`, of the first byte that is not plain text to any reader: a
  /// quote, a backslash, a control character, or part of a character beyond ASCII. `end` if there
  /// is none. `end` is not above the count.
  static func plainEnd(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
    precondition(end <= bytes.count)
    var index = start
    while let lanes = load16(bytes, at: index, before: end) {
      let hits = special(lanes) .| (lanes .>= SIMD16(repeating: 0x80))
      if let lane = firstLane(hits) { return index &+ lane }
      index &+= 16
    }
    while index < end {
      let byte = bytes[index]
      if byte == 0x22 || byte == 0x5C || byte < 0x20 || byte >= 0x80 { return index }
      index += 1
    }
    return index
  }

  /// The offset of the first line feed at or after `start`; the count if there is none.
  static func lineFeed(in bytes: Span<UInt8>, from start: Int) -> Int {
    var index = start
    while let lanes = load16(bytes, at: index, before: bytes.count) {
      if let lane = firstLane(lanes .== SIMD16(repeating: 0x0A)) { return index &+ lane }
      index &+= 16
    }
    while index < bytes.count, bytes[index] != 0x0A { index &+= 1 }
    return index
  }

  /// Quotes, backslashes and control characters. Each is compared with a whole vector: comparing
  /// with one scalar for all lanes is a loop over the lanes in the compiled program.
  @inline(__always)
  private static func special(_ lanes: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
    (lanes .== SIMD16(repeating: 0x22)) .| (lanes .== SIMD16(repeating: 0x5C))
      .| (lanes .< SIMD16(repeating: 0x20))
  }

  @inline(__always)
  private static func load16(_ bytes: Span<UInt8>, at index: Int, before end: Int)
    -> SIMD16<UInt8>?
  {
    // SAFETY: 16 bytes from a non-negative index lie before `end`, which is at most the count.
    guard index >= 0, end &- index >= 16 else { return nil }
    return unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
  }

  /// The first lane that is set.
  @inline(__always)
  private static func firstLane(_ mask: SIMDMask<SIMD16<Int8>>) -> Int? {
    // SAFETY: a mask of 16 one-byte lanes is 16 bytes, each 0x00 or 0xFF, lane 0 first in memory;
    // little-endian words count their zero bits from there.
    let words = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
    let low = UInt64(littleEndian: words[0])
    if low != 0 { return low.trailingZeroBitCount >> 3 }
    let high = UInt64(littleEndian: words[1])
    return high != 0 ? 8 + high.trailingZeroBitCount >> 3 : nil
  }

  /// Whether a range of the bytes is exactly the literal.
  @inlinable
  @inline(__always)
  static func matches(_ literal: StaticString, in bytes: Span<UInt8>, at range: Range<Int>) -> Bool
  {
    let count = literal.utf8CodeUnitCount
    // Most comparisons end at the lengths. The difference cannot overflow: see the guard after it.
    guard range.upperBound &- range.lowerBound == count else { return false }
    guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return false }
    // SAFETY: `count` bytes are readable on both sides, and each load stays within them.
    let expected = unsafe UnsafeRawPointer(literal.utf8Start)
    let raw = unsafe bytes.bytes
    var index = 0
    while count - index >= 8 {
      let theirs = unsafe raw.unsafeLoadUnaligned(
        fromByteOffset: range.lowerBound + index, as: UInt64.self)
      let ours = unsafe expected.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if theirs != ours { return false }
      index += 8
    }
    if count - index >= 4 {
      let theirs = unsafe raw.unsafeLoadUnaligned(
        fromByteOffset: range.lowerBound + index, as: UInt32.self)
      let ours = unsafe expected.loadUnaligned(fromByteOffset: index, as: UInt32.self)
      if theirs != ours { return false }
      index += 4
    }
    while index < count {
      let ours = unsafe expected.load(fromByteOffset: index, as: UInt8.self)
      if bytes[range.lowerBound + index] != ours { return false }
      index += 1
    }
    return true
  }

  /// Whether a range of some bytes equals as many others from `start` on. The range lies within the
  /// first; what would reach beyond the second is not equal.
  @inline(__always)
  static func areEqual(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ others: Span<UInt8>, at start: Int
  ) -> Bool {
    let count = range.count
    guard range.lowerBound >= 0, range.upperBound <= bytes.count, start >= 0,
      count <= others.count &- start
    else { return false }
    guard count >= 16 else {
      for index in 0..<count where bytes[range.lowerBound &+ index] != others[start &+ index] {
        return false
      }
      return true
    }
    var done = 0
    while count &- done >= 32 {
      guard
        isZero(
          difference(bytes, range.lowerBound &+ done, others, start &+ done)
            | difference(bytes, range.lowerBound &+ done &+ 16, others, start &+ done &+ 16))
      else { return false }
      done &+= 32
    }
    // What is left lies in the first and the last sixteen bytes of it, which may overlap, also with
    // what has been compared.
    let last = count &- 16
    return isZero(
      difference(bytes, range.lowerBound &+ min(done, last), others, start &+ min(done, last))
        | difference(bytes, range.lowerBound &+ last, others, start &+ last))
  }

  /// Where sixteen bytes differ. They lie within both, as the caller has made sure.
  @inline(__always)
  private static func difference(
    _ bytes: Span<UInt8>, _ index: Int, _ others: Span<UInt8>, _ other: Int
  ) -> SIMD16<UInt8> {
    // SAFETY: the loads check their bounds.
    unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
      ^ others.bytes.unsafeLoadUnaligned(fromByteOffset: other, as: SIMD16<UInt8>.self)
  }

  @inline(__always)
  private static func isZero(_ lanes: SIMD16<UInt8>) -> Bool {
    // SAFETY: sixteen plain bytes, as two words.
    let words = unsafe unsafeBitCast(lanes, to: SIMD2<UInt64>.self)
    return words[0] | words[1] == 0
  }

  /// Whether the bytes at an offset are the first `length` bytes of the literal.
  static func hasPrefix(
    of literal: StaticString, length: Int, in bytes: Span<UInt8>, at offset: Int
  ) -> Bool {
    guard length <= literal.utf8CodeUnitCount, offset >= 0, length <= bytes.count - offset else {
      return false
    }
    for index in 0..<length {
      // SAFETY: index < length <= the literal's count.
      let ours = unsafe literal.utf8Start[index]
      if bytes[offset + index] != ours { return false }
    }
    return true
  }

  /// The literal's byte at an index; nil beyond its end.
  static func byte(of literal: StaticString, at index: Int) -> UInt8? {
    guard index >= 0, index < literal.utf8CodeUnitCount else { return nil }
    return unsafe literal.utf8Start[index]
  }

  /// Appends a range of the bytes as they are. The range lies within them.
  static func append(_ range: Range<Int>, of bytes: Span<UInt8>, to output: inout [UInt8]) {
    // SAFETY: `extracting` traps unless the range lies within the span; the pointer stays inside
    // the closure.
    unsafe bytes.extracting(range).withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
  }

  /// A range of the bytes as text; what is not UTF-8 becomes U+FFFD.
  static func text(_ range: Range<Int>, of bytes: Span<UInt8>) -> String {
    // SAFETY: as above.
    unsafe bytes.extracting(range).withUnsafeBufferPointer {
      unsafe String(decoding: $0, as: UTF8.self)
    }
  }

  /// Appends a literal's bytes.
  static func append(_ literal: StaticString, to output: inout [UInt8]) {
    // SAFETY: a literal's bytes live as long as the program.
    unsafe output.append(
      contentsOf: UnsafeBufferPointer(
        start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }
}
