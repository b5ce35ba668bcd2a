// What the APIs with conversations have in common, and the Agents API.

internal import Archive
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import ModelFormats

extension Worker {
  /// `POST /v1/api/chat/{slug}`
  func askAgent(
    _ slug: String, _ body: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    do {
      let question = try AgentQuestion(body)
      let turn = try agentTurn(
        slug, question.message, question.conversationID, on: .agents,
        form: question.streams ? .stream(.chunks, skipsUsage: true) : .whole,
        policy: configuration.settings.streams.whenUnread.agents, try idempotency(record, body),
        connection, record)
      start(turn)
    } catch {
      respond(connection, record, error)
    }
  }

  /// A turn of a conversation that is known by an agent's slug.
  func agentTurn(
    _ slug: String, _ message: String, _ conversationID: String?, on api: Settings.AgentAPI,
    form: ReplyForm?, policy: Settings.UnreadPolicy, _ idempotency: Idempotency?,
    _ connection: Connection, _ record: RequestRecord
  ) throws(Failure) -> TurnRequest {
    guard let agent = configuration.agents.agent(slug: slug, on: api) else {
      throw Failure(.notFound, "Agent with slug '\(slug)' not found")
    }
    guard agent.isAnswering else { throw Failure.agentIsDisabled }
    let id = conversationID ?? Identifiers.conversation()
    var place = TurnStart.Place.new(
      .agents, owner: record.owner, scope: slug, NewConversation(id: id, agent: agent.id))
    if let conversationID {
      place = .existing(.agents, id: conversationID, owner: record.owner, scope: slug)
    }
    var turn = turn(place, agent, message, form, policy, connection, record)
    turn.start.agents = [agent.id]
    turn.start.idempotency = idempotency
    // A new one too: its id is told before its first answer is whole.
    turn.line = "agents \(id)"
    turn.rules.question = question(message)
    turn.rules.dropsOnFailure = conversationID == nil
    return turn
  }

  func agentReply(_ stream: Stream) -> WholeReply {
    guard let turn = stream.turn else { return Self.lostTurn }
    return .answer(
      status: 200, contentType: "application/json",
      body: AgentAnswers.answer(
        text: stream.answerText(), conversationID: turn.conversation.id, model: turn.agent.model,
        tokens: stream.usage?.totalTokens ?? 0))
  }

  /// The agent was taken out of the configuration, or the answer was not stored.
  static let lostTurn = WholeReply.failed(Failure(.notFound, "the agent does not exist any more"))

  // MARK: Turns

  /// A turn whose model gets the agent's prompt, the history and the new message.
  func turn(
    _ place: TurnStart.Place, _ agent: Settings.Agent?, _ message: String, _ form: ReplyForm?,
    _ policy: Settings.UnreadPolicy, _ connection: Connection, _ record: RequestRecord
  ) -> TurnRequest {
    var start = TurnStart(
      place, streamID: StreamID(owner: loop.index).text, now: WallClock.milliseconds)
    start.historyLimit = (agent?.history ?? configuration.agents.longestHistory) - 1
    return TurnRequest(
      connection: connection, record: record, start: start, form: form, policy: policy,
      compose: { [self] conversation, history throws(Failure) in
        try compose(agent, message, conversation, history, record)
      })
  }

  func question(_ text: String) -> StoredMessage {
    StoredMessage(
      id: Identifiers.message(), role: .user, text: text, createdAt: WallClock.milliseconds)
  }

  /// - Parameter agent: Nil for the one that the conversation names.
  private func compose(
    _ agent: Settings.Agent?, _ message: String, _ conversation: Conversation?,
    _ history: [StoredMessage], _ record: RequestRecord
  ) throws(Failure) -> Composition {
    let named = conversation.flatMap { conversation in
      configuration.agents.agent(
        id: conversation.agent, on: AgentDirectory.api(of: conversation.kind))
    }
    guard let agent = agent ?? named else {
      throw Failure(.notFound, "the agent does not exist any more")
    }
    let target = try target(agent.model, record)
    let messages =
      history.suffix(agent.history - 1).map { (isAssistant: $0.role == .assistant, text: $0.text) }
      + [(isAssistant: false, text: message)]
    let body = AgentRequestBody.make(
      model: agent.model, parameters: agent.parameters.map { (name: $0.name, json: $0.json) },
      prompt: PromptTemplate.expand(agent.prompt, variables: conversation?.variables ?? "{}"),
      messages: messages)
    return Composition(
      body: body, request: try CompletionsRequest(body.span), target: target, streams: true,
      agent: agent)
  }
}
