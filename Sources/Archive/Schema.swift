/// The database's structure, as the steps that lead to it. A step is never changed once it has been
/// released: what is stored was made by it.
enum Schema {
  /// "dltd": SQLite's `application_id`, by which our files are known.
  static let applicationID: Int64 = 0x646C_7464

  /// `user_version` is how many have been taken.
  static let migrations = [
    """
    CREATE TABLE conversations (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      kind INTEGER NOT NULL,
      name TEXT NOT NULL UNIQUE,
      owner TEXT NOT NULL,
      scope TEXT NOT NULL,
      agent TEXT NOT NULL,
      status INTEGER NOT NULL,
      variables TEXT NOT NULL,
      previous TEXT,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT;
    -- A list of chats, newest first, of an owner, of all or one status.
    CREATE INDEX conversations_by_owner ON conversations (kind, owner, id);
    CREATE INDEX conversations_by_status ON conversations (kind, owner, status, id);
    -- One conversation a widget session, for ever.
    CREATE UNIQUE INDEX conversations_by_session ON conversations (scope) WHERE kind = 3;
    -- The administrators' list; also what retention takes, oldest first.
    CREATE INDEX conversations_by_change ON conversations (kind, updated_at);
    CREATE INDEX conversations_by_age ON conversations (updated_at);

    CREATE TABLE messages (
      id INTEGER PRIMARY KEY,
      conversation INTEGER NOT NULL REFERENCES conversations (id),
      name TEXT NOT NULL UNIQUE,
      role INTEGER NOT NULL,
      text TEXT NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX messages_by_conversation ON messages (conversation, id);

    CREATE TABLE streams (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      conversation INTEGER REFERENCES conversations (id),
      reply INTEGER REFERENCES messages (id),
      created_at INTEGER NOT NULL,
      finished_at INTEGER,
      ending INTEGER,
      code TEXT,
      message TEXT,
      finish_reason TEXT,
      prompt_tokens INTEGER,
      completion_tokens INTEGER,
      total_tokens INTEGER
    ) STRICT;
    CREATE INDEX streams_by_end ON streams (finished_at) WHERE finished_at IS NOT NULL;
    CREATE INDEX streams_running ON streams (id) WHERE finished_at IS NULL;
    CREATE INDEX streams_by_conversation ON streams (conversation)
      WHERE conversation IS NOT NULL;
    CREATE INDEX streams_by_reply ON streams (reply) WHERE reply IS NOT NULL;

    -- In the order of their ids.
    CREATE TABLE stream_parts (
      id INTEGER PRIMARY KEY,
      stream INTEGER NOT NULL REFERENCES streams (id),
      bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX stream_parts_by_stream ON stream_parts (stream, id);

    CREATE TABLE repeatable_requests (
      key TEXT PRIMARY KEY,
      fingerprint TEXT NOT NULL,
      stream INTEGER NOT NULL REFERENCES streams (id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX repeatable_requests_by_stream ON repeatable_requests (stream);

    -- How many there are is asked with every list: counted when they change, not when asked.
    CREATE TABLE counts (
      kind INTEGER NOT NULL,
      owner TEXT NOT NULL,
      status INTEGER NOT NULL,
      number INTEGER NOT NULL,
      PRIMARY KEY (kind, owner, status)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER count_new AFTER INSERT ON conversations BEGIN
      INSERT INTO counts VALUES (new.kind, new.owner, new.status, 1)
        ON CONFLICT DO UPDATE SET number = number + 1;
    END;
    CREATE TRIGGER count_gone AFTER DELETE ON conversations BEGIN
      UPDATE counts SET number = number - 1
        WHERE kind = old.kind AND owner = old.owner AND status = old.status;
    END;
    CREATE TRIGGER count_changed AFTER UPDATE OF status ON conversations
      WHEN old.status <> new.status BEGIN
      UPDATE counts SET number = number - 1
        WHERE kind = old.kind AND owner = old.owner AND status = old.status;
      INSERT INTO counts VALUES (new.kind, new.owner, new.status, 1)
        ON CONFLICT DO UPDATE SET number = number + 1;
    END;
    """
  ]
}
