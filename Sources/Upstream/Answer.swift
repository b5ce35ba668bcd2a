public import ModelFormats

/// Who reads an upstream's answer. Called on the loop's thread; spans live for the call only.
public protocol AnswerReceiver: AnyObject {
  /// One event of a stream, its data in `payload`. Kinds `done` and `error` do not come here; what
  /// has no meaning to us may have one to clients of the same wire format, and does.
  func received(_ event: ModelEvent, _ payload: Span<UInt8>)

  /// A whole JSON answer: to a request that wanted one, or from an upstream that does not stream.
  func received(answer: Span<UInt8>)

  /// Exactly once, and last.
  func ended(_ outcome: AnswerOutcome)
}

public enum AnswerOutcome: Sendable {
  /// The model said that it had finished.
  case complete
  case failed(UpstreamFault)
}

/// Why an upstream did not give a whole answer.
public struct UpstreamFault: Error, Sendable {
  public enum Kind: Equatable, Sendable {
    /// No connection: refused, unreachable, unknown host.
    case connect
    /// The certificate was not what it should be, or the handshake failed.
    case tls
    case timeout(Phase)
    /// An answer with a status other than 200.
    case status(Int)
    /// The stream ended, or the connection broke, before the answer did.
    case cut
    /// Not an event stream, not JSON, or neither of a known shape.
    case malformed
    /// An event or answer beyond the configured bound.
    case tooLarge
    /// An error object inside a stream: `body` is its payload.
    case reported
  }
  public enum Phase: String, Sendable { case connect, firstEvent, idle, total }

  public var kind: Kind
  /// For logs and clients: never the URL, the key, or text of the conversation.
  public var message: String
  /// With `.status` and `.reported`: what the upstream said, as it said it.
  public var body: [UInt8] = []
  public var contentType: String?
  /// As the upstream sent it: seconds or a date.
  public var retryAfter: String?
  /// `retry-after-ms`, as the upstream sent it.
  public var retryAfterMilliseconds: String?
  /// `x-should-retry`: the upstream knows whether it helps.
  public var shouldRetry: Bool?

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}

/// An answer being made, wherever it comes from.
public protocol Answering: AnyObject {
  /// Stops it at once. `ended` is not called any more.
  func cancel()
}
