-- Passkeys: the public halves of keys that devices keep.
CREATE TABLE passkey (
    user_id       uuid        NOT NULL REFERENCES credential ON DELETE CASCADE,
    passkey_id    uuid        NOT NULL,
    -- What its device calls it.
    credential_id bytea       NOT NULL UNIQUE,
    name          text        NOT NULL,
    -- How it can be reached (WebAuthn's transports), a bit each.
    transports    smallint    NOT NULL,
    public_key    bytea       NOT NULL,
    -- What changes when it is used: its signature counter, and whether it is backed up.
    state         bytea       NOT NULL CHECK (octet_length(state) = 7),
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_used_at  timestamptz,
    PRIMARY KEY (user_id, passkey_id)
);

-- What a device was asked to sign, until it did: each is good once.
CREATE TABLE passkey_challenge (
    challenge  bytea       PRIMARY KEY CHECK (octet_length(challenge) = 16),
    -- Who is to have the passkey; of a log-in nobody knows yet.
    user_id    uuid        REFERENCES credential ON DELETE CASCADE,
    -- The options, as they are checked against the answer.
    options    bytea       NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenge_by_user ON passkey_challenge (user_id);
CREATE INDEX passkey_challenge_by_time ON passkey_challenge (expires_at);
