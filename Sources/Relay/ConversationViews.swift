internal import Archive
internal import ClientAPIs
internal import Configuration

// What is stored, as the client APIs show it.

extension ConversationRecord {
  func chatView(_ agents: AgentDirectory) -> ChatView {
    chatView(agents.agent(id: conversation.agent, on: .chats))
  }

  /// - Parameter agent: Nil for one that is not configured any more, of which the id is left.
  func chatView(_ agent: Settings.Agent?) -> ChatView {
    ChatView(
      chatID: conversation.id, createdAt: WallClock.text(milliseconds: conversation.createdAt),
      status: ChatStatus(conversation.status),
      agent: AgentView(
        name: agent?.name ?? conversation.agent, agentID: conversation.agent,
        status: (agent?.status ?? .disabled).rawValue),
      variables: conversation.variables, messages: messages.map(\.chatView))
  }

  var widgetView: WidgetConversationView {
    WidgetConversationView(
      id: conversation.id, sessionID: conversation.scope, createdAt: conversation.createdAt,
      updatedAt: conversation.updatedAt, lastMessage: messages.last?.text)
  }

  var widgetMessages: [WidgetMessageView] {
    messages.map {
      WidgetMessageView(
        id: $0.id, isAssistant: $0.role == .assistant, content: $0.text, createdAt: $0.createdAt)
    }
  }
}

extension StoredMessage {
  var chatView: MessageView {
    MessageView(id: id, isAssistant: role == .assistant, text: text)
  }
}

extension ChatStatus {
  init(_ status: ConversationStatus) {
    switch status {
    case .inProgress: self = .inProgress
    case .ended: self = .ended
    case .error: self = .error
    }
  }
}

extension ConversationStatus {
  init(_ status: ChatStatus) {
    switch status {
    case .inProgress: self = .inProgress
    case .ended: self = .ended
    case .error: self = .error
    }
  }
}
