/// Something to be done once at a point in time. Belongs to one loop; arm it again to repeat it.
///
/// The action is kept as long as the timer; let it capture its owner unowned, and disarm the timer
/// before the owner goes (a timer that is armed is kept alive by its loop).
public final class Timer {
  let action: () -> Void
  /// CLOCK_MONOTONIC nanoseconds; meaningful while armed.
  fileprivate(set) var deadline: UInt64 = 0
  fileprivate var position = -1

  public init(_ action: @escaping () -> Void) {
    self.action = action
  }

  public var isArmed: Bool { position >= 0 }
}

/// A binary heap of timers by the time at which each must be looked at.
///
/// Invariant: an entry's `look` is never later than its timer's deadline. Time-outs are pushed back
/// far more often than they fire, so pushing one back only stores the new deadline; the entry is
/// moved when its old time comes.
struct TimerHeap {
  private struct Entry {
    var look: UInt64
    var timer: Timer
  }
  private var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }

  mutating func arm(_ timer: Timer, at deadline: UInt64) {
    timer.deadline = deadline
    if timer.position < 0 {
      timer.position = entries.count
      entries.append(Entry(look: deadline, timer: timer))
      siftUp(timer.position)
    } else if deadline < entries[timer.position].look {
      entries[timer.position].look = deadline
      siftUp(timer.position)
    }
    checkInvariants()
  }

  mutating func disarm(_ timer: Timer) {
    let hole = timer.position
    guard hole >= 0 else { return }
    timer.position = -1
    let last = entries.removeLast()
    if hole < entries.count {
      place(last, at: hole)
      siftUp(hole)
      siftDown(hole)
    }
    checkInvariants()
  }

  /// For `epoll_wait`: -1 without timers, 0 when one is due, else rounded up.
  func millisecondsToNext(now: UInt64) -> CInt {
    guard let first = entries.first else { return -1 }
    if first.look <= now { return 0 }
    return CInt(min((first.look - now - 1) / 1_000_000 + 1, 3_600_000))
  }

  /// The next timer whose deadline has come, disarmed; nil when none is due.
  mutating func takeDue(now: UInt64) -> Timer? {
    while let first = entries.first, first.look <= now {
      if first.timer.deadline <= now {
        disarm(first.timer)
        return first.timer
      }
      entries[0].look = first.timer.deadline
      siftDown(0)
    }
    return nil
  }

  private mutating func place(_ entry: Entry, at position: Int) {
    entries[position] = entry
    entry.timer.position = position
  }

  private mutating func siftUp(_ start: Int) {
    var position = start
    let entry = entries[start]
    while position > 0 {
      let parent = (position - 1) / 2
      guard entry.look < entries[parent].look else { break }
      place(entries[parent], at: position)
      position = parent
    }
    place(entry, at: position)
  }

  private mutating func siftDown(_ start: Int) {
    var position = start
    let entry = entries[start]
    while true {
      var child = 2 * position + 1
      if child >= entries.count { break }
      if child + 1 < entries.count && entries[child + 1].look < entries[child].look { child += 1 }
      guard entries[child].look < entry.look else { break }
      place(entries[child], at: position)
      position = child
    }
    place(entry, at: position)
  }

  private func checkInvariants() {
    assert(entries.isEmpty || entries[0].timer.position == 0)
    assert(entries.last.map { $0.timer.position == entries.count - 1 } ?? true)
  }
}
