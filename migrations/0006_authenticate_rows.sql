-- What decides who may get what carries a message authentication code (MAC) in each row; what else a row says is sealed,
-- or decides nothing. A key's MAC does not cover its secret, nor when it was used.
ALTER TABLE access_keys ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE clients ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE client_secrets ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE client_users ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE client_certificate_names ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE grants ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
-- At the end, a keyed hash of the set of these rows: none was added, removed, or put back as it was before.
ALTER TABLE audit_marks ADD COLUMN registry BLOB NOT NULL DEFAULT x'';
