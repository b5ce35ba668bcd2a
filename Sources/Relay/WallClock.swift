internal import Glibc

/// Points in time as people and programs read them.
enum WallClock {
  /// Nanoseconds since 1970.
  static var now: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Milliseconds since 1970, as the archive counts.
  static var milliseconds: Int64 { Int64(now / 1_000_000) }

  static func text(milliseconds: Int64) -> String {
    text(UInt64(max(milliseconds, 0)) * 1_000_000)
  }

  /// `2026-05-05T10:06:43.615Z` (ISO 8601, UTC).
  static func text(_ nanoseconds: UInt64) -> String {
    var seconds = time_t(nanoseconds / 1_000_000_000)
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = unsafe strftime(&buffer, 32, "%Y-%m-%dT%H:%M:%S", &parts)
    let date = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let milliseconds = nanoseconds / 1_000_000 % 1000
    let padding = milliseconds < 10 ? "00" : milliseconds < 100 ? "0" : ""
    return "\(date).\(padding)\(milliseconds)Z"
  }
}

extension Duration {
  /// Whole nanoseconds; 0 for negative ones.
  var nanoseconds: UInt64 {
    let parts = components
    guard parts.seconds >= 0, parts.attoseconds >= 0 else { return 0 }
    return UInt64(parts.seconds) * 1_000_000_000 + UInt64(parts.attoseconds / 1_000_000_000)
  }
}
