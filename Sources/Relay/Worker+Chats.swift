internal import Archive
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import HTTPWire

extension Worker {
  /// `POST /v1/chats`
  func createChat(_ body: Span<UInt8>, _ connection: Connection, _ record: RequestRecord) {
    do {
      let request = try ChatCreation(body)
      let agent = try chatAgent(request.agentID)
      var new = NewConversation(id: Identifiers.chat(), agent: agent.id)
      new.variables = request.variables
      new.previous = request.previousChatID
      var turn = turn(
        .new(.chats, owner: record.owner, scope: "", new), agent, request.input, .whole,
        configuration.settings.streams.whenUnread.chats, connection, record)
      turn.start.agents = [agent.id]
      turn.start.idempotency = try idempotency(record, body)
      turn.start.message = question(request.input)
      // Lists have it while its first answer is made.
      turn.line = "chats \(new.id)"
      turn.rules.statusOfFailure = .error
      start(turn)
    } catch {
      respond(connection, record, error)
    }
  }

  /// `POST /v1/chats/response`
  func respondChat(_ body: Span<UInt8>, _ connection: Connection, _ record: RequestRecord) {
    do {
      let request = try ChatResponseRequest(body)
      var turn = turn(
        .existing(.chats, id: request.chatID, owner: record.owner, scope: nil), nil,
        request.input, .whole, configuration.settings.streams.whenUnread.chats, connection, record)
      turn.start.agents = configuration.agents.answering(on: .chats)
      turn.start.idempotency = try idempotency(record, body)
      turn.line = "chats \(request.chatID)"
      turn.rules.question = question(request.input)
      start(turn)
    } catch {
      respond(connection, record, error)
    }
  }

  private func chatAgent(_ id: String) throws(Failure) -> Settings.Agent {
    guard let agent = configuration.agents.agent(id: id, on: .chats) else {
      throw Failure(.notFound, "there is no such agent")
    }
    guard agent.isAnswering else { throw Failure.agentIsDisabled }
    return agent
  }

  func chatReply(_ stream: Stream, status: Int) -> WholeReply {
    guard let turn = stream.turn, let reply = turn.reply else { return Self.lostTurn }
    let record = ConversationRecord(conversation: turn.conversation, messages: [])
    return .answer(
      status: status, contentType: "application/json",
      body: ChatAnswers.completion(record.chatView(turn.agent), reply: reply.chatView))
  }

  // MARK: Records

  /// `GET /v1/chats/{chatId}`
  func readChat(_ id: String, _ connection: Connection, _ record: RequestRecord) {
    let (owner, agents) = (record.owner, configuration.agents)
    ask { [archive = shared.archive] in
      archive.chat(id, owner: owner, $0)
    } make: {
      ChatAnswer($0.map(ChatChange.changed) ?? .unknown, agents)
    } then: { [self] in
      respond(connection, record, $0)
    }
  }

  /// `PATCH /v1/chats/{chatId}`
  func updateChat(
    _ id: String, _ body: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    let (owner, agents, now) = (record.owner, configuration.agents, WallClock.milliseconds)
    do {
      let update = try ChatUpdate(body)
      var agent: Settings.Agent?
      if let id = update.agentID { agent = try chatAgent(id) }
      let merge = update.variables.map { new in
        { @Sendable old in ChatVariables.merge(old, new) }
      }
      ask { [archive = shared.archive, agent] in
        archive.updateChat(
          id, owner: owner, agent: agent?.id, now: now, variables: merge, $0)
      } make: {
        ChatAnswer($0, agents)
      } then: { [self] in
        respond(connection, record, $0)
      }
    } catch {
      respond(connection, record, error)
    }
  }

  /// `PATCH /v1/chats/{chatId}/end` and its other names
  func endChat(_ id: String, _ connection: Connection, _ record: RequestRecord) {
    let (owner, agents, now) = (record.owner, configuration.agents, WallClock.milliseconds)
    ask { [archive = shared.archive] in
      archive.endChat(id, owner: owner, now: now, $0)
    } make: {
      ChatAnswer($0.map(ChatChange.changed) ?? .unknown, agents)
    } then: { [self] in
      respond(connection, record, $0)
    }
  }

  /// A chat as it is answered with, or why not.
  private enum ChatAnswer: Sendable {
    case body([UInt8])
    case refused(Failure)

    init(_ change: ChatChange, _ agents: AgentDirectory) {
      switch change {
      case .changed(let chat): self = .body(ChatAnswers.record(chat.chatView(agents)))
      case .unknown: self = .refused(Failure(.notFound, "there is no such chat"))
      case .closed: self = .refused(Failure.chatIsClosed)
      case .refused: self = .refused(ChatVariables.tooLong)
      }
    }
  }

  private func respond(
    _ connection: Connection, _ record: RequestRecord, _ result: Result<ChatAnswer, ArchiveError>
  ) {
    switch result {
    case .success(.body(let body)): respondJSON(connection, record, body)
    case .success(.refused(let failure)): respond(connection, record, failure)
    case .failure(let error): respond(connection, record, storageFailure(error))
    }
  }

  /// `GET /v1/chats`
  func listChats(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    func value(_ name: StaticString) -> String? {
      TargetPath.queryValue(name, query: head.query, in: bytes)
    }
    let query: ChatListQuery
    do {
      query = try ChatListQuery(
        status: value("status"), page: value("page"), size: value("size"))
    } catch {
      return respond(connection, record, error)
    }
    let (owner, agents) = (record.owner, configuration.agents)
    ask { [archive = shared.archive, query] in
      archive.chats(
        owner: owner, status: query.status.map(ConversationStatus.init), page: query.page,
        size: query.size, $0)
    } make: { [query] page in
      ChatAnswers.page(
        page.records.map { $0.chatView(agents) }, page: query.page, size: query.size,
        total: page.total)
    } then: { [self] result in
      switch result {
      case .success(let body): respondJSON(connection, record, body)
      case .failure(let error): respond(connection, record, storageFailure(error))
      }
    }
  }
}
