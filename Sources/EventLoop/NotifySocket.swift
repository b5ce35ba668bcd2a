internal import Glibc
internal import Synchronization

/// How the process tells the service manager that started it how it does (sd_notify(3)): a datagram
/// a message.
///
/// Any thread. It never waits, and a manager that does not listen is no error: there is nobody else
/// to tell.
public final class NotifySocket: Sendable {
  private let socket: CInt
  /// Within so many nanoseconds the manager wants to hear that all is well
  /// (sd_watchdog_enabled(3)); nil when it does not.
  public let watchdogInterval: UInt64?

  /// The one that the environment names; nil when the process was started by somebody else.
  /// - Throws: When nobody listens there.
  public static func fromEnvironment() throws(SystemError) -> NotifySocket? {
    guard let address = environmentVariable("NOTIFY_SOCKET") else { return nil }
    let watchdog = watchdogInterval(environmentVariable, process: getpid())
    return try NotifySocket(address: address, watchdogInterval: watchdog)
  }

  /// - Parameter address: The path of a datagram socket, or `@` and a name in the abstract name
  ///   space (unix(7)).
  init(address: String, watchdogInterval: UInt64?) throws(SystemError) {
    let kind = CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let place = try UnixAddress(address)
    let opened = try SystemError.checkErrno(Glibc.socket(AF_UNIX, kind, 0), "socket")
    let connected = unsafe place.use { unsafe connect(opened, $0, $1) }
    guard connected == 0 else {
      let code = errno
      Glibc.close(opened)
      throw SystemError("connect \(address)", code)
    }
    socket = opened
    self.watchdogInterval = watchdogInterval
  }

  deinit {
    Glibc.close(socket)
  }

  /// WATCHDOG_USEC, unless it is meant for another process.
  static func watchdogInterval(_ variable: (String) -> String?, process: CInt) -> UInt64? {
    if let meant = variable("WATCHDOG_PID"), CInt(meant) != process { return nil }
    guard let microseconds = variable("WATCHDOG_USEC").flatMap({ UInt64($0) }), microseconds > 0
    else { return nil }
    return microseconds.multipliedReportingOverflow(by: 1000).overflow ? nil : microseconds * 1000
  }

  public enum News: Equatable, Sendable {
    /// Started, or done with reloading.
    case ready
    /// At this time of CLOCK_MONOTONIC, nanoseconds.
    case reloading(at: UInt64)
    case stopping
    /// All is well: the watchdog's time starts anew.
    case alive
    /// For people, one line.
    case status(String)
    /// What is under way may take so many nanoseconds more.
    case extending(by: UInt64)

    var isAwaited: Bool {
      switch self {
      case .ready, .reloading, .stopping, .extending: true
      case .alive, .status: false
      }
    }

    var text: String {
      switch self {
      case .ready: "READY=1"
      case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time / 1000)"
      case .stopping: "STOPPING=1"
      case .alive: "WATCHDOG=1"
      case .status(let text): "STATUS=" + text.map { $0.isNewline ? " " : String($0) }.joined()
      case .extending(let time): "EXTEND_TIMEOUT_USEC=\(time / 1000)"
      }
    }
  }

  /// Messages that the manager did not take, and must: it waits for them.
  private let unsent = Mutex<[String]>([])
  private static let unsentLimit = 16

  /// Says all of it at once. What the manager does not take now is said before what comes next; but
  /// for what will have changed by then.
  public func tell(_ news: [News]) {
    let message = news.map(\.text).joined(separator: "\n")
    unsent.withLock { unsent in
      while let first = unsent.first, send(first) { unsent.removeFirst() }
      if unsent.isEmpty, send(message) { return }
      guard news.contains(where: \.isAwaited) else { return }
      if unsent.count == Self.unsentLimit { unsent.removeFirst() }
      unsent.append(message)
    }
  }

  private func send(_ message: String) -> Bool {
    let bytes = Array(message.utf8)
    return unsafe Glibc.send(socket, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
  }
}
