internal import Glibc

/// Keeps every other archive, of this process or another, from a database, as long as it lives.
///
/// A file of its own beside the database, `FILE.lock`, that stays there: SQLite's locks on the
/// database itself would be lost by closing any other descriptor of it, and SQLite's exclusive mode
/// would lock out our own second connection.
final class FileLock: Sendable {
  let descriptor: CInt

  /// - Throws: `.locked` when another holds it, `.input` when the file cannot be made.
  init(_ database: String) throws(ArchiveError) {
    let path = database + ".lock"
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw ArchiveError(.input, "cannot open \(path): \(systemError())") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      close(descriptor)
      if reason == EWOULDBLOCK {
        throw ArchiveError(.locked, "another deltad holds \(path)")
      }
      throw ArchiveError(.input, "cannot lock \(path): \(systemError(reason))")
    }
  }

  deinit {
    // Said, not left to the closing: a child that has just been forked may hold a copy.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}

/// What must be so before SQLite sees the file.
enum DatabaseFile {
  /// A file that only its owner may read: conversations are private. SQLite gives the files that it
  /// makes beside it the same mode. One that is there already keeps what its owner gave it.
  static func create(_ path: String) throws(ArchiveError) {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0 {
      close(descriptor)
      return
    }
    if errno != EEXIST { throw ArchiveError(.input, "cannot create it: \(systemError())") }
    // Closed again before SQLite opens it, and so before there are locks to lose.
    let existing = unsafe open(path, O_RDWR | O_CLOEXEC)
    if existing < 0 { throw ArchiveError(.input, "cannot open it: \(systemError())") }
    close(existing)
  }

  /// - Throws: `.unusable` for a folder, a device and the like, before a lock file is left beside.
  static func checkKind(_ path: String) throws(ArchiveError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT != S_IFREG {
      throw ArchiveError(.unusable, "it is not a file but a folder or the like")
    }
  }
}

private func systemError(_ code: CInt = errno) -> String { unsafe String(cString: strerror(code)) }
