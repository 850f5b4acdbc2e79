-- Log-ins that failed in a row, by the hash of the mailbox: an address without an account is counted as one with, so that a delay
-- says nothing about it.
CREATE TABLE sign_in_failure (
    mailbox_sha256 bytea       PRIMARY KEY CHECK (octet_length(mailbox_sha256) = 32),
    failures       integer     NOT NULL,
    last_at        timestamptz NOT NULL,
    -- Before that the next is not even tried.
    next_at        timestamptz NOT NULL
);
CREATE INDEX sign_in_failure_by_time ON sign_in_failure (last_at);

-- What an account was logged in on, coarsely; '' where that was not known.
CREATE TABLE known_device (
    user_id uuid NOT NULL REFERENCES credential ON DELETE CASCADE,
    device  text NOT NULL,
    PRIMARY KEY (user_id, device)
);
