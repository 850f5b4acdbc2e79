-- Personal access tokens, by the hash of their secret.
CREATE TABLE access_token (
    user_id      uuid        NOT NULL REFERENCES credential ON DELETE CASCADE,
    token_id     uuid        NOT NULL,
    sha256       bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    name         text        NOT NULL,
    -- As they are called in the API.
    scopes       jsonb       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    PRIMARY KEY (user_id, token_id)
);
CREATE UNIQUE INDEX access_token_by_hash ON access_token (user_id, sha256);
