/// Finds line ends, sixteen bytes a step. The only file of this module that loads memory unchecked.
///
/// Both line ends are looked for in one pass, because a stream may mix them. A step only decides
/// whether a block holds a line end; where it lies is worked out once, when the block does.
enum LineScanner {
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")

  private typealias Block = SIMD16<UInt8>

  /// The index of the first LF or CR at or after `start`, or nil when there is none.
  ///
  /// O(distance to the line end). `start` may equal `bytes.count`, not exceed it.
  static func firstLineEnd(in bytes: Span<UInt8>, from start: Int) -> Int? {
    precondition(start >= 0 && start <= bytes.count)
    // SAFETY: bytes have no padding and every pattern of them is a valid value.
    let raw = unsafe bytes.bytes
    var index = start
    while bytes.count - index >= 2 * Block.scalarCount {
      // SAFETY: the loop's condition leaves two whole blocks between `index` and the end, and the
      // precondition keeps `index` from being negative.
      let first = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: Block.self)
      // SAFETY: as above; this is the second of the two blocks.
      let second = unsafe raw.unsafeLoadUnaligned(
        fromUncheckedByteOffset: index + Block.scalarCount, as: Block.self)
      let marksInFirst = marks(of: first)
      let marksInSecond = marks(of: second)
      if let hit = firstMark(in: marksInFirst | marksInSecond) {
        if let early = firstMark(in: marksInFirst) { return index + early }
        return index + Block.scalarCount + hit
      }
      index += 2 * Block.scalarCount
    }
    return firstLineEnd(in: bytes, last: index)
  }

  /// The same for the last bytes, fewer than two blocks, from `start` on.
  @inline(__always)
  private static func firstLineEnd(in bytes: Span<UInt8>, last start: Int) -> Int? {
    var index = start
    // SAFETY: bytes have no padding and every pattern of them is a valid value.
    let raw = unsafe bytes.bytes
    if bytes.count - index >= Block.scalarCount {
      // SAFETY: a whole block lies between `index` and the end.
      let block = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: Block.self)
      if let hit = firstMark(in: marks(of: block)) { return index + hit }
      index += Block.scalarCount
    }
    let lastBlock = bytes.count - Block.scalarCount
    if lastBlock >= 0, index < bytes.count {
      // The block that ends with the bytes, of which the first lanes have been looked at.
      // SAFETY: it begins at or after the beginning.
      let block = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: lastBlock, as: Block.self)
      return firstMark(in: marks(of: block), from: index - lastBlock).map { lastBlock + $0 }
    }
    while index < bytes.count {
      if isLineEnd(bytes[index]) { return index }
      index += 1
    }
    return nil
  }

  static func isLineEnd(_ byte: UInt8) -> Bool {
    byte == lineFeed || byte == carriageReturn
  }

  /// All ones in every lane that holds a line end, zero elsewhere.
  @inline(__always)
  private static func marks(of block: Block) -> SIMD2<UInt64> {
    // Block against block: comparing a block with a single byte compiles to a loop over the lanes.
    let isEnd =
      (block .== Block(repeating: lineFeed)) .| (block .== Block(repeating: carriageReturn))
    // SAFETY: a mask of sixteen 8-bit lanes and two 64-bit lanes are both sixteen plain bytes.
    return unsafe unsafeBitCast(isEnd, to: SIMD2<UInt64>.self)
  }

  /// The lowest marked lane at or after `lane`, which is one of the sixteen.
  @inline(__always)
  private static func firstMark(in marks: SIMD2<UInt64>, from lane: Int) -> Int? {
    var marks = marks
    if lane < 8 {
      marks[0] &= UInt64.max << UInt64(8 * lane)
    } else {
      marks = [0, marks[1] & UInt64.max << UInt64(8 * (lane - 8))]
    }
    return firstMark(in: marks)
  }

  /// The lowest marked lane; lane order is byte order.
  @inline(__always)
  private static func firstMark(in marks: SIMD2<UInt64>) -> Int? {
    let low = UInt64(littleEndian: marks[0])
    let high = UInt64(littleEndian: marks[1])
    guard low | high != 0 else { return nil }
    return low != 0 ? low.trailingZeroBitCount / 8 : 8 + high.trailingZeroBitCount / 8
  }
}
