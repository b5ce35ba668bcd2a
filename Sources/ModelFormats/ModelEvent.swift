public import JSONWire

/// Tokens that an answer took, as the provider counted them.
public struct Usage: Equatable, Sendable {
  public var promptTokens: Int
  public var completionTokens: Int
  public var totalTokens: Int

  public init(promptTokens: Int, completionTokens: Int, totalTokens: Int) {
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.totalTokens = totalTokens
  }
}

/// What a provider says went wrong. Ranges lie in the payload that was read.
public struct ModelFault: Equatable, Sendable {
  public var message: JSONString?
  /// The value as it is written: a string with its quotes, a number, or whatever else.
  public var type: Range<Int>?
  /// As `type`; providers send strings and numbers.
  public var code: Range<Int>?

  public init(message: JSONString? = nil, type: Range<Int>? = nil, code: Range<Int>? = nil) {
    self.message = message
    self.type = type
    self.code = code
  }
}

/// What one upstream event carries. Ranges lie in the payload that was read, and mean nothing
/// without it. Of several answers in one stream, the text is that of the first (index 0).
public struct ModelEvent: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    /// A part of an answer, be it an empty one.
    case content
    /// No part of an answer, but the usage.
    case usageOnly
    /// The provider reports a fault: `error` says which. The stream holds nothing more of use.
    case error
    /// The terminal marker.
    case done
    /// Well-formed, and of no meaning here.
    case ignored
  }

  public var kind: Kind
  /// Not empty.
  public var text: JSONString?
  /// Not empty.
  public var reasoning: JSONString?
  /// Not empty.
  public var refusal: JSONString?
  /// The first answer gets a part of a tool call.
  public var hasToolCalls = false
  /// Not empty. Why the first answer ended.
  public var finishReason: JSONString?
  public var usage: Usage?
  /// Present exactly when the kind is `error`.
  public var error: ModelFault?
  /// The model did something: any answer got text, reasoning, a refusal, tool calls or its end.
  /// False for a chunk that only names a role or keeps the connection alive.
  public var isContent = false
  /// The payload is known to hold no line feed; false says nothing.
  public var isOneLine = false

  public init(kind: Kind) {
    self.kind = kind
  }
}
