-- Authenticator apps. Their secrets have to be read to check a code, so they are not hashed.
CREATE TABLE second_factor (
    user_id      uuid        PRIMARY KEY REFERENCES credential ON DELETE CASCADE,
    secret       bytea       NOT NULL CHECK (octet_length(secret) = 20),
    -- Only one that is confirmed is asked for.
    confirmed_at timestamptz,
    -- The newest step of time whose code was used: each is good once.
    last_step    bigint      NOT NULL DEFAULT 0
);

CREATE TABLE recovery_code (
    user_id uuid  NOT NULL REFERENCES second_factor ON DELETE CASCADE,
    sha256  bytea NOT NULL CHECK (octet_length(sha256) = 32),
    PRIMARY KEY (user_id, sha256)
);
