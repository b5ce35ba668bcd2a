// The way of a request that is stored: was it here before → behind the turns before it → begun in
// the archive → asked of the model. Each step may take a while, and none of them holds the loop.

internal import Archive
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import ModelFormats
internal import StreamLog

extension Worker {
  func start(_ request: TurnRequest) {
    var turn = request
    turn.places = turn.record.places
    guard makeRoom(turn.record.bodyBytes) else {
      count(.memory, turn.record)
      return refuse(turn, Self.noMemory)
    }
    turn.waitingBytes = BudgetHold(turn.record.bodyBytes, of: shared.budget)
    guard let idempotency = turn.start.idempotency else { return lineUp(turn) }
    let since = expiryLimit
    ask { [archive = shared.archive] in
      archive.repeated(idempotency, after: since, $0)
    } then: { [self] result in
      switch result {
      case .success(nil): lineUp(turn)
      case .success(let outcome?): settle(turn, outcome)
      case .failure(let error): refuse(turn, storageFailure(error))
      }
    }
  }

  /// The turn does not begin, and its client hears why.
  private func refuse(_ turn: TurnRequest, _ failure: Failure) {
    for place in turn.places { place.letGo() }
    respond(turn.connection, turn.record, failure)
  }

  /// What finished before can be read no more, milliseconds since 1970.
  var expiryLimit: Int64 {
    WallClock.milliseconds - Int64(configuration.settings.streams.retention.nanoseconds / 1_000_000)
  }

  // MARK: Behind the turns before it

  private func lineUp(_ turn: TurnRequest) {
    guard let line = turn.line else { return begin(turn) }
    let ticket = expect { [self] in
      linedUp[turn.record.identifier] = nil
      begin(turn)
    }
    let waiter = Waiter(loop: loop.index, ticket: ticket)
    switch shared.turns.take(line, for: waiter) {
    case .granted: resume(ticket)
    case .full:
      forget(ticket)
      refuseBusy(turn)
    case .waiting:
      let leave = { [self] (refusal: Figures.Refusal, failure: Failure) in
        // Otherwise it is its turn at this moment.
        guard shared.turns.leave(line, waiter) else { return }
        linedUp[turn.record.identifier] = nil
        forget(ticket)
        count(refusal, turn.record)
        refuse(turn, failure)
      }
      linedUp[turn.record.identifier] = leave
      expect(ticket, within: configuration.settings.conversations.patience.nanoseconds) {
        leave(.conversation, Self.busy)
      }
    }
  }

  private func refuseBusy(_ turn: TurnRequest) {
    count(.conversation, turn.record)
    refuse(turn, Self.busy)
  }

  private static let busy = Failure(
    .conversationBusy, "the conversation is busy with the message before", retryAfter: 1)

  private func leaveLine(_ line: String?) {
    guard let line, let next = shared.turns.release(line) else { return }
    shared.mailboxes[next.loop].post(.resumed(ticket: next.ticket))
  }

  /// All that the turn had to store has been, or could not be.
  func turnEnded(_ generation: Generation) {
    leaveLine(generation.line)
  }

  // MARK: Begun

  private func begin(_ turn: TurnRequest) {
    claimGeneration(for: turn) { [self] failure in
      guard let failure else { return hasPlace(turn) }
      leaveLine(turn.line)
      refuse(turn, failure)
    }
  }

  private func hasPlace(_ turn: TurnRequest) {
    guard turn.isStored else { return proceed(turn, nil, [], isStored: false) }
    ask { [archive = shared.archive] in
      archive.begin(turn.start, $0)
    } then: { [self] result in
      switch result {
      case .success(.begun(let conversation, let history)): proceed(turn, conversation, history)
      case .success(let outcome):
        shared.releaseGeneration()
        leaveLine(turn.line)
        settle(turn, outcome)
      case .failure(let error):
        let failure = storageFailure(error)
        if case .none = turn.start.place, turn.start.idempotency == nil {
          // It is as good from memory; only it does not outlive the daemon.
          return proceed(turn, nil, [], isStored: false)
        }
        shared.releaseGeneration()
        leaveLine(turn.line)
        refuse(turn, failure)
      }
    }
  }

  /// The turn does not begin: this is what its client gets.
  private func settle(_ turn: TurnRequest, _ outcome: TurnBegun) {
    let (connection, record) = (turn.connection, turn.record)
    switch outcome {
    case .begun: preconditionFailure("a turn that begins goes on")
    case .repeated(let id): join(id, turn)
    case .conflict:
      respond(
        connection, record,
        Failure(.unprocessable, "the Idempotency-Key was used with another body"))
    case .unknown: respond(connection, record, turn.unknownConversation)
    case .closed: respond(connection, record, Failure.chatIsClosed)
    case .agentUnavailable(let conversation):
      let agent = configuration.agents.agent(id: conversation.agent, on: .chats)
      respond(
        connection, record,
        agent == nil ? turn.unknownConversation : Failure.agentIsDisabled)
    }
  }

  private func proceed(
    _ turn: TurnRequest, _ conversation: Conversation?, _ history: [StoredMessage],
    isStored: Bool = true
  ) {
    let id = turn.streamID
    let stream = makeStream(
      id, conversationID: conversation?.id, createdAt: UInt64(turn.start.now) * 1_000_000)
    if isCut { return abandon(turn, stream, conversation, Self.shuttingDown) }
    let composition: Composition
    do {
      composition = try turn.compose(conversation, history)
    } catch {
      // It began, and ends here: the archive hears of it as of any other end.
      return abandon(turn, stream, conversation, error)
    }
    var context: TurnContext?
    if let conversation, let agent = composition.agent {
      context = TurnContext(agent: agent, conversation: conversation)
    }
    stream.turn = context
    let keeper =
      isStored ? Keeper(stream, context, turn.rules, worker: self) : nil
    let initiator = initiator(turn)
    generate(
      composition, composition.body.span, stream, policy: turn.policy, initiator, keeper: keeper,
      line: turn.line, places: turn.places, turn.record)
    // Who asked has left by now: nobody will come to say so.
    if turn.form != nil, initiator == nil { generation(id)?.readersChanged() }
    if turn.form == nil {
      keeper?.conversationWasTold()
      respondAccepted(
        stream.id, createdAt: stream.createdAt, stream.conversationID, turn.connection, turn.record)
    }
  }

  /// Nil for a generation in the background, and when the client has left by now.
  private func initiator(_ turn: TurnRequest) -> Generation.Initiator? {
    guard let form = turn.form, !turn.connection.isClosed else { return nil }
    return Generation.Initiator(connection: turn.connection, record: turn.record, form: form)
  }

  private func abandon(
    _ turn: TurnRequest, _ stream: Stream, _ conversation: Conversation?, _ failure: Failure
  ) {
    streams[stream.id] = nil
    shared.releaseGeneration()
    var end = TurnEnd(
      streamID: stream.id.text, now: WallClock.milliseconds, rest: [],
      ending: StoredEnding(.failed(failure)))
    end.conversation = conversation?.row
    end.status = turn.rules.statusOfFailure
    end.dropsIfEmpty = turn.rules.dropsOnFailure
    ask { [end, archive = shared.archive] in
      archive.finish(end, $0)
    } then: { [self] _ in
      leaveLine(turn.line)
      refuse(turn, failure)
    }
  }

  // MARK: Once more

  /// The same request was here before: it gets the same answer.
  private func join(_ text: String, _ turn: TurnRequest) {
    let (connection, record) = (turn.connection, turn.record)
    guard let id = StreamID(text) else { return respond(connection, record, Self.unknownStream) }
    record.streamID = id
    var question = Attach(
      id: id, key: .first, after: 0, connection: connection.identifier, loop: loop.index)
    switch turn.form {
    case nil: question.purpose = .acknowledge
    case .whole: question.purpose = .whole(record.endpoint ?? .completions)
    case .stream(let format, let skipsUsage):
      question.purpose = .follow(skipsUsage: skipsUsage, isRepeated: true)
      question.key = RenderingKey(format: format, isChunked: !connection.speaksHTTP10)
    }
    ask(question)
  }
}

extension TurnRequest {
  var streamID: StreamID {
    guard let id = StreamID(start.streamID) else {
      preconditionFailure("the stream's name was made here")
    }
    return id
  }

  /// What a client is told of a conversation that does not exist, or not for it.
  var unknownConversation: Failure {
    guard case .existing(.agents, let id, _, _) = start.place else {
      return Failure(.notFound, "there is no such chat")
    }
    return Failure(.notFound, "Conversation with id '\(id)' not found")
  }
}

extension Failure {
  static let chatIsClosed = Failure(.invalidRequest, "the chat is not in progress")
  static let agentIsDisabled = Failure(.forbidden, "The agent is disabled")
}
