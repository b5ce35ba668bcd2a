internal import CSQLite

/// One statement of a connection, kept to be run again. Finalized when its owner goes, which must
/// be before the connection does. Thread: the connection's.
@safe final class PreparedStatement {
  // SAFETY: non-null, and valid until `deinit`; its connection outlives it (`Database.close`).
  private let statement: OpaquePointer
  private var isRunning = false

  /// Nil when SQLite refuses the text; the connection knows why.
  init?(_ text: String, of connection: OpaquePointer) {
    var prepared: OpaquePointer?
    // PERSISTENT: kept for long, so not from the small buffers for short-lived ones.
    let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
    let code = callingSQLite {
      unsafe sqlite3_prepare_v3(connection, text, -1, flags, &prepared, nil)
    }
    guard code == SQLITE_OK, let prepared = unsafe prepared else { return nil }
    unsafe statement = prepared
  }

  deinit {
    unsafe sqlite3_finalize(statement)
  }

  /// Binds all parameters, in order. False when SQLite refuses one: too long, or out of memory.
  func start(_ values: [Value]) -> Bool {
    precondition(!isRunning, "a statement cannot run inside itself")
    isRunning = true
    for (offset, value) in values.enumerated() {
      guard bind(value, at: CInt(offset + 1)) == SQLITE_OK else { return false }
    }
    return true
  }

  private func bind(_ value: Value, at index: CInt) -> CInt {
    switch value {
    case .null: unsafe sqlite3_bind_null(statement, index)
    case .integer(let number): unsafe sqlite3_bind_int64(statement, index, number)
    case .text(let text):
      unsafe csqlite_bind_text(statement, index, text, UInt64(text.utf8.count))
    // An empty array may have no address, and a blob without one would be NULL.
    case .blob([]): unsafe sqlite3_bind_zeroblob(statement, index, 0)
    case .blob(let bytes):
      unsafe csqlite_bind_blob(statement, index, bytes, UInt64(bytes.count))
    }
  }

  /// SQLITE_ROW, SQLITE_DONE, or what went wrong.
  func step() -> CInt { callingSQLite { unsafe sqlite3_step(statement) } }

  /// The row that `step` came to; valid until the next step or `stop`.
  var row: Row { unsafe Row(statement) }

  /// Ends a run, wherever it is, and lets go of what was bound.
  func stop() {
    // Its answer is that of the last step, which has been looked at.
    unsafe sqlite3_reset(statement)
    unsafe sqlite3_clear_bindings(statement)
    isRunning = false
  }
}

/// One row of an answer. Columns are counted from 0. Not to be kept: see `PreparedStatement.row`.
@safe struct Row {
  private let statement: OpaquePointer

  @unsafe fileprivate init(_ statement: OpaquePointer) {
    unsafe self.statement = statement
  }

  func isNull(_ column: CInt) -> Bool {
    unsafe sqlite3_column_type(statement, column) == SQLITE_NULL
  }

  func integer(_ column: CInt) -> Int64 { unsafe sqlite3_column_int64(statement, column) }

  func text(_ column: CInt) -> String {
    // SAFETY: the bytes are SQLite's and copied here; the pointer must be asked for before the
    // count, which then is that of the UTF-8.
    guard let bytes = unsafe sqlite3_column_text(statement, column) else { return "" }
    let count = unsafe Int(sqlite3_column_bytes(statement, column))
    return unsafe String(
      decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  }

  func optionalInteger(_ column: CInt) -> Int64? { isNull(column) ? nil : integer(column) }
  func optionalText(_ column: CInt) -> String? { isNull(column) ? nil : text(column) }

  /// Bytes of a text or blob, without reading it.
  func byteCount(_ column: CInt) -> Int { unsafe Int(sqlite3_column_bytes(statement, column)) }

  func append(_ column: CInt, to bytes: inout [UInt8]) {
    guard let blob = unsafe sqlite3_column_blob(statement, column) else { return }
    let count = byteCount(column)
    // SAFETY: the blob is SQLite's and copied here.
    unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: blob, count: count))
  }
}
