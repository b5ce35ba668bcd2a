import TestSupport
import HTTPWire
import Testing

/// Random damage to known heads: what comes of it is not known, but that it cannot depend on reads.
@Suite struct RequestHeadPropertyTests {
  private static let seeds = AcceptedHead.all.map(\.input) + RefusedHead.all.map(\.input)
  private static let interesting = latin1(" \t\r\n:,;*/?#%[]@\0\u{7F}\u{80}\u{FF}059aZ")

  private func mutate(_ bytes: inout [UInt8], _ generator: inout SplitMix64) {
    let index = Int.random(in: 0..<bytes.count, using: &generator)
    let byte = Self.interesting.randomElement(using: &generator) ?? 0
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes[index] = byte
    case 1: bytes.insert(byte, at: index)
    case 2: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
    case 3: if bytes.count > 1 { bytes.remove(at: index) }
    case 4: bytes.insert(contentsOf: bytes[index...].prefix(12), at: index)
    default: bytes[index] ^= 0x20
    }
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func `damage never traps and its verdict never depends on the reads`(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let small = HeadLimits(headBytes: 60, fields: 3, targetBytes: 12)
    for _ in 0..<100 {
      var bytes = Self.seeds.randomElement(using: &generator) ?? [0]
      for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&bytes, &generator) }
      let limits = generator.oneIn(3) ? small : HeadLimits()
      let whole = HeadReading(bytes, limits: limits)
      let ends = bytes.indices.filter { _ in generator.oneIn(4) }
      #expect(HeadReading(bytes, growingAt: ends, limits: limits) == whole, "\(bytes)")
      let everyByte = Array(bytes.indices)
      #expect(HeadReading(bytes, growingAt: everyByte, limits: limits) == whole, "\(bytes)")
      check(whole, of: bytes, limits)
    }
  }

  /// What holds of every head that is taken, however it came about.
  private func check(_ reading: HeadReading, of bytes: [UInt8], _ limits: HeadLimits) {
    guard case .complete(let head) = reading else { return }
    #expect(head.consumed <= min(bytes.count, limits.headBytes))
    #expect(bytes[..<head.consumed].suffix(4) == latin1("\r\n\r\n")[...])
    #expect(head.fields.count <= limits.fields)
    #expect(head.target.unicodeScalars.count <= limits.targetBytes)
    #expect(head.path.hasPrefix("/") || head.method == .options && head.path == "*")
    let names = head.fields.map { $0.prefix { $0 != ":" }.lowercased() }
    #expect(names.count { $0 == "host" } <= 1)
    #expect(!(names.contains("content-length") && names.contains("transfer-encoding")))
    #expect(names.contains("transfer-encoding") == (head.framing == .chunked))
  }
}
