internal import Archive
internal import ClientAPIs
internal import Configuration
internal import EventLoop
internal import Synchronization

/// An answer on its way from the archive's queue to a loop.
private final class Envelope<Answer: Sendable>: Sendable {
  private let content = Mutex<Result<Answer, ArchiveError>?>(nil)

  func put(_ result: Result<Answer, ArchiveError>) { content.withLock { $0 = result } }

  func take() -> Result<Answer, ArchiveError> {
    content.withLock { $0 } ?? .failure(ArchiveError(.other, "no answer came"))
  }
}

extension Worker {
  /// Asks the archive, and goes on with `then` on this loop when it has answered: no loop waits for
  /// the disk.
  func ask<Answer: Sendable>(
    _ question: (@escaping Archive.Reply<Answer>) -> Void,
    then: @escaping (Result<Answer, ArchiveError>) -> Void
  ) {
    let envelope = Envelope<Answer>()
    let ticket = expect { then(envelope.take()) }
    let mailbox = shared.mailboxes[loop.index]
    question { result in
      envelope.put(result)
      mailbox.post(.resumed(ticket: ticket))
    }
  }

  /// The same, with `make` done on the archive's queue: a long answer is written there, and not on
  /// the loop.
  func ask<Found: Sendable, Answer: Sendable>(
    _ question: (@escaping Archive.Reply<Found>) -> Void,
    make: @escaping @Sendable (Found) -> Answer,
    then: @escaping (Result<Answer, ArchiveError>) -> Void
  ) {
    ask { reply in
      question { result in reply(result.map(make)) }
    } then: {
      then($0)
    }
  }

  /// What a client is told when the archive could not do its part; the log gets the reason.
  func storageFailure(_ error: ArchiveError) -> Failure {
    shared.log.write(
      .error, "archive",
      [("reason", .text("\(error.reason)")), ("error", .text(error.description))])
    return Failure(
      .storageUnavailable, "the conversation cannot be stored at the moment", retryAfter: 1)
  }
}

// MARK: Now and then

extension Worker {
  /// Rows that one sweep takes at most, so that turns never wait long behind it.
  private static let sweepRows = 500
  private static let sweepInterval: UInt64 = 1_000_000_000
  /// While there is more to sweep.
  private static let sweepPause: UInt64 = 100_000_000

  /// Starts what is done for the archive from time to time.
  func startKeeping() {
    let journal = Timer { [unowned self] in self.journal() }
    journalTimer = journal
    loop.arm(journal, after: configuration.settings.archive.journal.nanoseconds)
    // One loop for all: there is one archive.
    guard loop.index == 0 else { return }
    let sweep = Timer { [unowned self] in self.sweep() }
    sweepTimer = sweep
    loop.arm(sweep, after: Self.sweepPause)
  }

  /// Writes down what running streams have said since the last time.
  private func journal() {
    defer {
      if let journalTimer {
        loop.arm(journalTimer, after: configuration.settings.archive.journal.nanoseconds)
      }
    }
    var keepers: [Keeper] = []
    var parts: [JournalPart] = []
    for generation in generations.values where !generation.isOver {
      guard let keeper = generation.keeper, let part = keeper.takePart() else { continue }
      keepers.append(keeper)
      parts.append(part)
    }
    guard !parts.isEmpty else { return }
    ask { [archive = shared.archive] in
      archive.journal(parts, $0)
    } then: { [self] result in
      if case .failure(let error) = result { _ = storageFailure(error) }
      let isStored = (try? result.get()) != nil
      for keeper in keepers { keeper.partWasHandled(isStored: isStored) }
    }
  }

  private func sweep() {
    let retention = configuration.settings.archive.retention.nanoseconds / 1_000_000
    let sweep = Sweep(
      streamsBefore: expiryLimit,
      conversationsBefore: retention == 0 ? nil : WallClock.milliseconds - Int64(retention),
      rows: Self.sweepRows)
    ask { [archive = shared.archive] in
      archive.sweep(sweep, $0)
    } then: { [self] result in
      var pause = Self.sweepInterval
      switch result {
      case .success(let hasMore): if hasMore { pause = Self.sweepPause }
      case .failure(let error): _ = storageFailure(error)
      }
      if let sweepTimer { loop.arm(sweepTimer, after: pause) }
    }
  }
}
