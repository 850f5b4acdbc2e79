-- When a second factor was last shown in a session: what administers accounts takes a recent one.
ALTER TABLE session ADD COLUMN second_factor_at timestamptz;

ALTER TABLE session DROP CONSTRAINT session_ended_by_check;
ALTER TABLE session ADD CONSTRAINT session_ended_by_check
    CHECK (ended_by IN ('log_out', 'token_reuse', 'ended', 'credentials_changed', 'administration'));
