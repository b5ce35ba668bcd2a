/// A fixed piece of memory that is filled once from front to back and never moved.
///
/// Invariant: bytes below the published tail of its rendering are never written again.
/// SAFETY: the memory is reached only through `append` (the writer, above the tail) and
/// `withBytes` (readers, below the tail); the tail's release/acquire orders the two. `next` is set
/// before the tail passes this segment's end, and read only after.
@safe final class Segment: @unchecked Sendable {
  /// Position of the first byte in the rendering.
  let start: Int
  let capacity: Int
  private let memory: UnsafeMutableRawPointer
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

  /// Copies as much of `bytes` from `source` on as fits behind `filled` bytes; says how much.
  func fill(from filled: Int, with bytes: Span<UInt8>, startingAt source: Int) -> Int {
    let count = min(capacity - filled, bytes.count - source)
    precondition(filled >= 0 && source >= 0 && count >= 0)
    unsafe bytes.withUnsafeBytes { input in
      guard let base = input.baseAddress else { return }
      unsafe (memory + filled).copyMemory(from: base + source, byteCount: count)
    }
    return count
  }

  /// Copies all of `bytes`, which fit.
  @inline(__always)
  func write(_ bytes: Span<UInt8>, at offset: Int) {
    precondition(offset >= 0 && bytes.count <= capacity - offset)
    unsafe bytes.withUnsafeBytes { input in
      guard let base = input.baseAddress else { return }
      unsafe (memory + offset).copyMemory(from: base, byteCount: input.count)
    }
  }

  func withBytes(_ range: Range<Int>, _ body: (Span<UInt8>) -> Int) -> Int {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacity)
    let piece = unsafe UnsafeRawBufferPointer(
      start: memory + range.lowerBound, count: range.count)
    return unsafe body(Span<UInt8>(_unsafeBytes: piece))
  }
}
