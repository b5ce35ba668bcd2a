// All of this module's unsafe code: loads of sixteen bytes, and the bytes of literals. Everything
// here takes a span, checks what it is about to touch against the span's count, and gives offsets
// back. The rest of the module is checked Swift.

/// Searches over many bytes at a time, and comparisons with literals.
enum ByteScan {
  private typealias Block = SIMD16<UInt8>

  /// The offset, from `start` to `end`, of the first byte that a field value cannot have: a control
  /// character other than HTAB. `end` if there is none; it is not above the count.
  @inline(__always)
  static func valueEnd(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
    precondition(end <= bytes.count)
    var index = start
    while let block = load(bytes, at: index, before: end) {
      let control = (block .< Block(repeating: 0x20)) .& (block .!= Block(repeating: Octet.tab))
      if let lane = firstLane(control .| (block .== Block(repeating: 0x7F))) {
        return index &+ lane
      }
      index &+= Block.scalarCount
    }
    while index < end, Octet.isText(bytes[index]) { index &+= 1 }
    return index
  }

  /// The offset, from `start` to `end`, of the first byte that a request target cannot have: one
  /// outside visible ASCII, or `#`. `end` if there is none; it is not above the count.
  static func targetEnd(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
    precondition(end <= bytes.count)
    var index = start
    while let block = load(bytes, at: index, before: end) {
      // Visible ASCII is 0x21...0x7E: less 0x21, at most 0x5D.
      let invisible = (block &- Block(repeating: 0x21)) .> Block(repeating: 0x5D)
      if let lane = firstLane(invisible .| (block .== Block(repeating: UInt8(ascii: "#")))) {
        return index &+ lane
      }
      index &+= Block.scalarCount
    }
    while index < end, bytes[index] &- 0x21 <= 0x5D, bytes[index] != UInt8(ascii: "#") {
      index &+= 1
    }
    return index
  }

  /// An offset, from `start` to `end`, before which there are only letters, digits and hyphens, as
  /// in nearly all field names: the first other byte, or near the end an earlier one. `end` is not
  /// above the count.
  @inline(__always)
  static func plainNameEnd(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
    precondition(end <= bytes.count)
    var index = start
    while let block = load(bytes, at: index, before: end) {
      // Only letters may be folded: CR would become a hyphen.
      let folded = (block | Block(repeating: 0x20)) &- Block(repeating: UInt8(ascii: "a"))
      let digits = block &- Block(repeating: UInt8(ascii: "0"))
      let plain =
        (folded .< Block(repeating: 26)) .| (digits .< Block(repeating: 10))
        .| (block .== Block(repeating: UInt8(ascii: "-")))
      if let lane = firstLane(.!plain) { return index &+ lane }
      index &+= Block.scalarCount
    }
    return index
  }

  @inline(__always)
  private static func load(_ bytes: Span<UInt8>, at index: Int, before end: Int) -> Block? {
    // SAFETY: 16 bytes from a non-negative index lie before `end`, which is at most the count.
    guard index >= 0, end &- index >= Block.scalarCount else { return nil }
    return unsafe bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: Block.self)
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

  /// Whether a range of the bytes is the literal, byte for byte.
  static func isExactly(_ literal: StaticString, _ range: Range<Int>, in bytes: Span<UInt8>)
    -> Bool
  {
    guard range.count == literal.utf8CodeUnitCount else { return false }
    // SAFETY: index is below the literal's count.
    for index in 0..<range.count
    where unsafe bytes[range.lowerBound + index] != literal.utf8Start[index] {
      return false
    }
    return true
  }

  /// Whether a range of the bytes is the literal, upper and lower case of ASCII being the same.
  @inline(__always)
  static func isSameName(_ literal: StaticString, _ range: Range<Int>, in bytes: Span<UInt8>)
    -> Bool
  {
    guard range.count == literal.utf8CodeUnitCount else { return false }
    for index in 0..<range.count {
      // SAFETY: index is below the literal's count.
      let ours = unsafe literal.utf8Start[index]
      if Octet.lowercased(ours) != Octet.lowercased(bytes[range.lowerBound + index]) {
        return false
      }
    }
    return true
  }

  /// The literal's bytes.
  static func bytes(of literal: StaticString) -> [UInt8] {
    // SAFETY: a literal's bytes live as long as the program.
    unsafe Array(
      UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }
}
