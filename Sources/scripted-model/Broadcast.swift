import Glibc

/// A condition variable that carries a count of its broadcasts, so that it can stand beside a
/// `Mutex` that it knows nothing of.
///
/// A waiter reads `count`, then looks at the state, then waits for the count to move on: what
/// changes between the look and the wait is not missed.
// SAFETY: the mutex and the condition live at fixed addresses from init to deinit; `broadcasts`
// is only touched with the mutex held.
@safe final class Broadcast: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var broadcasts: UInt64 = 0

  init() {
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe condition.initialize(to: pthread_cond_t())
    unsafe pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  var count: UInt64 {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return broadcasts
  }

  func broadcast() {
    unsafe pthread_mutex_lock(mutex)
    broadcasts += 1
    unsafe pthread_cond_broadcast(condition)
    unsafe pthread_mutex_unlock(mutex)
  }

  /// Returns true once the count differs from `seen`, false at `deadline` (CLOCK_MONOTONIC
  /// nanoseconds).
  func wait(after seen: UInt64, untilNanoseconds deadline: Int64) -> Bool {
    var time = timespec()
    time.tv_sec = Int(deadline / 1_000_000_000)
    time.tv_nsec = Int(deadline % 1_000_000_000)
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while broadcasts == seen {
      if unsafe pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return false }
    }
    return true
  }
}
