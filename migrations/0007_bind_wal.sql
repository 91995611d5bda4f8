-- SQLite replays any valid write-ahead log (WAL) that has the right name. This row ties a WAL to the database file that it
-- was written for: the first and the last transaction of each WAL write a new generation next to that of the file.
CREATE TABLE wal_generation (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    current  BLOB    NOT NULL CHECK (length(current) = 16),
    previous BLOB    NOT NULL CHECK (length(previous) = 16)
) STRICT;
INSERT INTO wal_generation VALUES (1, randomblob(16), randomblob(16));
