// How a database is opened: what is asked of SQLite, and why.
extension Database {
  /// A page cache of 2 MiB a connection: what is read is mostly new, and the kernel has a cache.
  private static let cacheSize = "PRAGMA cache_size = -2000"
  /// The other connection may be in the middle of something; it never is for long.
  private static let busyTimeout: CInt = 5000

  /// For the connection that writes: it comes first.
  func setUp(_ place: Archive.Place) throws(ArchiveError) {
    setBusyTimeout(milliseconds: Self.busyTimeout)
    let version = try checkOrigin()
    // Before the first table: lets a sweep give pages back a few at a time.
    if version == 0 { try execute("PRAGMA auto_vacuum = INCREMENTAL") }
    if case .file = place {
      // Readers do not wait for the writer, nor it for them.
      try execute("PRAGMA journal_mode = WAL")
    }
    // One fsync a commit: what was told survives a power cut. Groups share it.
    try execute("PRAGMA synchronous = FULL")
    // The log goes into the database every 4 MiB, and is not kept longer than it must be.
    try execute("PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 8388608")
    try execute("PRAGMA foreign_keys = ON")
    try execute(Self.cacheSize)
    // A file that somebody prepared must not run code of its own, nor lead us astray.
    try execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
    try migrate(from: version)
  }

  func setUpReader() throws(ArchiveError) {
    setBusyTimeout(milliseconds: Self.busyTimeout)
    try execute("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF")
    try execute(Self.cacheSize)
  }

  /// The version of the structure; 0 for a new file.
  private func checkOrigin() throws(ArchiveError) -> Int {
    let tables = try integer("SELECT count(*) FROM sqlite_schema")
    let application = try integer("PRAGMA application_id")
    let version = try integer("PRAGMA user_version")
    if application == 0, version == 0, tables == 0 { return 0 }
    guard application == Schema.applicationID else {
      throw ArchiveError(.unusable, "it is a database of another program")
    }
    guard version <= Schema.migrations.count else {
      throw ArchiveError(
        .unusable,
        "it was written by a newer deltad (structure \(version), known are "
          + "\(Schema.migrations.count))")
    }
    return Int(version)
  }

  /// All steps that are missing, or none.
  private func migrate(from version: Int) throws(ArchiveError) {
    guard version < Schema.migrations.count else { return }
    try execute("BEGIN IMMEDIATE")
    do {
      for step in Schema.migrations[version...] { try execute(step) }
      try execute(
        """
        PRAGMA application_id = \(Schema.applicationID);
        PRAGMA user_version = \(Schema.migrations.count);
        COMMIT
        """)
    } catch {
      if isInTransaction { try? execute("ROLLBACK") }
      throw error
    }
  }
}
