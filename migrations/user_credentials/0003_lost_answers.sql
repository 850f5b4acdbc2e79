-- The answer to a refresh can be lost, and two can be under way at once. For some seconds the replaced token therefore gives
-- the same successor again. Only a hash of that is kept, so it derives from the replaced token and this salt: who has only
-- the table cannot compute it, nor who has only an old token.
ALTER TABLE refresh_token
    ADD COLUMN used_at          timestamptz,
    ADD COLUMN successor_salt   bytea CHECK (octet_length(successor_salt) = 32),
    ADD COLUMN successor_sha256 bytea CHECK (octet_length(successor_sha256) = 32);
