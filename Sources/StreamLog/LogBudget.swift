internal import Synchronization

/// Bytes that all renderings of the process hold together. Counted, not reserved: the owner of a
/// log asks `isExceeded` when it grows and decides what goes.
public final class LogBudget: Sendable {
  private let most: Atomic<Int>
  private let held = Atomic<Int>(0)
  /// Of what is held, what has been given up and will be freed when its owner comes to it.
  private let leaving = Atomic<Int>(0)

  /// - Parameter limit: In bytes.
  public init(limit: Int) {
    most = Atomic(limit)
  }

  /// In bytes; can be changed at any time.
  public var limit: Int {
    get { most.load(ordering: .relaxed) }
    set { most.store(newValue, ordering: .relaxed) }
  }

  /// Bytes held now; any thread.
  public var used: Int { held.load(ordering: .relaxed) }
  /// How much must be given up; negative while there is room.
  public var excess: Int { used - leaving.load(ordering: .relaxed) - limit }
  public var isExceeded: Bool { excess > 0 }
  /// An eighth beyond the limit: what has been given up may not have been freed yet.
  public var isExhausted: Bool { used - limit > limit / 8 }

  /// Counts bytes that are about to be freed, or with a minus that have been.
  public func addLeaving(_ bytes: Int) {
    leaving.add(bytes, ordering: .relaxed)
  }

  /// Counts bytes that are held from now on, or with a minus that are not any more.
  public func add(_ bytes: Int) {
    held.add(bytes, ordering: .relaxed)
  }
}
