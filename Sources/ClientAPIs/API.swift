/// The client APIs. A new one is a folder with its requests, answers and errors, and its line in
/// each of the tables here and in `Route`.
public enum API: String, Sendable, CaseIterable {
  case completions, streams, operations, chats, agents, widget

  /// What a client of this API is told of a failure.
  ///
  /// - Parameters:
  ///   - path: The request's, as it was sent.
  ///   - time: Now: ISO 8601, UTC, with milliseconds.
  public func answer(to failure: Failure, path: String, time: String) -> ErrorAnswer {
    switch self {
    case .completions:
      ErrorAnswer(status: failure.status, body: CompletionsErrors.body(for: failure))
    case .streams, .operations:
      ErrorAnswer(status: failure.status, body: StreamsErrors.body(for: failure))
    case .chats: ChatsErrors.answer(to: failure, path: path, time: time)
    case .agents: AgentsErrors.answer(to: failure)
    case .widget: WidgetErrors.answer(to: failure)
    }
  }

  /// The statuses of APIs that do not speak of what stands behind them: what an upstream did is
  /// 500 to their clients, and 503 says that it may soon be better.
  static func frontStatus(of failure: Failure) -> Int {
    let status = failure.status
    return status > 500 && status != 503 && failure.isOurs ? 500 : status
  }
}

/// An error in the shape of an API.
public struct ErrorAnswer: Equatable, Sendable {
  public var status: Int
  public var contentType: StaticString = "application/json"
  public var body: [UInt8]

  public static func == (left: ErrorAnswer, right: ErrorAnswer) -> Bool {
    left.status == right.status && left.body == right.body
      && "\(left.contentType)" == "\(right.contentType)"
  }
}

extension Failure {
  /// Not about the protocol that the client speaks.
  fileprivate var isOurs: Bool { reason != .notImplemented && reason != .versionNotSupported }
}
