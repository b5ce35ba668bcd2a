/// How a database file is recognised, prepared and brought up to date.
enum Schema {
  /// "delt": tells our databases from other programs'
  /// (sqlite.org/pragma.html#pragma_application_id).
  static let applicationID: Int64 = 0x6465_6C74

  /// What makes version n + 1 of n, from nothing on. Never changed once released: only added to.
  static let migrations = [version1, version2]
  static var version: Int64 { Int64(migrations.count) }

  /// Makes an empty database ours, brings an older one up to date, and refuses every other.
  static func prepare(_ database: Database) throws(ArchiveError) {
    try Pragmas.apply(to: database)
    let isNew = try recognise(database)
    if isNew {
      // Only before anything has been written; whether pages can be given back is decided for good.
      try database.runOnce("PRAGMA auto_vacuum = INCREMENTAL")
    }
    try Pragmas.applyToFile(database)
    try migrate(database)
    do throws(ArchiveError) {
      try database.prepareAll()
    } catch {
      let lacks = error.reason == .other
      throw ArchiveError(lacks ? .unusable : error.reason, error.description)
    }
  }

  /// True for one without content. Writes nothing: what is not ours stays as it is.
  private static func recognise(_ database: Database) throws(ArchiveError) -> Bool {
    let application = try number(database, "PRAGMA application_id")
    let version = try number(database, "PRAGMA user_version")
    let objects = try number(database, "SELECT count(*) FROM sqlite_schema")
    if application == 0 && version == 0 && objects == 0 { return true }
    guard application == applicationID else {
      throw ArchiveError(.unusable, "it is a database of another program")
    }
    guard version <= Self.version else {
      throw ArchiveError(
        .unusable,
        "it was written by a newer deltad (its version is \(version), this one knows"
          + " \(Self.version))")
    }
    return false
  }

  private static func migrate(_ database: Database) throws(ArchiveError) {
    let version = try number(database, "PRAGMA user_version")
    if version == Self.version { return }
    guard version >= 0 else { throw ArchiveError(.unusable, "its version is \(version)") }
    try database.run(.begin)
    for number in Int(version)..<migrations.count {
      try database.runScript(migrations[number], "migration to version \(number + 1)")
    }
    try database.runOnce("PRAGMA application_id = \(applicationID)")
    try database.runOnce("PRAGMA user_version = \(Self.version)")
    // When one fails the connection is closed, and the transaction with it.
    try database.run(.commit)
  }

  private static func number(_ database: Database, _ text: String) throws(ArchiveError) -> Int64 {
    Int64(try database.runOnce(text) ?? "") ?? -1
  }

  // AUTOINCREMENT: a row's number is never given to another, so that whoever still holds the
  // number of a conversation or message that has gone does not get to another's.
  // `counts` is kept by triggers: a list's total without walking through the list.
  private static let version1 = """
    CREATE TABLE conversations (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
      name TEXT NOT NULL UNIQUE,
      owner TEXT NOT NULL,
      scope TEXT NOT NULL,
      agent TEXT NOT NULL,
      status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 2),
      variables TEXT NOT NULL,
      previous TEXT,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX chats_by_owner ON conversations (owner) WHERE kind = 1;
    CREATE INDEX chats_by_status ON conversations (owner, status) WHERE kind = 1;
    CREATE UNIQUE INDEX widget_by_session ON conversations (scope) WHERE kind = 3;
    CREATE INDEX widget_by_change ON conversations (updated_at) WHERE kind = 3;
    CREATE INDEX conversations_by_change ON conversations (updated_at);

    CREATE TABLE messages (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      conversation INTEGER NOT NULL REFERENCES conversations (id),
      name TEXT NOT NULL UNIQUE,
      role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 2),
      created_at INTEGER NOT NULL,
      text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX messages_by_conversation ON messages (conversation);

    CREATE TABLE streams (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      conversation INTEGER REFERENCES conversations (id) ON DELETE SET NULL,
      created_at INTEGER NOT NULL,
      finished_at INTEGER,
      ending INTEGER CHECK (ending BETWEEN 0 AND 2),
      code TEXT,
      message TEXT,
      finish_reason TEXT,
      prompt INTEGER,
      completion INTEGER,
      total INTEGER,
      reply INTEGER,
      CHECK ((finished_at IS NULL) = (ending IS NULL))
    ) STRICT;
    CREATE INDEX streams_by_conversation ON streams (conversation, finished_at);
    CREATE INDEX streams_by_finish ON streams (finished_at);

    CREATE TABLE stream_parts (
      id INTEGER PRIMARY KEY,
      stream INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
      bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX stream_parts_by_stream ON stream_parts (stream);

    CREATE TABLE idempotency (
      key TEXT PRIMARY KEY,
      fingerprint TEXT NOT NULL,
      stream INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX idempotency_by_stream ON idempotency (stream);

    CREATE TABLE counts (
      kind INTEGER NOT NULL,
      owner TEXT NOT NULL,
      status INTEGER NOT NULL,
      n INTEGER NOT NULL CHECK (n >= 0),
      PRIMARY KEY (kind, owner, status)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER conversation_added AFTER INSERT ON conversations BEGIN
      INSERT INTO counts VALUES (new.kind, new.owner, new.status, 1)
        ON CONFLICT (kind, owner, status) DO UPDATE SET n = n + 1;
    END;
    CREATE TRIGGER conversation_removed AFTER DELETE ON conversations BEGIN
      UPDATE counts SET n = n - 1
        WHERE kind = old.kind AND owner = old.owner AND status = old.status;
    END;
    CREATE TRIGGER conversation_moved AFTER UPDATE OF status ON conversations
      WHEN old.status <> new.status BEGIN
      UPDATE counts SET n = n - 1
        WHERE kind = old.kind AND owner = old.owner AND status = old.status;
      INSERT INTO counts VALUES (new.kind, new.owner, new.status, 1)
        ON CONFLICT (kind, owner, status) DO UPDATE SET n = n + 1;
    END;
    """

  private static let version2 = """
    ALTER TABLE streams ADD COLUMN continuations INTEGER NOT NULL DEFAULT 0;
    """
}
