// One connection to the database: between SQLite's C interface and everything that states what is
// stored.
//
// Rules: a connection is used by one serial queue only, from `init` on (SQLite is opened without
// its own mutexes). Statements are prepared once and kept. Every answer of SQLite is looked at, and
// becomes an `ArchiveError` that says which statement it was, never what was bound to it.
//
// It does not know what the statements mean, and begins no transaction by itself.

internal import CSQLite
internal import Glibc

@safe final class Database: @unchecked Sendable {
  // SAFETY: everything here belongs to the one serial queue that runs the jobs of this connection.
  private var connection: OpaquePointer?
  private var statements: [SQL: PreparedStatement] = [:]
  /// Held as long as the connection is open.
  private var lock: FileLock?

  /// Opens a file that exists, or `:memory:`.
  init(_ path: String, lock: FileLock?) throws(ArchiveError) {
    self.lock = lock
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    // SQLite may be built to take names that begin with "file:" for URIs.
    let name = path.hasPrefix("/") || path == ":memory:" ? path : "./" + path
    let code = callingSQLite { unsafe sqlite3_open_v2(name, &connection, flags, nil) }
    if code != SQLITE_OK { throw failure("open", code) }
  }

  deinit { close() }

  /// Finalizes the statements and closes. The last connection to a file copies the write-ahead log
  /// into it first; if that fails, the next one to open it finds the log.
  func close() {
    statements = [:]
    unsafe sqlite3_close_v2(connection)
    unsafe connection = nil
    lock = nil
  }

  // MARK: Statements

  /// Calls `visit` with each row until it answers false.
  func each(
    _ sql: SQL, _ values: [Value], _ visit: (Row) throws(ArchiveError) -> Bool
  ) throws(ArchiveError) {
    try each(try prepared(sql), "\(sql)", values, visit)
  }

  /// What `read` makes of the first row; nil when there is none.
  func first<Answer>(
    _ sql: SQL, _ values: [Value], _ read: (Row) throws(ArchiveError) -> Answer
  ) throws(ArchiveError) -> Answer? {
    var answer: Answer?
    try each(sql, values) { row throws(ArchiveError) in
      answer = try read(row)
      return false
    }
    return answer
  }

  /// Runs a statement to its end; rows are dropped.
  func run(_ sql: SQL, _ values: [Value] = []) throws(ArchiveError) {
    try each(sql, values) { _ in true }
  }

  /// The same for one that is seldom needed, with the first column of its first row.
  @discardableResult
  func runOnce(_ text: String) throws(ArchiveError) -> String? {
    var answer: String?
    try eachOnce(text) { row in
      if answer == nil { answer = row.text(0) }
      return true
    }
    return answer
  }

  func eachOnce(
    _ text: String, _ visit: (Row) throws(ArchiveError) -> Bool
  ) throws(ArchiveError) {
    guard let statement = unsafe connection.flatMap({ unsafe PreparedStatement(text, of: $0) })
    else { throw failure(text) }
    try each(statement, text, [], visit)
  }

  /// Runs several statements. They are ours: a migration.
  func runScript(_ text: String, _ operation: String) throws(ArchiveError) {
    let code = callingSQLite { unsafe sqlite3_exec(connection, text, nil, nil, nil) }
    if code != SQLITE_OK { throw failure(operation, code) }
  }

  private func each(
    _ statement: PreparedStatement, _ operation: String, _ values: [Value],
    _ visit: (Row) throws(ArchiveError) -> Bool
  ) throws(ArchiveError) {
    defer { statement.stop() }
    guard statement.start(values) else { throw failure(operation) }
    while true {
      let code = statement.step()
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else { throw failure(operation, code) }
      if !(try visit(statement.row)) { return }
    }
  }

  private func prepared(_ sql: SQL) throws(ArchiveError) -> PreparedStatement {
    if let kept = statements[sql] { return kept }
    guard let made = unsafe connection.flatMap({ unsafe PreparedStatement(sql.text, of: $0) })
    else { throw failure("\(sql)") }
    statements[sql] = made
    return made
  }

  /// Prepares all statements: what the schema lacks is found now, not by the first who needs it.
  func prepareAll() throws(ArchiveError) {
    for sql in SQL.allCases { _ = try prepared(sql) }
  }

  // MARK: State

  /// False also after SQLite gave up a transaction by itself, as it does when the disk fails.
  var isInTransaction: Bool { unsafe connection != nil && sqlite3_get_autocommit(connection) == 0 }
  /// The `id` of the last row that was inserted.
  var lastRow: Int64 { unsafe sqlite3_last_insert_rowid(connection) }
  /// Rows that the last statement changed, without those that followed by trigger or reference.
  var changes: Int { unsafe Int(sqlite3_changes(connection)) }

  /// Rows that have been changed since it was opened.
  var allChanges: Int64 { unsafe sqlite3_total_changes64(connection) }

  // MARK: Errors

  private func failure(_ operation: String) -> ArchiveError {
    failure(operation, unsafe sqlite3_extended_errcode(connection))
  }

  /// Right after the call that failed: see `callingSQLite`.
  private func failure(_ operation: String, _ code: CInt) -> ArchiveError {
    let systemError = errno
    let reason = ArchiveError.Reason(code: code, systemError: systemError)
    // `sqlite3_errmsg` never has bound values in it, only names of ours.
    var words = unsafe "\(operation): \(String(cString: sqlite3_errmsg(connection))) (\(code))"
    if systemError != 0 && [.full, .input].contains(reason) {
      unsafe words += ": \(String(cString: strerror(systemError)))"
    }
    return ArchiveError(reason, words)
  }
}

/// Clears `errno`, so that one which a failing call leaves is its own. `sqlite3_system_errno` would
/// not do: a COMMIT that fails does not set it (3.40).
func callingSQLite(_ call: () -> CInt) -> CInt {
  errno = 0
  return call()
}

extension ArchiveError.Reason {
  /// Of SQLite's result code, and the `errno` of the call behind it.
  init(code: CInt, systemError: CInt) {
    // The low byte is the kind, the rest its variety (sqlite.org/rescode.html).
    switch code & 0xFF {
    case SQLITE_FULL: self = .full
    case SQLITE_IOERR, SQLITE_CANTOPEN:
      self = [ENOSPC, EDQUOT, EFBIG].contains(systemError) ? .full : .input
    case SQLITE_READONLY, SQLITE_PERM: self = .input
    case SQLITE_NOTADB, SQLITE_CORRUPT: self = .unusable
    case SQLITE_BUSY, SQLITE_LOCKED: self = .locked
    default: self = .other
    }
  }
}
