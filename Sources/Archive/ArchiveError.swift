/// Why the archive could not do something. Nothing of what was asked for has been written.
public struct ArchiveError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: String, CaseIterable, Sendable {
    /// The disk is full, or a limit on the file's size is reached.
    case full
    /// The disk failed, or the file cannot be written.
    case input
    /// Not a database, damaged, or of a newer daemon.
    case unusable
    /// Another process holds it.
    case locked
    /// The archive has been closed, or too much waits for the disk.
    case refused
    case other
  }

  public var reason: Reason
  /// For the log: the operation and SQLite's own words. Never text of a conversation.
  public var description: String

  public init(_ reason: Reason, _ description: String) {
    self.reason = reason
    self.description = description
  }
}
