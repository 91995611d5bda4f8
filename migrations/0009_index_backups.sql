-- Finds the last backup without reading the whole audit log.
CREATE INDEX backups ON audit_log (sequence) WHERE action = 'database.backed_up';
