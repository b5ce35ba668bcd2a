import StreamLog

/// Bytes whose value follows from their position, so that a byte in the wrong place is seen.
func pattern(_ range: Range<Int>) -> [UInt8] { range.map(patternByte) }

func patternByte(_ position: Int) -> UInt8 {
  UInt8(truncatingIfNeeded: position &* 31 &+ position >> 8 &* 7)
}

extension Rendering {
  func append(_ bytes: [UInt8]) { append(bytes.span) }

  /// Appends the next `count` bytes of the pattern as one event.
  func appendEvent(ofBytes count: Int) {
    append(pattern(written..<written + count))
    endEvent()
  }
}

extension Cursor {
  /// Takes at most `limit` of the bytes that lie side by side.
  mutating func take(_ limit: Int = .max) -> [UInt8] {
    var taken: [UInt8] = []
    read { bytes in
      let count = min(bytes.count, limit)
      for index in 0..<count { taken.append(bytes[index]) }
      return count
    }
    return taken
  }

  /// Everything that can be read now.
  mutating func takeAll() -> [UInt8] {
    var all: [UInt8] = []
    while advance() == .behind { all += take() }
    return all
  }
}
