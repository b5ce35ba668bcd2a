/// Decides where a stream of bytes is cut; pure.
///
/// It counts from the first byte of the answer, so that the cuts do not depend on how the script's
/// steps happen to be gathered.
struct WriteCutter {
  let mode: WriteMode
  private var offset = 0

  init(_ mode: WriteMode) { self.mode = mode }

  /// The ends of the portions of `bytes`, ascending, the last being `bytes.count`; nothing for
  /// nothing.
  mutating func portionEnds(of bytes: [UInt8]) -> [Int] {
    guard !bytes.isEmpty else { return [] }
    var ends: [Int] = []
    switch mode {
    case .whole: break
    case .bytes: ends = Array(1..<bytes.count)
    case .crlf, .codepoint:
      for index in 1..<bytes.count where cutsBetween(bytes[index - 1], bytes[index]) {
        ends.append(index)
      }
    case .at(let offsets):
      ends = offsets.map { $0 - offset }.filter { $0 > 0 && $0 < bytes.count }
    case .every(let size):
      ends = Array(stride(from: size - offset % size, to: bytes.count, by: size))
    }
    offset += bytes.count
    return ends + [bytes.count]
  }

  private func cutsBetween(_ before: UInt8, _ byte: UInt8) -> Bool {
    if case .codepoint = mode { return byte & 0xC0 == 0x80 }
    return byte == 0x0A && (before == 0x0D || before == 0x0A)
  }
}
