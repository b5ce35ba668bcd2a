// The archive: between the loops, which never wait, and the disk, which makes everyone wait.
//
// It keeps conversations with their messages, and the logs of streams: of running ones what has
// been journaled, of finished ones all. One SQLite file, two connections to it, each with a serial
// queue of its own: one writes (`WriteQueue`, many changes a transaction), one reads (`ReadQueue`)
// the state of the last commit meanwhile.
//
// Rules. Every call but `init` and `close` returns at once, from any thread; its reply is called
// exactly once, on a queue of the archive, and must not call `close`. Changes are done in the order
// in which they were handed in. A success is replied after the commit, so that what a client was
// told survives the process and a power cut, and every later read sees it. A failure means that
// nothing of the change has been written; the next one is tried afresh, so that a disk with room
// again needs no restart. What waits is bounded; beyond that the reply is `.refused`.
//
// It does not decide: what a client may see, what a status means to an API and how long anything is
// kept come from outside, as do ids and the time.

internal import Dispatch

public final class Archive: Sendable {
  public enum Place: Sendable, Equatable {
    case file(String)
    /// Nothing outlives the process.
    case memory
  }

  public typealias Reply<Answer> = @Sendable (Result<Answer, ArchiveError>) -> Void

  /// Streams that were running when the process before died, and are now `interrupted`.
  public let interruptedStreams: Int

  let writes: WriteQueue
  let reads: ReadQueue

  /// Opens the place, makes or updates what is in it, and ends the streams that a process before
  /// left running. Blocks as long as the disk takes.
  ///
  /// A file is made when there is none (mode 0600), with `-wal`, `-shm` and `.lock` files beside
  /// it; its folder must be there.
  ///
  /// - Parameter now: Milliseconds since 1970, the end of interrupted streams.
  /// - Throws: `.locked` when another archive has it open, `.unusable` when it is no database of
  ///   ours or is damaged, `.input` and `.full` when the disk says so. The description is a
  ///   sentence for the operator, and names the file.
  public init(_ place: Place, now: Int64) throws(ArchiveError) {
    let writer: Database
    let reader: Database
    switch place {
    case .file(let path):
      do throws(ArchiveError) {
        (writer, reader) = try Self.open(path)
        interruptedStreams = try writer.recover(now: now)
      } catch {
        throw ArchiveError(error.reason, "the archive \(path) cannot be used: \(error)")
      }
    case .memory:
      // One connection: two would lock each other out, there being no write-ahead log in memory.
      writer = try Database(":memory:", lock: nil)
      try Schema.prepare(writer)
      reader = writer
      interruptedStreams = 0
    }
    let refusals = DispatchQueue(label: "deltad.archive.refusals")
    writes = WriteQueue(writer, refusals: refusals)
    reads = ReadQueue(reader, refusals: refusals, target: reader === writer ? writes.queue : nil)
  }

  private static func open(_ path: String) throws(ArchiveError) -> (Database, Database) {
    try DatabaseFile.checkKind(path)
    let lock = try FileLock(path)
    try DatabaseFile.create(path)
    let writer = try Database(path, lock: lock)
    try Schema.prepare(writer)
    let reader = try Database(path, lock: lock)
    try Pragmas.apply(to: reader)
    try Pragmas.applyToFile(reader)
    try Pragmas.forbidWriting(reader)
    return (writer, reader)
  }

  /// Blocks until everything handed in has been done and answered, and closes the file. What comes
  /// later is `.refused`. Not from a reply. Harmless when done twice.
  public func close() {
    reads.refuse()
    writes.refuse()
    // The reader first: the last connection to close leaves the file complete, without a log.
    reads.close()
    writes.close()
  }
}
