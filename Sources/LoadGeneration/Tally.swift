/// What was counted; sums of several threads add up.
public struct Counts: Sendable, Equatable {
  /// Requests that were started.
  public var asked = 0
  /// Answers that ended, well or not.
  public var requests = 0
  /// Answers that ended well.
  public var complete = 0
  public var events = 0
  /// Events with a stamp.
  public var stamped = 0
  public var bytes = 0
  public var reads = 0
  /// Connections that could not be opened.
  public var refused = 0
  /// Answers with a status other than 2xx.
  public var badStatus = 0
  /// Streams that ended without their last event, or with an error.
  public var incomplete = 0
  /// Whole answers with another number of events than expected.
  public var miscounted = 0
  /// Connections that closed in the middle of an answer.
  public var reset = 0
  /// Answers that are not HTTP, or not the format that they say.
  public var malformed = 0
  public var lost = 0
  public var duplicated = 0
  public var disordered = 0
  /// Connections that were broken on purpose.
  public var broken = 0
  /// Answers whose head has come, of status 2xx.
  public var opened = 0
  /// Answers whose first event has come.
  public var begun = 0

  public init() {}

  public var errors: Int { refused + badStatus + incomplete + miscounted + reset + malformed }

  private static var all: [WritableKeyPath<Counts, Int>] {
    [
      \.asked, \.requests, \.complete, \.events, \.stamped, \.bytes, \.reads, \.refused,
      \.badStatus,
      \.incomplete, \.miscounted, \.reset, \.malformed, \.lost, \.duplicated, \.disordered,
      \.broken, \.opened, \.begun,
    ]
  }

  static func + (left: Counts, right: Counts) -> Counts {
    var sum = left
    for path in all { sum[keyPath: path] += right[keyPath: path] }
    return sum
  }

  static func - (left: Counts, right: Counts) -> Counts {
    var difference = left
    for path in all { difference[keyPath: path] -= right[keyPath: path] }
    return difference
  }
}

/// The latencies of one run, in nanoseconds.
public struct Latencies: Sendable {
  /// From a request's start, the intended one where arrivals are scheduled, to its first event.
  public var ttfe = Histogram()
  /// `ttfe` with what a closed loop left out; only where an expected interval was given.
  public var ttfeCorrected = Histogram()
  /// Between two events of one stream.
  public var gap = Histogram()
  /// From a stamp to its receipt.
  public var delivery = Histogram()
  /// From a request's start to the end of its answer.
  public var duration = Histogram()
  /// From a publication to its answer.
  public var publish = Histogram()

  mutating func merge(_ other: Latencies) {
    ttfe.merge(other.ttfe)
    ttfeCorrected.merge(other.ttfeCorrected)
    gap.merge(other.gap)
    delivery.merge(other.delivery)
    duration.merge(other.duration)
    publish.merge(other.publish)
  }
}

/// What one thread counts while it runs. Its own; others get copies.
final class Tally {
  var counts = Counts()
  var latencies = Latencies()
  /// Latencies are recorded.
  var measuring = false
  var stampHint = 0
  /// The first thing that went wrong.
  private(set) var firstError: String?

  func note(_ error: @autoclosure () -> String) {
    if firstError == nil { firstError = error() }
  }
}
