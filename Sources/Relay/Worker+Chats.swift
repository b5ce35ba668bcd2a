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
        shared.settings.streams.whenUnread.chats, connection, record)
      turn.start.agents = [agent.id]
      turn.start.idempotency = try idempotency(record, body)
      turn.start.message = question(request.input)
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
        request.input, .whole, shared.settings.streams.whenUnread.chats, connection, record)
      turn.start.agents = shared.agents.answering(on: .chats)
      turn.start.idempotency = try idempotency(record, body)
      turn.line = "chats \(request.chatID)"
      turn.rules.question = question(request.input)
      start(turn)
    } catch {
      respond(connection, record, error)
    }
  }

  private func chatAgent(_ id: String) throws(Failure) -> Settings.Agent {
    guard let agent = shared.agents.agent(id: id, on: .chats) else {
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
    let owner = record.owner
    ask { [archive = shared.archive] in
      archive.chat(id, owner: owner, $0)
    } then: { [self] result in
      respond(connection, record, result.map { $0.map(ChatChange.changed) ?? .unknown })
    }
  }

  /// `PATCH /v1/chats/{chatId}`
  func updateChat(
    _ id: String, _ body: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    let (owner, now) = (record.owner, WallClock.milliseconds)
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
      } then: { [self] result in
        respond(connection, record, result)
      }
    } catch {
      respond(connection, record, error)
    }
  }

  /// `PATCH /v1/chats/{chatId}/end` and its other names
  func endChat(_ id: String, _ connection: Connection, _ record: RequestRecord) {
    let (owner, now) = (record.owner, WallClock.milliseconds)
    ask { [archive = shared.archive] in
      archive.endChat(id, owner: owner, now: now, $0)
    } then: { [self] result in
      respond(connection, record, result.map { $0.map(ChatChange.changed) ?? .unknown })
    }
  }

  private func respond(
    _ connection: Connection, _ record: RequestRecord, _ result: Result<ChatChange, ArchiveError>
  ) {
    switch result {
    case .success(.changed(let chat)):
      respondJSON(connection, record, ChatAnswers.record(view(chat)))
    case .success(.unknown):
      respond(connection, record, Failure(.notFound, "there is no such chat"))
    case .success(.closed): respond(connection, record, Failure.chatIsClosed)
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
    let owner = record.owner
    ask { [archive = shared.archive] in
      archive.chats(
        owner: owner, status: query.status.map(ConversationStatus.init), page: query.page,
        size: query.size, $0)
    } then: { [self] result in
      switch result {
      case .success(let page):
        respondJSON(
          connection, record,
          ChatAnswers.page(
            page.records.map(view), page: query.page, size: query.size, total: page.total))
      case .failure(let error): respond(connection, record, storageFailure(error))
      }
    }
  }

  private func view(_ chat: ConversationRecord) -> ChatView {
    chat.chatView(shared.agents.agent(id: chat.conversation.agent, on: .chats))
  }
}
