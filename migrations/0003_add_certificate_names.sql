-- Names in client certificates that need no secret.
CREATE TABLE client_certificate_names (
    client_id TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
    kind      TEXT NOT NULL CHECK (kind IN ('uri', 'dns')),
    name      TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 2048),
    PRIMARY KEY (client_id, kind, name)
) STRICT, WITHOUT ROWID;
