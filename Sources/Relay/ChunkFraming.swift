internal import StreamLog

/// Where a loop's streams write an event before it goes into the log, in turn. Kept, so that an
/// event costs no allocation, and shared, so that a stream costs no buffer.
final class Scratch {
  var body: [UInt8] = []
  var frame: [UInt8] = []
}

/// The chunked transfer coding (RFC 9112, section 7.1) around one event.
enum ChunkFraming {
  static let end: [UInt8] = [13, 10]

  private static let fieldName: [6 of UInt8] = [0x64, 0x61, 0x74, 0x61, 0x3A, 0x20]
  /// Of an event and, behind it, of its chunk.
  private static let eventEnd: [4 of UInt8] = [10, 10, 13, 10]

  /// What most events of most streams are: one line, in the format that it came in, as one chunk.
  /// Nothing but the log itself gets a copy.
  static func append(line payload: Span<UInt8>, to log: Rendering) {
    let size = head(fieldName.count + payload.count + 2)
    log.append(size.bytes.span.extracting(first: size.count), fieldName.span)
    log.append(payload, eventEnd.span)
  }

  /// The size line, without a String: it is written once an event.
  static func appendHead(_ size: Int, to output: inout [UInt8]) {
    let head = head(size)
    for index in 0..<head.count { output.append(head.bytes[index]) }
  }

  /// The size line of a chunk of so many bytes, less than 2^56: the first `count` of `bytes`.
  @inline(__always)
  static func head(_ size: Int) -> (bytes: [16 of UInt8], count: Int) {
    var bytes = [16 of UInt8](repeating: 0)
    var count = (size.bitWidth - size.leadingZeroBitCount + 3) / 4
    var (rest, position) = (size, count - 1)
    while position >= 0 {
      let digit = UInt8(rest & 15)
      bytes[position] = digit < 10 ? 0x30 + digit : 0x57 + digit
      (rest, position) = (rest >> 4, position - 1)
    }
    (bytes[count], bytes[count + 1]) = (13, 10)
    count += 2
    return (bytes, count)
  }

  /// - Parameter bytes: Not empty: an empty chunk would end the body.
  static func chunk(_ bytes: [UInt8]) -> [UInt8] {
    var chunk: [UInt8] = []
    appendHead(bytes.count, to: &chunk)
    return chunk + bytes + end
  }

  /// The chunk that begins at `start`: where its data stands, and where it ends. Nil at the end,
  /// and for what is no whole chunk.
  static func next(in log: Span<UInt8>, from start: Int) -> (payload: Range<Int>, end: Int)? {
    var (position, count) = (start, 0)
    while position < log.count, log[position] != 13 {
      guard let digit = hexDigit(log[position]), count < 1 << 40 else { return nil }
      count = count << 4 | digit
      position += 1
    }
    let data = position + 2
    guard count > 0, data + count + end.count <= log.count else { return nil }
    return (data..<(data + count), data + count + end.count)
  }

  private static func hexDigit(_ byte: UInt8) -> Int? {
    switch byte {
    case 0x30...0x39: Int(byte) - 0x30
    case 0x61...0x66: Int(byte) - 0x57
    default: nil
    }
  }

  /// Where the data stands in one chunk.
  static func payload(of chunk: Span<UInt8>) -> Range<Int> {
    var start = 0
    while start < chunk.count, chunk[start] != 10 { start += 1 }
    return min(start + 1, chunk.count)..<max(start + 1, chunk.count - 2)
  }
}
