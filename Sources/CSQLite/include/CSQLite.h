#pragma once

#include <sqlite3.h>

/// Sets whether closing the connection leaves the write-ahead log as it is, neither written back nor removed
/// (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE). Returns SQLite's result code. Swift cannot call sqlite3_db_config, which is variadic.
int sqlite_keep_wal_on_close(sqlite3 *connection, int keeps);
