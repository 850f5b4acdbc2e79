-- What stands in EVENTS where a lane is, so that another history is known for what it is, however it has grown: when the message
-- at `applied` was stored, in nanoseconds since 1970, and the `ce-id` of the one at `confirmed`. NULL where nobody looked.
ALTER TABLE lane ADD COLUMN applied_at bigint, ADD COLUMN confirmed_id uuid;
