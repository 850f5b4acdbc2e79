-- The newest export that a person asked for: another replaces it, as its file does.
CREATE TABLE export (
    user_id      uuid        PRIMARY KEY,
    export_id    uuid        NOT NULL,
    stage        text        NOT NULL CHECK (stage IN ('requested', 'completed', 'failed')),
    requested_at timestamptz NOT NULL,
    -- How many events its file has, its size, and until when it is there.
    events       bigint,
    bytes        bigint,
    expires_at   timestamptz
);
