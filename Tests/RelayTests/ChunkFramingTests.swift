import JSONWire
import StreamLog
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

  @Test func `one line in the log is the chunk of its event, wherever a segment ends`() {
    var lengths = [0, 1, 6, 7, 8, 9, 246, 247, 248, 249, 4086, 4087, 4088, 4089]
    lengths += Array(20...60)
    for length in lengths {
      let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) | 0x20 }
      let event = Array("data: ".utf8) + payload + [10, 10]
      let log = Rendering(budget: LogBudget(limit: 1 << 20), firstSegment: 16, largestSegment: 32)
      for before in 0..<3 {
        log.append([UInt8](repeating: 1, count: before).span)
        let start = log.written
        ChunkFraming.append(line: payload.span, to: log)
        log.publish()
        var cursor = Cursor(log, at: start, skippingOptional: false)
        var read: [UInt8] = []
        while cursor.advance() == .behind {
          cursor.read { bytes in
            read.append(copying: bytes)
            return bytes.count
          }
        }
        #expect(read == ChunkFraming.chunk(event))
      }
    }
  }
}
