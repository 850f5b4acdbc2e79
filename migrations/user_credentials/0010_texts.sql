-- The texts that name somebody. They enter no stream: messages have their ids.
CREATE TABLE personal_text (
    user_id    uuid        NOT NULL REFERENCES credential ON DELETE CASCADE,
    text_id    uuid        NOT NULL,
    field      text        NOT NULL CHECK (field IN ('display_name', 'handle')),
    content    text        NOT NULL,
    -- When it was last sent: a profile that takes it may follow.
    sent_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, text_id)
);
CREATE UNIQUE INDEX personal_text_once ON personal_text (user_id, field, content);

-- Who has a handle, which is in lower case here.
CREATE TABLE handle (
    key        text        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES credential ON DELETE CASCADE,
    claimed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX handle_by_user ON handle (user_id);
