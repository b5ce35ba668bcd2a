/// A reader's position in a rendering: all that a subscriber costs beside its socket.
///
/// Belongs to one thread, which need not be the owner's. Keeps the rendering alive.
public struct Cursor {
  public let rendering: Rendering
  /// Position of the next byte to read.
  public private(set) var offset: Int
  private var segment: Segment
  private let skipsOptional: Bool

  /// - Parameters:
  ///   - offset: At most the published tail; found by walking from the first segment.
  ///   - skipsOptional: Steps over the range that the rendering marks as optional.
  public init(_ rendering: Rendering, at offset: Int, skippingOptional skipsOptional: Bool) {
    precondition(offset >= 0 && offset <= rendering.published)
    self.rendering = rendering
    self.offset = offset
    self.skipsOptional = skipsOptional
    segment = rendering.first
    settle()
  }

  public enum State: Equatable, Sendable {
    /// There are bytes to read.
    case behind
    /// Everything published has been read; more may come.
    case caughtUp
    /// Everything has been read, and no more will come.
    case ended
  }

  /// Where the cursor stands; steps over the optional range when it has come to it.
  public mutating func advance() -> State {
    let progress = rendering.progress
    if skipsOptional, !rendering.optional.isEmpty, offset == rendering.optional.lowerBound {
      offset = rendering.optional.upperBound
    }
    if offset < progress.tail { return .behind }
    return progress.isClosed ? .ended : .caughtUp
  }

  /// Hands out the next bytes: as many as lie side by side, at most to the tail (or to the optional
  /// range). Call after `advance` said `.behind`. `body` says how many it took.
  public mutating func read(_ body: (Span<UInt8>) -> Int) {
    settle()
    var limit = rendering.published
    if skipsOptional, offset < rendering.optional.lowerBound {
      limit = min(limit, rendering.optional.lowerBound)
    }
    let end = min(limit, segment.end)
    let taken = segment.withBytes((offset - segment.start)..<(end - segment.start), body)
    precondition(taken >= 0 && taken <= end - offset)
    offset += taken
  }

  /// Bytes between the cursor and the tail.
  public var lag: Int { max(0, rendering.published - offset) }

  /// Moves to the segment that holds the next byte. `next` is read only of a segment whose end the
  /// tail has passed: the owner may be setting that of the last one right now.
  private mutating func settle() {
    let tail = rendering.published
    while offset >= segment.end, segment.end < tail, let next = segment.next { segment = next }
  }
}
