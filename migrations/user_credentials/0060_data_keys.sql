-- The key of a person's texts, wrapped by a key-encryption key that is not in any database. Its row goes with the account: then nobody
-- can read what it sealed.
CREATE TABLE data_key (
    user_id uuid  PRIMARY KEY REFERENCES credential ON DELETE CASCADE,
    wrapped bytea NOT NULL
);
