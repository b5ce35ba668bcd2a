/// Where a loop's streams write an event before it goes into the log, in turn. Kept, so that an
/// event costs no allocation, and shared, so that a stream costs no buffer.
final class Scratch {
  var body: [UInt8] = []
  var frame: [UInt8] = []
}

/// The chunked transfer coding (RFC 9112, section 7.1) around one event.
enum ChunkFraming {
  static let end: [UInt8] = [13, 10]

  /// The size line, without a String: it is written once an event.
  static func appendHead(_ count: Int, to output: inout [UInt8]) {
    var shift = (count.bitWidth - count.leadingZeroBitCount - 1) & ~3
    while shift >= 0 {
      let digit = UInt8(count >> shift & 15)
      output.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
      shift -= 4
    }
    output.append(13)
    output.append(10)
  }

  /// - Parameter bytes: Not empty: an empty chunk would end the body.
  static func chunk(_ bytes: [UInt8]) -> [UInt8] {
    var chunk: [UInt8] = []
    appendHead(bytes.count, to: &chunk)
    return chunk + bytes + end
  }

  /// Where the data stands in one chunk.
  static func payload(of chunk: Span<UInt8>) -> Range<Int> {
    var start = 0
    while start < chunk.count, chunk[start] != 10 { start += 1 }
    return min(start + 1, chunk.count)..<max(start + 1, chunk.count - 2)
  }
}
