-- Accounts as everybody may know them. Every table is a fold of the user service's own events: no personal data.

CREATE TABLE profile (
    user_id       uuid        PRIMARY KEY,
    locale        text        NOT NULL,
    time_zone     text        NOT NULL,
    registered_at timestamptz NOT NULL
);

-- Sessions that ended before their time, so that the end of one is announced once, however often it is asked for.
CREATE TABLE revoked_session (
    user_id    uuid        NOT NULL,
    session_id uuid        NOT NULL,
    reason     text        NOT NULL,
    revoked_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, session_id)
);
