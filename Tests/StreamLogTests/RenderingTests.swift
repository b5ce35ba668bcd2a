import StreamLog
import Testing

@Suite struct RenderingTests {
  @Test(arguments: 1...9, [0, 1, 2, 8, 64])
  func `events of any size cross segment borders at every alignment`(first: Int, growth: Int) {
    for size in 0...20 {
      for start in 0...9 {
        let rendering = Rendering(
          budget: LogBudget(limit: 1 << 20), firstSegment: first, largestSegment: first + growth)
        rendering.appendEvent(ofBytes: start)
        rendering.appendEvent(ofBytes: size)
        rendering.appendEvent(ofBytes: 3)
        rendering.publish()
        var cursor = Cursor(rendering, at: 0, skippingOptional: false)
        #expect(cursor.takeAll() == pattern(0..<start + size + 3))
      }
    }
  }

  @Test func `an event in many pieces is the event in one`() {
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20), firstSegment: 4)
    for position in 0..<100 { rendering.append([patternByte(position)]) }
    rendering.append([])
    rendering.endEvent()
    rendering.publish()
    var cursor = Cursor(rendering, at: 0, skippingOptional: false)
    #expect(cursor.takeAll() == pattern(0..<100))
    #expect(rendering.offset(after: 1) == 100)
  }

  @Test(arguments: 1...12)
  func `two pieces at once are as one behind the other`(_ first: Int) {
    for head in 0...10 {
      for tail in 0...10 {
        let rendering = Rendering(
          budget: LogBudget(limit: 1 << 20), firstSegment: first, largestSegment: first + 3)
        let bytes = pattern(0..<head + tail + 2)
        let (before, one, other) = (
          Array(bytes[..<2]), Array(bytes[2..<2 + head]), Array(bytes[(2 + head)...])
        )
        rendering.append(before.span)
        rendering.append(one.span, other.span)
        rendering.publish()
        var cursor = Cursor(rendering, at: 0, skippingOptional: false)
        #expect(cursor.takeAll() == bytes)
      }
    }
  }

  @Test func `the offset after an event is where the next begins`() {
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20), firstSegment: 8)
    #expect(rendering.offset(after: 0) == 0)
    #expect(rendering.offset(after: 1) == nil)
    var end = 0
    for (index, size) in [5, 0, 3, 40, 0, 0, 1].enumerated() {
      rendering.appendEvent(ofBytes: size)
      end += size
      #expect(rendering.events == index + 1)
      #expect(rendering.offset(after: index + 1) == end)
    }
    #expect(rendering.offset(after: 3) == 8)
    #expect(rendering.offset(after: 8) == nil)
    #expect(rendering.offset(after: -1) == nil)
  }

  @Test func `nothing is visible before it is published`() {
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    var cursor = Cursor(rendering, at: 0, skippingOptional: false)
    rendering.appendEvent(ofBytes: 700)
    #expect(rendering.written == 700)
    #expect(rendering.published == 0)
    #expect(cursor.advance() == .caughtUp)
    rendering.publish()
    #expect(rendering.published == 700)
    #expect(cursor.takeAll() == pattern(0..<700))
  }

  @Test func `readers are told once of what has grown`() {
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    #expect(!rendering.announce())
    rendering.appendEvent(ofBytes: 5)
    #expect(rendering.announce())
    #expect(!rendering.announce())
    rendering.appendEvent(ofBytes: 0)
    #expect(!rendering.announce(), "an event that the format does not show is no news")
  }

  @Test func `what was published without an announcement is still to be announced`() {
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    rendering.appendEvent(ofBytes: 5)
    rendering.publish()
    #expect(rendering.announce())
  }

  @Test func `closing is visible with the next publication, and is news by itself`() {
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    rendering.appendEvent(ofBytes: 5)
    _ = rendering.announce()
    rendering.close()
    #expect(rendering.progress == (5, false))
    #expect(rendering.announce())
    #expect(rendering.progress == (5, true))
    #expect(!rendering.announce())
  }

  @Test func `an empty log can be closed`() {
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20))
    rendering.close()
    #expect(rendering.announce())
    var cursor = Cursor(rendering, at: 0, skippingOptional: false)
    #expect(cursor.advance() == .ended)
  }
}
