public import JSONWire

/// The languages in which providers stream their answers. A new one is a file that reads it, and
/// its line here.
public enum ModelFormat: Equatable, Sendable {
  /// OpenAI Chat Completions, and all that imitates it.
  case openAIChat

  /// Reads the data of one event. Does not allocate; takes time linear in the payload.
  /// Throws when the payload is neither the terminal marker nor one JSON object.
  public func read(_ payload: Span<UInt8>) throws(JSONError) -> ModelEvent {
    switch self {
    case .openAIChat: try OpenAIChat.read(payload)
    }
  }
}
