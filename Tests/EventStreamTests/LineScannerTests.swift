import TestSupport
import Testing

@testable import EventStream

@Suite struct LineScannerTests {
  @Test(arguments: [LineScanner.lineFeed, LineScanner.carriageReturn])
  func `a line end is found at every place of inputs of every length`(end: UInt8) {
    for count in 0...100 {
      var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: count)
      #expect(LineScanner.firstLineEnd(in: bytes.span, from: 0) == nil)
      for index in bytes.indices {
        bytes[index] = end
        #expect(LineScanner.firstLineEnd(in: bytes.span, from: 0) == index)
        bytes[index] = UInt8(ascii: "x")
      }
    }
  }

  @Test func `the first of several is found from every start`() {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<200 {
      let count = Int.random(in: 0...80, using: &generator)
      let bytes = (0..<count).map { _ in
        generator.oneIn(12) ? UInt8(generator.oneIn(2) ? 10 : 13) : 65
      }
      for start in 0...bytes.count {
        let expected = bytes[start...].firstIndex { $0 == 10 || $0 == 13 }
        #expect(LineScanner.firstLineEnd(in: bytes.span, from: start) == expected)
      }
    }
  }

  @Test func `no other byte is a line end`() {
    let bytes = [UInt8](UInt8.min...UInt8.max).filter { $0 != 10 && $0 != 13 }
    #expect(LineScanner.firstLineEnd(in: bytes.span, from: 0) == nil)
    #expect(LineScanner.firstLineEnd(in: (bytes + [13, 10]).span, from: 0) == 254)
  }
}
