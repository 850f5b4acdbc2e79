-- Credentials and sessions. Not a fold of EVENTS: none of this ever enters a stream, and a rebuild leaves it alone.

CREATE TABLE credential (
    user_id       uuid        PRIMARY KEY,
    -- Trimmed and in lower case.
    email         text        NOT NULL UNIQUE,
    -- PHC string of Argon2id.
    password_hash text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE session (
    session_id uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES credential,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- Every refresh token of a session, used ones too: one that comes a second time was stolen.
CREATE TABLE refresh_token (
    -- SHA-256 of the token; the token itself is stored nowhere.
    token_hash bytea       PRIMARY KEY,
    session_id uuid        NOT NULL REFERENCES session,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_token_by_session ON refresh_token (session_id);

CREATE TABLE signing_key (
    key_id     text        PRIMARY KEY,
    -- Ed25519 seed, 32 bytes.
    seed       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
