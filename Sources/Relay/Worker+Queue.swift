// A place for one more generation: taken at once, waited for, or refused.

internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import StreamLog

extension Worker {
  /// Takes a place for one more generation, which its end gives back. False when it must be waited
  /// for.
  func takeGeneration(for record: RequestRecord) throws(Failure) -> Bool {
    if let failure = refusal(of: record) { throw failure }
    return shared.generations.take()
  }

  /// Why no generation begins now, whoever has a place.
  private func refusal(of record: RequestRecord) -> Failure? {
    if isDraining {
      count(.draining, record)
      return Self.shuttingDown
    }
    guard hasMemory(), !shared.budget.isExceeded else {
      count(.memory, record)
      return Self.noMemory
    }
    return nil
  }

  private func refusal(of turn: TurnRequest) -> Failure? {
    isAbandoned(turn) ? Self.gone : refusal(of: turn.record)
  }

  static let noMemory = Failure(
    .overloaded, "the memory for streams is used up", retryAfter: 1)

  static let shuttingDown = Failure(
    .shuttingDown, "the server is shutting down", retryAfter: 1)

  /// Calls `then` when the turn has a place for its generation, or cannot have one. Those who wait
  /// come in the order of their arrival.
  func claimGeneration(for turn: TurnRequest, then: @escaping (Failure?) -> Void) {
    if isAbandoned(turn) { return then(Self.gone) }
    do {
      if try takeGeneration(for: turn.record) { return then(nil) }
    } catch {
      return then(error)
    }
    let ticket = expect { [self] in
      queued[turn.record.identifier] = nil
      guard let failure = refusal(of: turn) else { return then(nil) }
      shared.releaseGeneration()
      then(failure)
    }
    let waiter = Waiter(loop: loop.index, ticket: ticket)
    switch shared.generations.take(for: waiter) {
    case .granted: resume(ticket)
    case .full:
      forget(ticket)
      count(.queueFull, turn.record)
      then(Failure(.overloaded, "too many generations at one time", retryAfter: 1))
    case .waiting:
      queued[turn.record.identifier] = Queued(
        waiter: waiter, record: turn.record, leavesWithClient: turn.policy == .cancel, then: then)
      expect(ticket, within: configuration.settings.timeouts.queue.nanoseconds) { [self] in
        leaveQueue(
          turn.record.identifier, .queueTimeout,
          Failure(.overloaded, "no generation ended in time", retryAfter: 1))
      }
    }
  }

  /// A turn that waits for its place.
  struct Queued {
    var waiter: Waiter
    var record: RequestRecord
    /// Nobody wants its answer once the client has left.
    var leavesWithClient: Bool
    var then: (Failure?) -> Void
  }

  private static let gone = Failure(.cancelled, "the client has left")

  private func isAbandoned(_ turn: TurnRequest) -> Bool {
    turn.policy == .cancel && turn.connection.isClosed
  }

  /// The client of a request that may be waiting has left.
  func queuedClientLeft(_ record: RequestRecord) {
    guard queued[record.identifier]?.leavesWithClient == true else { return }
    leaveQueue(record.identifier, nil, Self.gone)
  }

  /// Nobody gets a place any more.
  func closeQueue() {
    for identifier in Array(queued.keys) { leaveQueue(identifier, .draining, Self.shuttingDown) }
    for leave in Array(linedUp.values) { leave(.draining, Self.shuttingDown) }
  }

  private func leaveQueue(
    _ identifier: ObjectIdentifier, _ refusal: Figures.Refusal?, _ failure: Failure
  ) {
    // Otherwise it has been given a place at this moment, and will hear of it.
    guard let waiting = queued[identifier], shared.generations.leave(waiting.waiter) else { return }
    queued[identifier] = nil
    forget(waiting.waiter.ticket)
    if let refusal { count(refusal, waiting.record) }
    waiting.then(failure)
  }

  /// A limit turned the request away: counted, and named in its line of the log.
  func count(_ refusal: Figures.Refusal, _ record: RequestRecord) {
    figures.count(refusal: refusal)
    record.refusedBy = refusal
  }
}
