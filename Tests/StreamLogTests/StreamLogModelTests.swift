import TestSupport
import StreamLog
import Testing

/// A log against an array: whatever the order of appends, publications and reads, every cursor
/// reads the published bytes exactly once and in order.
@Suite struct StreamLogModelTests {
  private struct Reader {
    var cursor: Cursor
    let start: Int
    var read: [UInt8] = []
  }

  @Test(arguments: 0..<60)
  func `cursors that come and read at random read back exactly what was published`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let budget = LogBudget(limit: 1 << 30)
    let first = Int.random(in: 1...64, using: &random)
    let rendering = Rendering(
      budget: budget, firstSegment: first,
      largestSegment: Int.random(in: first...256, using: &random))
    var model: [UInt8] = []
    var ends = [0]
    var published = 0
    var readers: [Reader] = []
    for _ in 0..<400 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0...3:
        let size = Int.random(in: 0...Int.random(in: 0...300, using: &random), using: &random)
        let event = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        let cut = Int.random(in: 0...size, using: &random)
        rendering.append(Array(event[..<cut]))
        rendering.append(Array(event[cut...]))
        rendering.endEvent()
        model += event
        ends.append(model.count)
      case 4, 5:
        #expect(rendering.announce() == (published != model.count))
        published = model.count
      case 6:
        let event = Int.random(in: 0..<ends.count, using: &random)
        guard let start = rendering.offset(after: event), start <= published else { continue }
        #expect(start == ends[event])
        readers.append(
          Reader(cursor: Cursor(rendering, at: start, skippingOptional: false), start: start))
      default:
        guard let index = readers.indices.randomElement(using: &random) else { continue }
        guard readers[index].cursor.advance() == .behind else { continue }
        readers[index].read += readers[index].cursor.take(
          Int.random(in: 0...200, using: &random))
      }
      for reader in readers {
        #expect(reader.cursor.offset == reader.start + reader.read.count)
      }
    }
    rendering.close()
    rendering.publish()
    for index in readers.indices {
      readers[index].read += readers[index].cursor.takeAll()
      #expect(readers[index].read == Array(model[readers[index].start...]))
      #expect(readers[index].cursor.advance() == .ended)
    }
    #expect(rendering.events == ends.count - 1)
  }
}
