extension [UInt8] {
  /// The capacity, in bytes, that an emptied buffer may keep: enough for common events, and little
  /// enough that thousands of open streams do not each keep the size of their largest event.
  private static var keptCapacity: Int { 4096 }

  /// Appends the bytes that `range` marks in `bytes`.
  mutating func append(_ range: Range<Int>, of bytes: Span<UInt8>) {
    append(addingCapacity: range.count) { free in
      for index in range { free.append(bytes[index]) }
    }
  }

  /// Becomes empty, and gives up its memory if that is large.
  mutating func recycle() {
    if capacity > Self.keptCapacity {
      self = []
    } else if !isEmpty {
      removeAll(keepingCapacity: true)
    }
  }
}
