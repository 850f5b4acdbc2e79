-- The link to a person's export, by the hash of its secret. One that was used stays, so that the second use is told why.
CREATE TABLE export_link (
    user_id    uuid        PRIMARY KEY REFERENCES credential ON DELETE CASCADE,
    sha256     bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    export_id  uuid        NOT NULL,
    expires_at timestamptz NOT NULL,
    used       boolean     NOT NULL DEFAULT false
);
