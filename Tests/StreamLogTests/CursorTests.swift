import StreamLog
import Testing

@Suite struct CursorTests {
  /// 30 bytes in small segments, all published.
  private func rendering(optional: Range<Int>? = nil) -> Rendering {
    let rendering = Rendering(
      budget: LogBudget(limit: 1 << 20), firstSegment: 4, largestSegment: 8)
    if let optional { rendering.markOptional(optional) }
    rendering.appendEvent(ofBytes: 30)
    rendering.publish()
    return rendering
  }

  @Test(arguments: 0...30)
  func `a cursor begins at any offset up to the tail`(offset: Int) {
    var cursor = Cursor(rendering(), at: offset, skippingOptional: false)
    #expect(cursor.offset == offset)
    #expect(cursor.lag == 30 - offset)
    #expect(cursor.takeAll() == pattern(offset..<30))
    #expect(cursor.offset == 30)
    #expect(cursor.lag == 0)
  }

  @Test(arguments: 1...30)
  func `what is not taken is handed out again`(step: Int) {
    var cursor = Cursor(rendering(), at: 0, skippingOptional: false)
    var read: [UInt8] = []
    while cursor.advance() == .behind {
      let before = cursor.offset
      #expect(cursor.take(0) == [])
      #expect(cursor.offset == before)
      let piece = cursor.take(step)
      #expect(cursor.offset == before + piece.count)
      read += piece
    }
    #expect(read == pattern(0..<30))
  }

  @Test func `a cursor at the tail is caught up, goes on, and ends`() {
    let rendering = rendering()
    var cursor = Cursor(rendering, at: 30, skippingOptional: false)
    #expect(cursor.advance() == .caughtUp)
    rendering.appendEvent(ofBytes: 1)
    #expect(cursor.advance() == .caughtUp)
    rendering.publish()
    #expect(cursor.advance() == .behind)
    rendering.close()
    rendering.publish()
    #expect(cursor.advance() == .behind)
    #expect(cursor.takeAll() == pattern(30..<31))
    #expect(cursor.advance() == .ended)
  }

  @Test func `one read does not go beyond the tail though the segment has room`() {
    let rendering = Rendering(budget: LogBudget(limit: 1 << 20), firstSegment: 64)
    rendering.appendEvent(ofBytes: 10)
    rendering.publish()
    rendering.appendEvent(ofBytes: 10)
    var cursor = Cursor(rendering, at: 0, skippingOptional: false)
    #expect(cursor.take() == pattern(0..<10))
  }

  @Test func `a copy of a cursor goes its own way`() {
    var one = Cursor(rendering(), at: 3, skippingOptional: false)
    var other = one
    #expect(one.takeAll() == pattern(3..<30))
    #expect(other.offset == 3)
    #expect(other.takeAll() == pattern(3..<30))
  }

  // MARK: The optional range

  /// Every range in 30 bytes, segment borders (4, 12, 20, 28) among its ends.
  private static let ranges = (0..<30).flatMap { start in
    (start...30).map { start..<$0 }
  }

  @Test func `who asks to skip steps over the optional range, and nobody else`() {
    for range in Self.ranges {
      let rendering = rendering(optional: range)
      var skipping = Cursor(rendering, at: 0, skippingOptional: true)
      let expected = pattern(0..<range.lowerBound) + pattern(range.upperBound..<30)
      #expect(skipping.takeAll() == expected, "\(range)")
      #expect(skipping.offset == 30)
      var reading = Cursor(rendering, at: 0, skippingOptional: false)
      #expect(reading.takeAll() == pattern(0..<30), "\(range)")
    }
  }

  @Test func `taking a byte at a time skips the same`() {
    for range in Self.ranges {
      var cursor = Cursor(rendering(optional: range), at: 0, skippingOptional: true)
      var read: [UInt8] = []
      while cursor.advance() == .behind { read += cursor.take(1) }
      #expect(read == pattern(0..<range.lowerBound) + pattern(range.upperBound..<30), "\(range)")
    }
  }

  @Test(arguments: 0...30)
  func `a cursor that begins before, at, inside or behind the range`(start: Int) {
    let range = 10..<17
    var cursor = Cursor(rendering(optional: range), at: start, skippingOptional: true)
    let expected =
      start <= range.lowerBound
      ? pattern(start..<range.lowerBound) + pattern(range.upperBound..<30)
      : pattern(start..<30)
    #expect(cursor.takeAll() == expected)
  }

  @Test func `an optional range at the end leaves the reader caught up, then ended`() {
    let rendering = rendering()
    var cursor = Cursor(rendering, at: 0, skippingOptional: true)
    #expect(cursor.takeAll() == pattern(0..<30))
    rendering.markOptional(30..<40)
    rendering.appendEvent(ofBytes: 10)
    rendering.publish()
    #expect(cursor.advance() == .caughtUp)
    #expect(cursor.offset == 40)
    rendering.close()
    rendering.publish()
    #expect(cursor.advance() == .ended)
  }

  @Test func `a range marked before it is published neither loses a byte nor makes a lag`() {
    let rendering = rendering()
    var cursor = Cursor(rendering, at: 30, skippingOptional: true)
    rendering.markOptional(30..<40)
    rendering.appendEvent(ofBytes: 10)
    rendering.appendEvent(ofBytes: 5)
    #expect(cursor.advance() == .caughtUp)
    #expect(cursor.lag >= 0)
    rendering.publish()
    #expect(cursor.takeAll() == pattern(40..<45))
  }
}
