internal import Glibc

/// Something that a test waited for did not come, or a system call failed.
public struct Disappointment: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }

  /// Of a system call, with `errno` as it is now.
  static func call(_ name: String) -> Disappointment {
    Disappointment("\(name): \(unsafe String(cString: strerror(errno)))")
  }
}

/// How long tests wait. The bound matters only when something is broken.
public enum Patience {
  public static let milliseconds = 10_000
  private static let napMicroseconds: useconds_t = 1_000

  /// CLOCK_MONOTONIC in milliseconds.
  public static var now: Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
  }

  /// The first value that `condition` returns, looked at every millisecond.
  public static func wait<Value>(
    for what: String, until condition: () throws -> Value?
  ) throws -> Value {
    let deadline = now + milliseconds
    while true {
      if let value = try condition() { return value }
      guard now < deadline else { throw Disappointment("waited in vain for \(what)") }
      usleep(napMicroseconds)
    }
  }

  /// For a client that is slow on purpose; nothing is waited for by this.
  public static func pace(milliseconds: Int) {
    usleep(useconds_t(milliseconds) * 1_000)
  }
}
