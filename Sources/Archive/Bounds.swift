/// All limits of the archive, each with its unit and reason. What is refused at one, and what a
/// reader gets less of, is said where the limit is used.
enum Bounds {
  // MARK: What waits for the disk

  /// Changes handed in and not done. A disk that stands still for seconds fills this at some
  /// thousand turns a second; what comes then is refused rather than kept in memory.
  static let changes = 20_000
  /// Bytes of logs and messages in them.
  static let changeBytes = 64 << 20
  /// Reads handed in and not done. A read takes a fraction of a millisecond, most of the time.
  static let reads = 10_000

  // MARK: What one answer holds in memory

  /// Messages of one record, and of a history.
  static let recordMessages = 10_000
  /// Bytes of their texts: a megabyte is some 200,000 model tokens, more than any model reads.
  static let recordBytes = 16 << 20
  /// Bytes of the texts of one page of records.
  static let pageBytes = 64 << 20
  /// Previous chats that a history goes back through.
  static let previousChats = 8

  // MARK: The file

  /// Milliseconds that SQLite waits for a lock. Only an operator's own tool holds one: other
  /// daemons are kept out by the lock file.
  static let busyMilliseconds = 5_000
  /// Pages of 4 KiB in the write-ahead log before they are copied into the database. Larger than
  /// SQLite's 1,000: pages that change again and again are then copied, and synced, less often.
  static let checkpointPages = 4_000
  /// Bytes to which the write-ahead log shrinks again after it had to grow.
  static let walBytes = 64 << 20
  /// KiB of pages that each of the two connections keeps. The kernel caches the file as well.
  static let cacheKiB = 2_000
  /// Free pages that one sweep gives back to the file system: 4 MiB, some milliseconds of work.
  static let vacuumPages = 1_000
}
