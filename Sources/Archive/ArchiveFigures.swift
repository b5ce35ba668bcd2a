internal import Dispatch
public import Metrics

/// What the archive has done since it was opened, and what waits for it.
public struct ArchiveFigures: Sendable {
  /// Transactions that wrote something, from their beginning until they were on the disk.
  public private(set) var commits = Histogram(.wait)
  /// Changes in them.
  public private(set) var changes = 0
  /// Changes that were not made.
  public private(set) var failures: [ArchiveError.Reason: Int] = [:]
  public internal(set) var waitingChanges = 0
  /// What those keep in memory.
  public internal(set) var waitingBytes = 0
  public internal(set) var waitingReads = 0
  /// When the disk last failed to take a change, if it has taken none since; of DispatchTime.
  var lastFailure: UInt64?

  mutating func count(commit nanoseconds: UInt64, changes count: Int) {
    commits.observe(nanoseconds)
    changes += count
  }

  mutating func count(_ reasons: [ArchiveError.Reason]) {
    for reason in reasons { failures[reason, default: 0] += 1 }
  }

  /// How long a failure counts: who asks whether it is worth coming here again must come again
  /// some time, or nobody finds out that the disk has room.
  static let failureLifetime: UInt64 = 10_000_000_000

  func isFailing(now: UInt64) -> Bool {
    lastFailure.map { now < $0 + Self.failureLifetime } ?? false
  }
}

extension Archive {
  /// Any thread; never waits for the disk.
  public var figures: ArchiveFigures {
    var figures = writes.figures
    figures.waitingReads = reads.waitingCount
    return figures
  }

  /// The last change failed at the disk, a moment ago. Any thread.
  public var isFailing: Bool {
    writes.figures.isFailing(now: DispatchTime.now().uptimeNanoseconds)
  }
}

extension ArchiveError.Reason {
  /// And not the change's, or the traffic's.
  var isDisks: Bool {
    switch self {
    case .full, .input, .unusable: true
    case .locked, .refused, .other: false
    }
  }
}
