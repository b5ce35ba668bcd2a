import JSONWire
import Testing

@testable import Relay

@Suite struct ChunkFramingTests {
  private static let sizes = [
    1, 2, 9, 10, 15, 16, 17, 255, 256, 257, 4095, 4096, 4097, 65535, 65536, 1_048_575, 1_048_576,
  ]

  @Test(arguments: sizes)
  func `the size line is hexadecimal, without leading zeros`(size: Int) {
    var head: [UInt8] = []
    ChunkFraming.appendHead(size, to: &head)
    #expect(head == Array("\(String(size, radix: 16))\r\n".utf8))
  }

  @Test(arguments: sizes)
  func `a chunk is the data between its size and a line end`(size: Int) throws {
    let data = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
    let chunk = ChunkFraming.chunk(data)
    #expect(chunk.suffix(2) == [13, 10])
    #expect(Array(chunk[ChunkFraming.payload(of: chunk.span)]) == data)
    let (read, isComplete) = try dechunked(chunk + Array("0\r\n\r\n".utf8))
    #expect(read == data)
    #expect(isComplete)
  }
}
