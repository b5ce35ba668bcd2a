/// How SQLite is set up, and why (sqlite.org/pragma.html).
///
/// `mmap_size` stays 0: an I/O error under a mapping is a SIGBUS, the end of the daemon, where a
/// read that fails is an error that one caller gets.
enum Pragmas {
  /// What concerns the connection alone, and touches no file.
  static func apply(to database: Database) throws(ArchiveError) {
    try set(
      database,
      [
        ("busy_timeout", "\(Bounds.busyMilliseconds)"),
        // Off by default in SQLite; references are what keeps a log from outliving its stream.
        ("foreign_keys", "ON"),
        // A file that somebody tampered with must not get functions to run from its schema.
        ("trusted_schema", "OFF"),
        // Damage is found when a page is read, not after something was made of it.
        ("cell_size_check", "ON"),
        // No text of a conversation goes to /tmp.
        ("temp_store", "MEMORY"),
        ("cache_size", "-\(Bounds.cacheKiB)"),
      ])
  }

  /// What is read from or written to the file, once it is known to be ours.
  static func applyToFile(_ database: Database) throws(ArchiveError) {
    // One writes while the other reads, and a commit is one append and one sync.
    let mode = try database.runOnce("PRAGMA journal_mode = WAL")
    guard mode == "wal" || mode == "memory" else {
      throw ArchiveError(.unusable, "its file system cannot hold a write-ahead log")
    }
    try set(
      database,
      [
        // A commit that was answered survives a power cut. Group commit pays for the sync.
        ("synchronous", "FULL"),
        ("wal_autocheckpoint", "\(Bounds.checkpointPages)"),
        ("journal_size_limit", "\(Bounds.walBytes)"),
        // What retention deletes is overwritten, not only forgotten.
        ("secure_delete", "ON"),
      ])
  }

  /// For the connection that only reads: a mistake of ours stays one.
  static func forbidWriting(_ database: Database) throws(ArchiveError) {
    try set(database, [("query_only", "ON")])
  }

  private static func set(
    _ database: Database, _ pragmas: [(name: String, value: String)]
  ) throws(ArchiveError) {
    for pragma in pragmas { try database.runOnce("PRAGMA \(pragma.name) = \(pragma.value)") }
  }
}
