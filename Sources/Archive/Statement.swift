internal import CSQLite

/// A prepared statement of one connection. Bind, step, read; `Database.statement` resets it before
/// its next use.
@safe final class Statement {
  // SAFETY: finalized exactly once, by `deinit`; columns are copied before the next step.
  private let handle: OpaquePointer
  private let name: String
  private unowned let database: Database

  init(_ handle: OpaquePointer, name: String, database: Database) {
    unsafe self.handle = handle
    self.name = name
    self.database = database
  }

  deinit {
    _ = unsafe sqlite3_finalize(handle)
  }

  func reset() {
    _ = unsafe sqlite3_reset(handle)
    _ = unsafe sqlite3_clear_bindings(handle)
  }

  /// True when there is a row to read, false at the end, after which the statement holds no lock.
  func step() throws(ArchiveError) -> Bool {
    let code = unsafe sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE:
      _ = unsafe sqlite3_reset(handle)
      return false
    default:
      let error = database.error(code, name)
      _ = unsafe sqlite3_reset(handle)
      throw error
    }
  }

  /// For statements without rows.
  func run() throws(ArchiveError) {
    while try step() {}
  }

  // MARK: Parameters, counted from 1

  enum Parameter {
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    case null

    static func integer(_ value: Int) -> Parameter { .integer(Int64(value)) }
    static func text(_ value: String?) -> Parameter { value.map { .text($0) } ?? .null }
    static func integer(_ value: Int?) -> Parameter { value.map { .integer(Int64($0)) } ?? .null }
  }

  @discardableResult
  func bind(_ parameters: Parameter...) throws(ArchiveError) -> Statement {
    for (position, parameter) in parameters.enumerated() {
      try bind(parameter, at: position + 1)
    }
    return self
  }

  func bind(_ parameter: Parameter, at index: Int) throws(ArchiveError) {
    let code = bind(parameter, CInt(index))
    guard code == SQLITE_OK else { throw database.error(code, "binding to \(name)") }
  }

  private func bind(_ parameter: Parameter, _ index: CInt) -> CInt {
    switch parameter {
    case .integer(let value): return unsafe sqlite3_bind_int64(handle, index, value)
    case .null: return unsafe sqlite3_bind_null(handle, index)
    case .blob(let bytes):
      return unsafe bytes.withUnsafeBytes {
        unsafe csqlite_bind_blob(handle, index, $0.baseAddress, UInt64($0.count))
      }
    case .text(let text):
      var text = text
      return text.withUTF8 { utf8 in
        unsafe utf8.withMemoryRebound(to: CChar.self) {
          unsafe csqlite_bind_text(handle, index, $0.baseAddress, UInt64($0.count))
        }
      }
    }
  }

  // MARK: Columns, counted from 0

  func integer(_ column: CInt) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

  func isNull(_ column: CInt) -> Bool {
    unsafe sqlite3_column_type(handle, column) == SQLITE_NULL
  }

  func text(_ column: CInt) -> String {
    // Text with NUL bytes is whole: its length is asked for, and not looked for.
    guard let bytes = unsafe sqlite3_column_text(handle, column) else { return "" }
    let count = Int(unsafe sqlite3_column_bytes(handle, column))
    return unsafe String(
      decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  }

  func optionalText(_ column: CInt) -> String? { isNull(column) ? nil : text(column) }

  func appendBlob(_ column: CInt, to output: inout [UInt8]) {
    guard let bytes = unsafe sqlite3_column_blob(handle, column) else { return }
    let count = Int(unsafe sqlite3_column_bytes(handle, column))
    unsafe output.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
  }
}
