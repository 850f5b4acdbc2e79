-- The loop's own tables, one set in `<service>_loop`. They are not a fold of EVENTS: a rebuild leaves them alone.

-- Where the lane stands. `applied` is written in the transaction that applies: that is what makes consumption exact.
CREATE TABLE lane (
    name           text PRIMARY KEY,
    applied        bigint NOT NULL,
    confirmed      bigint NOT NULL,
    events_created text   NOT NULL
);

-- How commands ended. A command that comes again is answered from here; kept for 30 days.
CREATE TABLE handled (
    command_id  uuid PRIMARY KEY,
    user_id     uuid        NOT NULL,
    fingerprint text        NOT NULL,
    outcome     jsonb       NOT NULL,
    handled_at  timestamptz NOT NULL
);
CREATE INDEX handled_by_age ON handled (handled_at);

-- What was decided and is not yet known to be published: a row per batch, since it is only ever read when a lane is
-- taken over. Written and deleted all the time: not worth compressing, and vacuumed eagerly.
CREATE TABLE outbox (
    id       bigint PRIMARY KEY,
    messages bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE outbox ALTER COLUMN messages SET STORAGE EXTERNAL;

-- Foreign events that became dead letters: a replay skips them until the code is mended.
CREATE TABLE skipped (
    sequence bigint PRIMARY KEY,
    reason   text NOT NULL
);
