// SQLite, and what of it Swift cannot call: the destructor constant that is a cast. Includes and
// wrappers, nothing else.
#pragma once
#include <sqlite3.h>

/// Binds a copy of the bytes, as text (UTF-8) or as a blob.
int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, sqlite3_uint64 count);
int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count);
