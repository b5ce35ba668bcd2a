/// Everything of a dispatched event but its data.
///
/// The parser lends its own value for the length of one callback: copy what must outlive it.
public struct EventFields: Sendable, Equatable {
  /// The `event` field as bytes, empty when absent or empty; the standard then calls the event
  /// "message". Not checked to be UTF-8. At most `maximumEventBytes` long.
  public internal(set) var name: [UInt8] = []

  /// The stream's last event ID as bytes: the value of the latest `id` field of this or any earlier
  /// event, dispatched or dropped. Empty when none was set, or when an empty `id` reset it.
  public internal(set) var lastEventID: [UInt8] = []

  /// Whether this very event carried a valid `id` field, rather than inheriting an earlier one.
  public internal(set) var idWasSet = false

  /// The stream's reconnection time in milliseconds, from the latest valid `retry` field of this or
  /// any earlier event; nil before the first. Never negative, not bounded from above.
  public internal(set) var reconnectionTime: Int?

  init() {}

  /// Forgets what belongs to one event only. The name's buffer, if small, stays for the next.
  mutating func resetForNextEvent() {
    name.recycle()
    idWasSet = false
  }
}

/// What the receiver of an event wants next.
public enum EventDisposition: Sendable {
  /// Go on with the next event.
  case proceed
  /// Ignore all further input.
  case stop
}

/// Why a stream cannot be read on. The sender is to blame.
public enum EventStreamError: Error, Equatable, Sendable {
  /// A line, or the sum of an event's data, name and own ID, exceeds the parser's limit.
  case eventTooLarge(limitBytes: Int)
}
