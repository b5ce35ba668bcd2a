internal import Archive
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import HTTPWire

extension Worker {
  /// `POST /v1/chat`, `POST /v1/chat/stream` and `POST /chat`
  func askWidget(
    _ body: Span<UInt8>, streams: Bool, _ connection: Connection, _ record: RequestRecord
  ) {
    do throws(Failure) {
      let question = try WidgetQuestion(body)
      guard let agent = configuration.agents.widget else {
        throw Failure(.notFound, "no agent serves the widget")
      }
      guard agent.isAnswering else { throw Failure(.overloaded, "the widget's agent is disabled") }
      // Its conversations belong to their sessions, whatever key the page has.
      let place = TurnStart.Place.session(
        question.sessionID,
        NewConversation(id: Identifiers.widgetConversation(), agent: agent.id))
      var turn = turn(
        place, agent, question.message, streams ? .stream(.lines, skipsUsage: true) : .whole,
        configuration.settings.streams.whenUnread.widget, connection, record)
      turn.start.agents = [agent.id]
      turn.start.idempotency = try idempotency(record, body)
      turn.start.message = self.question(question.message)
      turn.line = "widget \(question.sessionID)"
      turn.rules.replyText = { WidgetAnswers.replyText($0) }
      start(turn)
    } catch {
      respond(connection, record, error)
    }
  }

  func widgetReply(_ stream: Stream) -> WholeReply {
    guard let turn = stream.turn else { return Self.lostTurn }
    return .answer(
      status: 200, contentType: Self.widgetType,
      body: WidgetAnswers.message(
        conversationID: turn.conversation.id,
        text: WidgetAnswers.replyText(stream.answerText())))
  }

  static let widgetType: StaticString = "application/json; charset=utf-8"

  // MARK: For administrators

  /// `GET /v1/admin/conversations`
  func listWidgetConversations(
    _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection, _ record: RequestRecord
  ) {
    var limit = 100
    if let text = TargetPath.queryValue("limit", query: head.query, in: bytes) {
      guard let number = Int(text), 1...200 ~= number,
        text.utf8.allSatisfy({ 0x30...0x39 ~= $0 })
      else {
        return respond(
          connection, record, Failure(.invalidRequest, "Invalid query parameters"))
      }
      limit = number
    }
    ask { [archive = shared.archive, limit] in
      archive.widgetConversations(limit: limit, $0)
    } make: { page in
      WidgetAnswers.conversations(page.records.map(\.widgetView), total: page.total)
    } then: { [self] result in
      switch result {
      case .success(let body): respondWidget(connection, record, body)
      case .failure(let error): respond(connection, record, storageFailure(error))
      }
    }
  }

  /// `GET /v1/admin/conversations/{id}`
  func readWidgetConversation(
    _ id: String, _ connection: Connection, _ record: RequestRecord
  ) {
    guard id.utf8.count <= 128 else {
      return respond(connection, record, Failure(.invalidRequest, "Invalid conversationId"))
    }
    ask { [archive = shared.archive] in
      archive.widgetConversation(id, $0)
    } make: { found in
      found.map { WidgetAnswers.conversation($0.widgetView, messages: $0.widgetMessages) }
    } then: { [self] result in
      switch result {
      case .success(nil):
        respond(connection, record, Failure(.notFound, "Conversation not found"))
      case .success(let body?): respondWidget(connection, record, body)
      case .failure(let error): respond(connection, record, storageFailure(error))
      }
    }
  }

  private func respondWidget(
    _ connection: Connection, _ record: RequestRecord, _ body: [UInt8]
  ) {
    var response = Response(status: 200, contentType: Self.widgetType, body: body)
    response.add("Cache-Control", "no-store")
    respond(connection, record, response)
  }
}
