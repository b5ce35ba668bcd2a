public import Configuration
internal import EventLoop
internal import Glibc
internal import JSONWire
internal import Synchronization

/// One line a thing that happened, on standard error: for journald (`<6>` prefixes), people or
/// programs. It never gets keys or text of a conversation to write.
///
/// Any thread: a line is one write(2). It never waits: while whoever reads standard error does not,
/// lines are dropped, and the next one that gets through says how many. Of requests and answers
/// only so many lines are written in a second, and the next one says how many were left out.
public struct Log: Sendable {
  private let state = LogState()
  private let hasPrefix: Bool

  public init(_ settings: Settings.Log) {
    // Set by systemd when standard error goes to the journal (systemd.exec(5)).
    hasPrefix = environmentVariable("JOURNAL_STREAM") != nil
    configure(settings)
  }

  /// For all copies of this log, from now on.
  func configure(_ settings: Settings.Log) {
    state.threshold.store(Self.priority(settings.level), ordering: .relaxed)
    state.isJSON.store(settings.format == .json, ordering: .relaxed)
    state.sampling.withLock { $0.limit = settings.perSecond }
  }

  /// A line that may be written, once.
  struct Permit {
    fileprivate let level: Settings.LogLevel
    fileprivate let event: String
    /// Lines of the event that were left out before it.
    fileprivate let skipped: Int
  }

  /// Whether a line is written of what clients and upstreams can make happen as often as they like:
  /// ask before its fields are gathered.
  ///
  /// - Parameter kind: Counts by itself, so that what is rare is not left out for what is not; the
  ///   event is one kind as a rule.
  func permit(
    _ level: Settings.LogLevel, _ event: String, kind: String? = nil
  ) -> Permit? {
    guard isEnabled(level) else { return nil }
    let now = EventLoop.clock / 1_000_000_000
    let skipped = state.sampling.withLock { $0.take(kind ?? event, second: now) }
    return skipped.map { Permit(level: level, event: event, skipped: $0) }
  }

  private func isEnabled(_ level: Settings.LogLevel) -> Bool {
    Self.priority(level) <= state.threshold.load(ordering: .relaxed)
  }

  public enum Value: Sendable {
    case text(String)
    case integer(Int)
    /// Nanoseconds, shown as milliseconds.
    case duration(UInt64)
  }

  public func write(
    _ level: Settings.LogLevel, _ event: String, _ fields: [(StaticString, Value)] = []
  ) {
    if isEnabled(level) { write(Permit(level: level, event: event, skipped: 0), fields) }
  }

  func write(_ permit: Permit, _ fields: [(StaticString, Value)]) {
    guard isWritable() else { return state.addDropped(1 + permit.skipped) }
    let (level, event) = (permit.level, permit.event)
    var fields = fields
    if permit.skipped > 0 { fields.append(("skippedBefore", .integer(permit.skipped))) }
    let missing = state.takeDropped()
    if missing > 0 { fields.append(("droppedBefore", .integer(missing))) }
    var line: [UInt8] = hasPrefix ? Array("<\(Self.priority(level))>".utf8) : []
    if state.isJSON.load(ordering: .relaxed) {
      appendJSON(level, event, fields, to: &line)
    } else {
      appendText(level, event, fields, to: &line)
    }
    line.append(UInt8(ascii: "\n"))
    let written = unsafe line.withUnsafeBytes { bytes in
      unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
    if written < 0 { state.addDropped(1 + permit.skipped + missing) }
  }

  /// A pipe that is writable has room for 4 KiB (pipe(7)), which is more than a line.
  private func isWritable() -> Bool {
    var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&descriptor, 1, 0) == 1
  }

  /// syslog(3) levels.
  private static func priority(_ level: Settings.LogLevel) -> Int {
    switch level {
    case .debug: 7
    case .info: 6
    case .warning: 4
    case .error: 3
    }
  }

  private func appendText(
    _ level: Settings.LogLevel, _ event: String, _ fields: [(StaticString, Value)],
    to line: inout [UInt8]
  ) {
    line += Array("\(WallClock.text(WallClock.now)) \(level.rawValue) \(event)".utf8)
    for (name, value) in fields {
      line += Array(" \(name)=".utf8)
      switch value {
      case .text(let text):
        if text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }),
          !text.isEmpty
        {
          line += Array(text.utf8)
        } else {
          JSONText.appendQuoted(text, to: &line)
        }
      case .integer(let number): line += Array(String(number).utf8)
      case .duration(let nanoseconds): line += Array("\(Self.milliseconds(nanoseconds))ms".utf8)
      }
    }
  }

  private func appendJSON(
    _ level: Settings.LogLevel, _ event: String, _ fields: [(StaticString, Value)],
    to line: inout [UInt8]
  ) {
    var json = JSONWriter(appendingTo: line)
    json.beginObject()
    json.key("time")
    json.string(WallClock.text(WallClock.now))
    json.key("level")
    json.string(level.rawValue)
    json.key("event")
    json.string(event)
    for (name, value) in fields {
      json.key(name)
      switch value {
      case .text(let text): json.string(text)
      case .integer(let number): json.integer(number)
      case .duration(let nanoseconds):
        json.raw(Array(Self.milliseconds(nanoseconds).utf8).span)
      }
    }
    json.endObject()
    line = json.bytes
  }

  /// With three decimals.
  private static func milliseconds(_ nanoseconds: UInt64) -> String {
    let fraction = nanoseconds / 1000 % 1000
    let padding = fraction < 10 ? "00" : fraction < 100 ? "0" : ""
    return "\(nanoseconds / 1_000_000).\(padding)\(fraction)"
  }
}

/// What all copies of a log share.
private final class LogState: Sendable {
  let threshold = Atomic<Int>(0)
  let isJSON = Atomic<Bool>(false)
  let sampling = Mutex(LineSampling())
  /// Lines that nobody took.
  private let dropped = Atomic<Int>(0)

  func addDropped(_ count: Int) { dropped.add(count, ordering: .relaxed) }
  func takeDropped() -> Int {
    dropped.load(ordering: .relaxed) == 0 ? 0 : dropped.exchange(0, ordering: .relaxed)
  }
}
