import HTTPWire
import Testing

@Suite struct HeadLimitsTests {
  private static let head = "GET /0123456789?abcdef HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n"
  private static let targetBytes = 18

  private func read(_ text: String, _ limits: HeadLimits) -> HeadReading {
    readHeadInEveryWay(latin1(text), limits: limits)
  }

  private func isComplete(_ reading: HeadReading) -> Bool {
    if case .complete = reading { return true }
    return false
  }

  @Test func `the defaults are 16 KiB, 100 fields and a target of 8 KiB`() {
    let limits = HeadLimits()
    #expect(limits.headBytes == 16384)
    #expect(limits.fields == 100)
    #expect(limits.targetBytes == 8192)
  }

  @Test func `a head may have as many bytes as the limit and not one more`() {
    let count = latin1(Self.head).count
    #expect(isComplete(read(Self.head, HeadLimits(headBytes: count))))
    #expect(read(Self.head, HeadLimits(headBytes: count - 1)) == .refused(.headTooLong))
    #expect(isComplete(read("\r\n" + Self.head, HeadLimits(headBytes: count + 2))))
    #expect(read("\r\n" + Self.head, HeadLimits(headBytes: count + 1)) == .refused(.headTooLong))
  }

  @Test func `at any limit below its size a head is refused as too long, wherever that falls`() {
    for limit in 0..<latin1(Self.head).count {
      let limits = HeadLimits(headBytes: limit, targetBytes: Self.targetBytes)
      #expect(read(Self.head, limits) == .refused(.headTooLong), "\(limit)")
    }
  }

  @Test func `an unfinished head is refused when it fills the limit`() {
    let bytes = Array(latin1(Self.head).dropLast())
    #expect(
      HeadReading(bytes, limits: HeadLimits(headBytes: bytes.count)) == .refused(.headTooLong))
    #expect(HeadReading(bytes, limits: HeadLimits(headBytes: bytes.count + 1)) == .partial)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\nA: ", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nB:", "GET /",
  ])
  func `a line that never ends is refused at the limit`(beginning: String) {
    let bytes = latin1(beginning) + [UInt8](repeating: UInt8(ascii: "x"), count: 200)
    let limits = HeadLimits(headBytes: 100, targetBytes: 99)
    #expect(readHeadInEveryWay(bytes, limits: limits) == .refused(.headTooLong))
    #expect(HeadReading(Array(bytes[..<99]), limits: limits) == .partial)
    #expect(HeadReading(Array(bytes[..<100]), limits: limits) == .refused(.headTooLong))
  }

  @Test func `an offence within the limit is told before the limit is`() {
    let bytes = latin1("GET / HTTP/1.1\r\nA b: c\r\n\r\n")
    #expect(readHeadInEveryWay(bytes, limits: HeadLimits(headBytes: 18)) == .refused(.fieldName))
    #expect(readHeadInEveryWay(bytes, limits: HeadLimits(headBytes: 17)) == .refused(.headTooLong))
  }

  @Test func `bytes of a body do not count`() {
    let bytes = latin1(Self.head)
    let body = [UInt8](repeating: 0, count: 1000)
    #expect(isComplete(HeadReading(bytes + body, limits: HeadLimits(headBytes: bytes.count))))
  }

  @Test func `a target may have as many bytes as the limit and not one more`() {
    #expect(isComplete(read(Self.head, HeadLimits(targetBytes: Self.targetBytes))))
    let below = HeadLimits(targetBytes: Self.targetBytes - 1)
    #expect(read(Self.head, below) == .refused(.targetTooLong))
  }

  @Test func `a target is refused at its first byte above the limit, with no space yet in sight`() {
    let limits = HeadLimits(targetBytes: 40)
    let bytes = latin1("GET /") + [UInt8](repeating: UInt8(ascii: "a"), count: 40)
    #expect(HeadReading(bytes.dropLast(), limits: limits) == .partial)
    #expect(readHeadInEveryWay(bytes, limits: limits) == .refused(.targetTooLong))
  }

  @Test func `there may be as many fields as the limit and not one more`() {
    #expect(isComplete(read(Self.head, HeadLimits(fields: 2))))
    #expect(read(Self.head, HeadLimits(fields: 1)) == .refused(.tooManyFields))
    #expect(read(Self.head, HeadLimits(fields: 0)) == .refused(.tooManyFields))
    #expect(isComplete(read("GET / HTTP/1.0\r\n\r\n", HeadLimits(fields: 0))))
  }

  @Test func `a hundred fields are taken by default, and the next is refused at its first byte`() {
    let fields = String(repeating: "A: b\r\n", count: 99)
    let bytes = latin1("GET / HTTP/1.1\r\nHost: a\r\n\(fields)")
    #expect(isComplete(HeadReading(bytes + latin1("\r\n"))))
    #expect(HeadReading(bytes + latin1("A")) == .refused(.tooManyFields))
  }
}
