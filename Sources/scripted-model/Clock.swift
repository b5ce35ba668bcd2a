import Glibc

/// CLOCK_MONOTONIC in nanoseconds.
func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Sleeps until CLOCK_MONOTONIC reads `deadline` nanoseconds.
func sleep(untilNanoseconds deadline: Int64) {
  var time = timespec()
  time.tv_sec = Int(deadline / 1_000_000_000)
  time.tv_nsec = Int(deadline % 1_000_000_000)
  while unsafe clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil) == EINTR {}
}

/// The nanoseconds of a duration such as `250us`, `20ms`, `1.5s` or `2m`; nil if it is not one,
/// is negative or is longer than a day.
func parseDuration(_ text: String) -> Int64? {
  let units: [(suffix: String, nanoseconds: Double)] = [
    ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9),
  ]
  for unit in units where text.hasSuffix(unit.suffix) {
    guard let count = Double(text.dropLast(unit.suffix.count)) else { continue }
    let nanoseconds = count * unit.nanoseconds
    guard nanoseconds >= 0, nanoseconds <= 86_400e9 else { return nil }
    return Int64(nanoseconds)
  }
  return nil
}
