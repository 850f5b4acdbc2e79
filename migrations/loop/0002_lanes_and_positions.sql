-- A service has 1 to 16 lanes, and a lane reads its commands by position, as it reads events.

ALTER TABLE lane DROP COLUMN name;
ALTER TABLE lane
    ADD COLUMN lane             smallint NOT NULL DEFAULT 0,
    -- The last sequence of the service's command stream that is handled, and when that stream was created.
    ADD COLUMN commands         bigint   NOT NULL DEFAULT 0,
    ADD COLUMN commands_created text     NOT NULL DEFAULT '',
    -- By partition, how far an earlier lane was ahead of this one, in EVENTS and in the command stream; absent when none was.
    ADD COLUMN events_ahead     bigint[],
    ADD COLUMN commands_ahead   bigint[],
    ADD PRIMARY KEY (lane);
ALTER TABLE lane ALTER COLUMN lane DROP DEFAULT;

ALTER TABLE outbox ADD COLUMN lane smallint NOT NULL DEFAULT 0;
ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;
ALTER TABLE outbox ADD PRIMARY KEY (lane, id);
ALTER TABLE outbox ALTER COLUMN lane DROP DEFAULT;

-- JSON that is only read whole need not be taken apart.
ALTER TABLE handled ALTER COLUMN outcome TYPE bytea USING convert_to(outcome::text, 'UTF8');
-- Rows come in the order of their age: a summary of each range of pages finds the old ones, and costs nothing per row.
DROP INDEX handled_by_age;
CREATE INDEX handled_by_age ON handled USING brin (handled_at);
