-- Where the audit log begins and ends, each with a code that only who has its key can make: a tail that was cut shows.
CREATE TABLE audit_marks (
    place    TEXT    NOT NULL PRIMARY KEY CHECK (place IN ('start', 'end')),
    sequence INTEGER NOT NULL,  -- of the newest record; at the start, of the last one that was pruned
    chain    BLOB    NOT NULL,  -- of the same
    code     BLOB    NOT NULL CHECK (length(code) = 32)
) STRICT;
