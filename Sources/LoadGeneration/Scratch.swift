internal import Glibc

/// Where a loop's sockets are read into, one after the other.
@safe final class Scratch {
  static let byteCount = 256 << 10

  // SAFETY: allocated here with `byteCount` bytes and freed in `deinit`; only `receive` reaches it,
  // and lends no more of it than it has received.
  private let start = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCount)

  init() { unsafe start.initialize(repeating: 0, count: Self.byteCount) }

  deinit { unsafe start.deallocate() }

  /// Receives once, and lends what has come to `body`. What `recv` said, or a negative errno.
  func receive(from descriptor: CInt, _ body: (Span<UInt8>) -> Void) -> Int {
    let count = unsafe recv(descriptor, start, Self.byteCount, CInt(MSG_DONTWAIT))
    if count < 0 { return -Int(errno) }
    if count > 0 { body(unsafe Span(_unsafeStart: start, count: count)) }
    return count
  }
}
