-- Whether, and since when, the address is known to be its owner's.
ALTER TABLE credential ADD COLUMN verified_at timestamptz;

-- Mails that were asked for in the last day. Whose one is, is found out after the answer.
CREATE TABLE mail (
    mail_id        uuid        PRIMARY KEY,
    kind           text        NOT NULL,
    -- What is counted: also of an address that is nobody's.
    mailbox_sha256 bytea       NOT NULL CHECK (octet_length(mailbox_sha256) = 32),
    -- Until it is sent, or known to be for nobody.
    address        text,
    user_id        uuid        REFERENCES credential ON DELETE CASCADE,
    looked_up      boolean     NOT NULL DEFAULT false,
    asked_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mail_by_mailbox ON mail (mailbox_sha256, asked_at);
CREATE INDEX mail_by_time ON mail (asked_at);

-- What a mail has in it, by its hash.
CREATE TABLE mail_code (
    sha256     bytea       PRIMARY KEY CHECK (octet_length(sha256) = 32),
    mail_id    uuid        NOT NULL,
    user_id    uuid        NOT NULL REFERENCES credential ON DELETE CASCADE,
    kind       text        NOT NULL,
    address    text        NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX mail_code_by_user ON mail_code (user_id, mail_id);
CREATE INDEX mail_code_by_time ON mail_code (expires_at);
