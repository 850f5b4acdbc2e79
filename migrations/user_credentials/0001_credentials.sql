-- What proves who somebody is. Not a fold of EVENTS, for no secret enters a stream: a rebuild leaves this schema alone,
-- and a backup of it is the only copy.

CREATE TABLE credential (
    user_id       uuid        PRIMARY KEY,
    -- Trimmed and in lower case.
    email         text        NOT NULL UNIQUE,
    -- A PHC string.
    password_hash text        NOT NULL,
    -- Somebody has logged in with it: from then on no sign-up may replace the password.
    in_use        boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE session (
    user_id    uuid        NOT NULL REFERENCES credential ON DELETE CASCADE,
    session_id uuid        NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    -- Why it ended; absent while it lasts.
    ended_by   text        CHECK (ended_by IN ('log_out', 'token_reuse')),
    PRIMARY KEY (user_id, session_id)
);

-- Every refresh token of a session until it expires, the used ones too: a second use is how a theft shows.
CREATE TABLE refresh_token (
    user_id    uuid        NOT NULL,
    sha256     bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    session_id uuid        NOT NULL,
    expires_at timestamptz NOT NULL,
    used       boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (user_id, sha256),
    FOREIGN KEY (user_id, session_id) REFERENCES session ON DELETE CASCADE
);
CREATE INDEX refresh_token_by_session ON refresh_token (user_id, session_id, expires_at);

-- The newest key signs; the public halves of all are published, so that tokens of an older one hold until they expire.
CREATE TABLE signing_key (
    key_id     text        PRIMARY KEY,
    seed       bytea       NOT NULL CHECK (octet_length(seed) = 32),
    public_key jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
