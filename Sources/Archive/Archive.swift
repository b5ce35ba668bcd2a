// What outlives the daemon: conversations, their messages, and the logs of streams, in one SQLite
// file.
//
// It stands between loops, which must never wait for a disk, and SQLite, which does nothing else.
// Loops hand in values and get values back, by a reply that is called on one of the archive's own
// queues. There are two, each with a connection of its own: writes, in groups (`WriteQueue`), and
// reads, which a write-ahead log lets go on beside them.
//
// Rules: a reply says that what it is about has been committed, and a read that begins after it
// sees it. Nothing that a client was told is lost by a kill; with `synchronous = FULL` nor by a
// power cut. Who may see a conversation is decided here: an id of another owner or scope is as
// unknown as one that does not exist.
//
// It does not know what a log's bytes mean, or what an API says of all this.

internal import Dispatch
internal import Glibc
internal import Synchronization

public final class Archive: Sendable {
  public enum Place: Sendable, Equatable {
    case file(String)
    /// Nothing outlives the process.
    case memory
  }

  /// Called exactly once, on one of the archive's queues.
  public typealias Reply<Answer> = @Sendable (Result<Answer, ArchiveError>) -> Void

  /// Streams that were running when the process before died, and are now `interrupted`.
  public let interruptedStreams: Int

  private let lock: FileLock?
  private let writer: Database
  private let reader: Database
  let writes: WriteQueue
  private let readQueue = DispatchQueue(label: "archive.read")
  private let waitingReads = Atomic<Int>(0)
  private let isClosed = Atomic<Bool>(false)

  /// Reads that wait: one a connection is what there can be, and one more than the daemon has by
  /// default is refused.
  private static let maximumReads = 20_000

  /// Opens the file, or makes it; brings its structure up to date; ends the streams that a process
  /// before left running. Blocks: for the start.
  ///
  /// - Parameter now: Milliseconds since 1970.
  /// - Throws: When there is something else at the place, or a newer daemon's file, when another
  ///   process has it, or the disk does not do. The description names the file.
  public init(_ place: Place, now: Int64) throws(ArchiveError) {
    do {
      lock = try Self.prepareFile(place)
      let name = "deltad-\(UInt64.random(in: .min ... .max))"
      writer = try Database(place, name: name, isReader: false)
      try writer.setUp(place)
      reader = try Database(place, name: name, isReader: true)
      try reader.setUpReader()
      interruptedStreams = try writer.endRunningStreams(now: now)
    } catch {
      guard case .file(let file) = place else { throw error }
      throw ArchiveError(error.reason, "the archive \"\(file)\" cannot be used: \(error)")
    }
    writes = WriteQueue(writer, DispatchQueue(label: "archive.write"))
  }

  /// Waits until everything that was handed in has been done and replied to, and closes. What comes
  /// later is refused.
  public func close() {
    guard !isClosed.exchange(true, ordering: .sequentiallyConsistent) else { return }
    writes.close()
    readQueue.sync {}
  }

  // MARK: The two ways in

  /// Writes, in a group with what else waits.
  /// - Parameters:
  ///   - bytes: Of a log, which count against the queue's bound.
  ///   - isKept: False undoes what was written, for an answer that is a refusal.
  func write<Answer: Sendable>(
    bytes: Int = 0, isKept: @escaping @Sendable (Answer) -> Bool = { _ in true },
    _ reply: @escaping Reply<Answer>,
    _ work: @escaping @Sendable (Database) throws(ArchiveError) -> Answer
  ) {
    writes.submit(
      WriteQueue.Job(
        bytes: bytes,
        run: { database throws(ArchiveError) in
          let answer = try work(database)
          return WriteQueue.Job.Outcome(isKept: isKept(answer)) { reply(.success(answer)) }
        },
        fail: { reply(.failure($0)) }))
  }

  func read<Answer: Sendable>(
    _ reply: @escaping Reply<Answer>,
    _ work: @escaping @Sendable (Database) throws(ArchiveError) -> Answer
  ) {
    let waiting = waitingReads.add(1, ordering: .relaxed).newValue
    let isRefused =
      waiting > Self.maximumReads || isClosed.load(ordering: .sequentiallyConsistent)
    readQueue.async { [self] in
      defer { waitingReads.subtract(1, ordering: .relaxed) }
      if isRefused {
        return reply(.failure(ArchiveError(.refused, "closed, or too many reads wait")))
      }
      do throws(ArchiveError) {
        reply(.success(try work(reader)))
      } catch {
        reply(.failure(error))
      }
    }
  }

  // MARK: The file

  /// Makes the file for us alone to read, and takes the lock that says whose it is.
  private static func prepareFile(_ place: Place) throws(ArchiveError) -> FileLock? {
    guard case .file(let path) = place else { return nil }
    let lock = try FileLock(path + ".lock")
    // The files that SQLite puts beside it have the same mode.
    let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw ArchiveError.system("open", errno) }
    Glibc.close(file)
    return lock
  }
}

/// Holds a file locked against other processes, until it is released or the process ends.
final class FileLock: Sendable {
  private let descriptor: CInt

  init(_ path: String) throws(ArchiveError) {
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ArchiveError.system("open", errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      Glibc.close(descriptor)
      if code == EWOULDBLOCK { throw ArchiveError(.locked, "another process uses it") }
      throw ArchiveError.system("flock", code)
    }
  }

  deinit {
    Glibc.close(descriptor)
  }
}

extension ArchiveError {
  static func system(_ operation: String, _ code: CInt) -> ArchiveError {
    let reason: Reason = [ENOSPC, EDQUOT].contains(code) ? .full : .input
    return unsafe ArchiveError(reason, "\(operation): \(String(cString: strerror(code)))")
  }
}
