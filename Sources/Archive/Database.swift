// One connection to SQLite: the only place, with `Statement`, where its C interface is called.
//
// A connection belongs to one serial queue, and is opened without SQLite's own locks for threads.

internal import CSQLite
internal import Glibc

/// SAFETY of `@unchecked Sendable`: the connection and its statements are used on one serial queue
/// only, the one that its owner gives it to (`Archive.writer`, `Archive.reader`), or before that
/// queue has anything to do.
@safe final class Database: @unchecked Sendable {
  private var handle: OpaquePointer?
  private var statements: [SQL: Statement] = [:]

  init(_ place: Archive.Place, name: String, isReader: Bool) throws(ArchiveError) {
    var flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let path: String
    switch place {
    case .file(let file):
      path = file
      if !isReader { flags |= SQLITE_OPEN_CREATE }
    case .memory:
      // Shared by the connections of one archive (sqlite.org/src, memdb.c): a name with a slash.
      path = "file:/\(name)?vfs=memdb"
      flags |= SQLITE_OPEN_CREATE | SQLITE_OPEN_URI
    }
    let code = unsafe sqlite3_open_v2(path, &handle, flags, nil)
    guard code == SQLITE_OK else {
      let error = self.error(code, "opening the database")
      _ = unsafe sqlite3_close_v2(handle)
      unsafe handle = nil
      throw error
    }
  }

  deinit {
    statements = [:]
    _ = unsafe sqlite3_close_v2(handle)
  }

  // MARK: Statements

  /// The prepared statement, made at its first use and kept.
  func statement(_ sql: SQL) throws(ArchiveError) -> Statement {
    if let statement = statements[sql] {
      statement.reset()
      return statement
    }
    let statement = try prepare(sql.rawValue, "\(sql)")
    statements[sql] = statement
    return statement
  }

  /// Prepares a text that is used once.
  func prepare(_ text: String, _ name: String) throws(ArchiveError) -> Statement {
    var prepared: OpaquePointer?
    let code = unsafe sqlite3_prepare_v3(
      handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
    guard code == SQLITE_OK, let prepared = unsafe prepared else {
      throw error(code, "preparing \(name)")
    }
    return unsafe Statement(prepared, name: name, database: self)
  }

  /// Runs statements without results, one after the other.
  func execute(_ text: String) throws(ArchiveError) {
    let code = unsafe sqlite3_exec(handle, text, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code, "executing") }
  }

  /// The first column of the first row, of a statement that is used once.
  func integer(_ text: String) throws(ArchiveError) -> Int64 {
    let statement = try prepare(text, "a question")
    guard try statement.step() else { return 0 }
    return statement.integer(0)
  }

  /// Rows changed by the last statement.
  var changes: Int { Int(unsafe sqlite3_changes64(handle)) }

  var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

  /// A transaction is under way; some errors end it by themselves.
  var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

  func setBusyTimeout(milliseconds: CInt) {
    _ = unsafe sqlite3_busy_timeout(handle, milliseconds)
  }

  // MARK: Errors

  func error(_ code: CInt, _ operation: String) -> ArchiveError {
    let system = unsafe sqlite3_system_errno(handle)
    let isKnown = unsafe handle != nil && sqlite3_extended_errcode(handle) == code
    // SAFETY: the text lives until the next call on this connection, and is copied here.
    let words = unsafe isKnown ? sqlite3_errmsg(handle) : sqlite3_errstr(code)
    var text = unsafe words.map { unsafe String(cString: $0) } ?? "error \(code)"
    if system != 0, code & 0xFF == SQLITE_IOERR || code & 0xFF == SQLITE_CANTOPEN {
      text += unsafe " (\(String(cString: strerror(system))))"
    }
    return ArchiveError(Self.reason(code, system), "\(operation): \(text)")
  }

  private static func reason(_ code: CInt, _ system: CInt) -> ArchiveError.Reason {
    switch code & 0xFF {
    case SQLITE_FULL: .full
    case SQLITE_IOERR where [ENOSPC, EDQUOT, EFBIG].contains(system): .full
    case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM: .input
    case SQLITE_NOTADB, SQLITE_CORRUPT: .unusable
    case SQLITE_BUSY, SQLITE_LOCKED: .locked
    default: .other
    }
  }
}
