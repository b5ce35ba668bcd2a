/// The client APIs. A new one is a folder with its requests, answers and errors, and its line in
/// each of the tables here and in `Route`.
public enum API: String, Sendable, CaseIterable {
  case completions, streams, operations

  /// The error object of this API, as the body of an answer with the failure's status.
  public func body(for failure: Failure) -> [UInt8] {
    switch self {
    case .completions: CompletionsErrors.body(for: failure)
    case .streams, .operations: StreamsErrors.body(for: failure)
    }
  }

  /// Whether a request of this API needs a key, where keys are configured.
  public var needsKey: Bool {
    switch self {
    case .completions, .streams: true
    case .operations: false
    }
  }
}
