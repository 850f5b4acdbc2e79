-- Who has an account. A fold of `user.registered`: no personal data, no credential.
CREATE TABLE profile (
    user_id       uuid        PRIMARY KEY,
    locale        text        NOT NULL,
    time_zone     text        NOT NULL,
    registered_at timestamptz NOT NULL
);
