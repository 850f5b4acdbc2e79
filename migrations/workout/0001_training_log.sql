-- The training log. Every table is a fold of the workout service's own events.

CREATE TABLE workout (
    user_id    uuid        NOT NULL,
    workout_id uuid        NOT NULL,
    revision   integer     NOT NULL,
    started_at timestamptz NOT NULL,
    -- MessagePack: they are only read whole.
    body       bytea       NOT NULL,
    summary    bytea       NOT NULL,
    PRIMARY KEY (user_id, workout_id)
);
-- The list shows the latest start first.
CREATE INDEX workout_by_start ON workout (user_id, started_at DESC, workout_id DESC);

-- The best values that a workout has for an exercise, in grams or repetitions. A lane remembers the best of those that it
-- works on; what it does not remember is found among the marks of one person and exercise. So there is no second index,
-- which every workout would pay for.
CREATE TABLE mark (
    user_id     uuid        NOT NULL,
    exercise    text        NOT NULL,
    workout_id  uuid        NOT NULL,
    achieved_at timestamptz NOT NULL,
    max_load    bigint,
    one_rep_max bigint,
    max_reps    bigint,
    PRIMARY KEY (user_id, exercise, workout_id)
);

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
