-- The training log. Every table is a fold of the workout service's own events.

CREATE TABLE workout (
    user_id    uuid        NOT NULL,
    workout_id uuid        NOT NULL,
    revision   integer     NOT NULL,
    started_at timestamptz NOT NULL,
    body       jsonb       NOT NULL,
    summary    jsonb       NOT NULL,
    PRIMARY KEY (user_id, workout_id)
);
-- The list shows the latest start first.
CREATE INDEX workout_by_start ON workout (user_id, started_at DESC, workout_id DESC);

-- The best value of each kind that a workout has for an exercise. The record is the first in the order of the index,
-- so that withdrawing one finds the next without reading a history. No second index: every workout adds some of these.
CREATE TABLE mark (
    user_id     uuid        NOT NULL,
    exercise    text        NOT NULL,
    kind        text        NOT NULL,
    value       bigint      NOT NULL,
    achieved_at timestamptz NOT NULL,
    workout_id  uuid        NOT NULL
);
CREATE UNIQUE INDEX mark_by_rank ON mark (user_id, exercise, kind, value DESC, achieved_at, workout_id);

CREATE TABLE reminder (
    user_id     uuid        NOT NULL,
    reminder_id uuid        NOT NULL,
    revision    integer     NOT NULL,
    due_at      timestamptz NOT NULL,
    status      text        NOT NULL CHECK (status IN ('active', 'cancelled', 'fired')),
    PRIMARY KEY (user_id, reminder_id)
);
CREATE INDEX reminder_to_come ON reminder (user_id, due_at) WHERE status = 'active';

-- How many reminders of a person are to come: the limit is checked without counting them.
CREATE TABLE agenda (
    user_id uuid    PRIMARY KEY,
    active  integer NOT NULL
);
