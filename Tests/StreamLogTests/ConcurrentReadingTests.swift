import TestSupport
import EventLoop
import Glibc
import StreamLog
import Synchronization
import Testing

/// One thread appends and publishes, others read: no lock, no copy, and nothing lost.
@Suite struct ConcurrentReadingTests {
  private static let events = 200_000
  private static let optionalEvent = 120_000

  private struct Result: Sendable {
    var read = 0
    var misplaced = 0
  }

  /// Reads to the end, and counts bytes that are not what their position says.
  private static func readAll(_ rendering: Rendering, skippingOptional: Bool) -> Result {
    var cursor = Cursor(rendering, at: 0, skippingOptional: skippingOptional)
    var result = Result()
    while true {
      switch cursor.advance() {
      case .ended: return result
      case .caughtUp: sched_yield()
      case .behind:
        let start = cursor.offset
        cursor.read { bytes in
          for index in 0..<bytes.count where bytes[index] != patternByte(start + index) {
            result.misplaced += 1
          }
          result.read += bytes.count
          return bytes.count
        }
      }
    }
  }

  @Test func `four threads read what a fifth appends, every byte once and in order`() throws {
    let rendering = Rendering(budget: LogBudget(limit: 1 << 30), firstSegment: 16)
    let results = Mutex<[Bool: [Result]]>([:])
    var threads: [LoopThread.Joinable] = []
    for number in 0..<4 {
      threads.append(
        try LoopThread.start(name: "reader-\(number)") {
          let skips = number % 2 == 1
          let result = Self.readAll(rendering, skippingOptional: skips)
          results.withLock { $0[skips, default: []].append(result) }
        })
    }
    let bytes = pattern(0..<(1 << 16))
    var random = SplitMix64(seed: 4)
    var total = 0
    var optional = 0..<0
    for event in 0..<Self.events {
      let size = 1 + Int(truncatingIfNeeded: random.next() % 15)
      if event == Self.optionalEvent {
        optional = total..<total + size
        rendering.markOptional(optional)
      }
      append(total..<total + size, of: bytes, to: rendering)
      rendering.endEvent()
      total += size
      if random.next() % 8 == 0 { rendering.publish() }
    }
    rendering.close()
    rendering.publish()
    for thread in threads { thread.join() }

    let found = results.withLock { $0 }
    #expect(found[false]?.map(\.read) == [total, total])
    #expect(found[true]?.map(\.read) == [total - optional.count, total - optional.count])
    #expect(found.values.joined().allSatisfy { $0.misplaced == 0 })
    #expect(rendering.events == Self.events)
  }

  /// The pattern repeats after 64 KiB: a copy of that much serves for all of it.
  private func append(_ range: Range<Int>, of bytes: [UInt8], to rendering: Rendering) {
    let start = range.lowerBound % bytes.count
    let end = min(start + range.count, bytes.count)
    rendering.append(bytes.span.extracting(start..<end))
    let rest = range.count - (end - start)
    if rest > 0 { rendering.append(bytes.span.extracting(0..<rest)) }
  }
}
