-- By which the records of earlier terms are found: a record begins with its format and its term, both ascending.
CREATE INDEX access_keys_by_term ON access_keys (substr(secret, 1, 5));
CREATE INDEX tokens_by_term ON tokens (substr(token, 1, 5));
