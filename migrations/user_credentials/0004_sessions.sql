-- A person sees where they are logged in: on what, and when it was used last. A token is replaced whenever a session is used.
ALTER TABLE session
    ADD COLUMN device       text,
    ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now();
UPDATE session s SET last_used_at = COALESCE(
    (SELECT max(t.expires_at) - interval '30 days' FROM refresh_token t
     WHERE t.user_id = s.user_id AND t.session_id = s.session_id), s.started_at);

ALTER TABLE session DROP CONSTRAINT session_ended_by_check;
ALTER TABLE session ADD CONSTRAINT session_ended_by_check
    CHECK (ended_by IN ('log_out', 'token_reuse', 'ended', 'credentials_changed'));

-- Commands to the user service, written with the change that they tell of and deleted when they are stored, so that none is
-- lost between the two. The id of one derives from its cause.
CREATE TABLE unsent_command (
    user_id    uuid        NOT NULL REFERENCES credential ON DELETE CASCADE,
    cause      uuid        NOT NULL,
    kind       text        NOT NULL,
    body       jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, cause, kind)
);
