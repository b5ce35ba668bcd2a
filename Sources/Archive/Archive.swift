public final class Archive: Sendable {
  public enum Place: Sendable, Equatable {
    case file(String)
    /// Nothing outlives the process.
    case memory
  }

  public typealias Reply<Answer> = @Sendable (Result<Answer, ArchiveError>) -> Void

  /// Streams that were running when the process before died, and are now `interrupted`.
  public let interruptedStreams: Int

  public init(_ place: Place, now: Int64) throws(ArchiveError) {
    interruptedStreams = 0
  }
}
