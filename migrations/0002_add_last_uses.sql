ALTER TABLE access_keys ADD COLUMN last_minted_at INTEGER;
ALTER TABLE access_keys ADD COLUMN last_used_at INTEGER;
ALTER TABLE client_secrets ADD COLUMN last_used_at INTEGER;

-- By which a secret's last use is written.
CREATE UNIQUE INDEX client_secrets_by_verifier ON client_secrets (verifier);
-- By which expired tokens are found.
CREATE INDEX tokens_by_expiry ON tokens (minted_at + lifetime);
