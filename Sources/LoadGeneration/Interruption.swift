internal import Glibc
internal import Synchronization

private let isAsked = Atomic<Bool>(false)

/// SIGINT and SIGTERM: the first ends a run early, so that what was found is still told; a second
/// ends the process.
public enum Interruption {
  /// Call once, before a run.
  public static func listen() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        isAsked.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }

  static var wasAsked: Bool { isAsked.load(ordering: .relaxed) }
}
