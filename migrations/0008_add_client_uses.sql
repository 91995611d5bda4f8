-- When a client got a token last, also one that is recognized without a secret.
ALTER TABLE clients ADD COLUMN last_used_at INTEGER;
