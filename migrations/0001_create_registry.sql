-- Keys that the master key seals, each for one purpose. That they open proves the master key.
CREATE TABLE purpose_keys (
    purpose TEXT NOT NULL PRIMARY KEY CHECK (purpose IN ('client_secrets', 'audit_chain')),
    sealed  BLOB NOT NULL
) STRICT;

CREATE TABLE access_keys (
    key_id         TEXT    NOT NULL PRIMARY KEY CHECK (length(key_id) BETWEEN 1 AND 128),
    project_id     TEXT    NOT NULL CHECK (length(project_id) BETWEEN 1 AND 128),
    version        INTEGER NOT NULL CHECK (version > 0),
    name           TEXT,
    token_endpoint TEXT,              -- where it is not the usual one
    scope          TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('active', 'standby', 'disabled')),
    created_at     INTEGER NOT NULL,  -- milliseconds since 1970, as every time here
    secret         BLOB    NOT NULL   -- sealed
) STRICT;

CREATE UNIQUE INDEX one_active_key_for_a_project ON access_keys (project_id) WHERE state = 'active';

CREATE TABLE clients (
    client_id  TEXT    NOT NULL PRIMARY KEY CHECK (length(client_id) BETWEEN 1 AND 128),
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE client_secrets (
    client_id  TEXT    NOT NULL REFERENCES clients ON DELETE CASCADE,
    verifier   BLOB    NOT NULL CHECK (length(verifier) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (client_id, verifier)
) STRICT, WITHOUT ROWID;

CREATE TABLE client_users (
    client_id TEXT    NOT NULL REFERENCES clients ON DELETE CASCADE,
    uid       INTEGER NOT NULL CHECK (uid BETWEEN 0 AND 4294967294),
    PRIMARY KEY (client_id, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    client_id  TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
    project_id TEXT NOT NULL CHECK (length(project_id) BETWEEN 1 AND 128),
    PRIMARY KEY (client_id, project_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    key_id      TEXT    NOT NULL REFERENCES access_keys ON DELETE CASCADE,
    key_version INTEGER NOT NULL,
    scope       TEXT    NOT NULL,
    minted_at   INTEGER NOT NULL,
    lifetime    INTEGER NOT NULL CHECK (lifetime > 0),  -- milliseconds
    refresh_due INTEGER NOT NULL,                       -- milliseconds after minted_at
    token       BLOB    NOT NULL,                       -- sealed
    PRIMARY KEY (key_id, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
    sequence   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    project_id TEXT,
    key_id     TEXT,
    client_id  TEXT,
    token      TEXT CHECK (length(token) = 16),  -- fingerprint
    outcome    TEXT    NOT NULL,
    chain      BLOB    NOT NULL CHECK (length(chain) = 32)
) STRICT;

CREATE UNIQUE INDEX first_hand_outs ON audit_log (token, actor) WHERE action = 'token.handed_out';
