/// A fixed piece of memory that is filled once from front to back and never moved.
///
/// Invariant: bytes below the published tail of its rendering are never written again.
/// SAFETY: the memory is reached only through `WriteEnd` (the writer, above the tail) and
/// `withBytes` (readers, below the tail); the tail's release/acquire orders the two. `next` is set
/// before the tail passes this segment's end, and read only after.
@safe final class Segment: @unchecked Sendable {
  /// Position of the first byte in the rendering.
  let start: Int
  let capacity: Int
  fileprivate let memory: UnsafeMutableRawPointer
  var next: Segment?

  init(start: Int, capacity: Int) {
    self.start = start
    self.capacity = capacity
    unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
  }

  deinit {
    unsafe memory.deallocate()
  }

  var end: Int { start + capacity }

  func withBytes(_ range: Range<Int>, _ body: (Span<UInt8>) -> Int) -> Int {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacity)
    let piece = unsafe UnsafeRawBufferPointer(
      start: memory + range.lowerBound, count: range.count)
    return unsafe body(Span<UInt8>(_unsafeBytes: piece))
  }
}

/// Where a rendering writes: its last segment. Positions are those of the rendering.
///
/// SAFETY: the rendering holds its first segment, and that, link by link, the last one, whose
/// memory stays where it is. Counting the segment for every event was a tenth of what an event
/// costs where streams are fast.
@safe struct WriteEnd {
  private let segment: Unmanaged<Segment>
  private let memory: UnsafeMutableRawPointer
  private let start: Int
  let end: Int

  init(_ last: Segment) {
    unsafe segment = Unmanaged.passUnretained(last)
    unsafe memory = last.memory
    start = last.start
    end = last.end
  }

  var capacity: Int { end - start }

  /// Goes on in another segment.
  mutating func move(to next: Segment) {
    unsafe segment._withUnsafeGuaranteedRef { $0.next = next }
    self = WriteEnd(next)
  }

  /// Copies all of `bytes`, which fit.
  @inline(__always)
  func write(_ bytes: Span<UInt8>, at position: Int) {
    precondition(position >= start && bytes.count <= end - position)
    unsafe bytes.withUnsafeBytes { input in
      guard let base = input.baseAddress else { return }
      unsafe (memory + (position - start)).copyMemory(from: base, byteCount: input.count)
    }
  }
}
