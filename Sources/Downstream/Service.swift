public import EventLoop
public import HTTPWire

/// What answers requests. One instance per loop; every call comes on that loop's thread.
///
/// For each request a connection calls `admit` when the head is there, then `serve` when the body
/// is, and the service answers, then or later, with exactly one of `Connection.respond` and
/// `Connection.follow`. What the connection itself has to refuse it asks `refusal` for, so that
/// every error comes in the dialect of its API.
public protocol Service: AnyObject {
  /// Reads who the client is from what stands before the first request, on a listener where that
  /// is expected. Bytes that are no such header, or come from nobody who may say it, are a fault:
  /// the connection is closed without a word.
  ///
  /// - Returns: Nil while more must come; then how many bytes it was, and the client, if it names
  ///   another than the peer.
  func proxyHeader(
    _ bytes: Span<UInt8>, from peer: PeerAddress
  ) throws(ProxyHeaderFault) -> (client: PeerAddress?, consumed: Int)?

  /// Decides on the head alone, before a byte of the body is read. Sets `connection.exchange`.
  func admit(_ head: RequestHead, _ bytes: Span<UInt8>, on connection: Connection) -> HeadVerdict

  func serve(
    _ head: RequestHead, _ bytes: Span<UInt8>, body: Span<UInt8>, on connection: Connection)

  /// The answer to bad input found while reading; the connection closes behind it.
  /// - Parameter path: What is known of the request's path, as it was sent; perhaps nothing.
  func refusal(_ fault: RequestFault, path: Span<UInt8>, on connection: Connection) -> Response
}

/// What stands before the first request is no proxy's header. The service knows why, and logs it.
public struct ProxyHeaderFault: Error, Sendable {
  public init() {}
}

public enum HeadVerdict {
  /// Read the body, of at most so many bytes.
  case proceed(bodyLimit: Int)
  case refuse(Response)
}

/// Why a request could not be read. `status` is the answer that it gets.
public struct RequestFault: Error, Equatable, Sendable {
  public let status: Int
  public let reason: String

  public init(status: Int, reason: String) {
    self.status = status
    self.reason = reason
  }
}

/// One request and its answer, as the service sees it. Told exactly once how it ended.
public protocol Exchange: AnyObject {
  /// - Parameters:
  ///   - bytesSent: With heads and framing.
  ///   - offset: With an answer that followed a rendering: how far it was read.
  func ended(_ end: ExchangeEnd, bytesSent: Int, offset: Int?)
}

public enum ExchangeEnd: Equatable, Sendable {
  /// The whole answer was given to the kernel.
  case completed
  /// The client closed, or reset, before that.
  case clientLeft
  /// The client's socket took nothing for the stall time-out.
  case stalled
  /// We closed it: shutdown.
  case closed
}
