import Glibc
import Synchronization

/// A latch that threads wait for in `poll`: closed at first, opened once, never closed again.
///
/// It is a pipe. Opening closes the writing end, which every poll of the reading end reports as
/// POLLHUP from then on.
final class Gate: Sendable {
  /// Poll it; -1 (which poll passes over) if the system had no pipe to give.
  let descriptor: Int32
  private let writingEnd: Mutex<Int32?>

  init() {
    var ends: [Int32] = [-1, -1]
    let made = unsafe pipe(&ends) == 0
    descriptor = made ? ends[0] : -1
    writingEnd = Mutex(made ? ends[1] : nil)
  }

  deinit {
    open()
    if descriptor >= 0 { close(descriptor) }
  }

  func open() {
    writingEnd.withLock { end in
      if let open = end { close(open) }
      end = nil
    }
  }
}
