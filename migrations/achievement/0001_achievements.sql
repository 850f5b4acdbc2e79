-- How far people are, and what they have unlocked.

-- Fed by the training log's events.
CREATE TABLE progress (
    user_id        uuid   PRIMARY KEY,
    workouts       bigint NOT NULL,
    tonnage_g      bigint NOT NULL,
    records        bigint NOT NULL,
    seven_day_runs bigint NOT NULL,
    four_week_runs bigint NOT NULL
);

-- Workouts per day of an ISO week, Monday first: what streaks are counted on.
CREATE TABLE week (
    user_id uuid  NOT NULL,
    monday  date  NOT NULL,
    -- MessagePack: it is only read whole.
    days    bytea NOT NULL,
    PRIMARY KEY (user_id, monday)
);

-- The records that stand: one per exercise and kind.
CREATE TABLE standing (
    user_id  uuid NOT NULL,
    exercise text NOT NULL,
    kind     text NOT NULL,
    PRIMARY KEY (user_id, exercise, kind)
);

-- Fed by this service's own events: what a person has unlocked, by the code of the rule, as MessagePack.
CREATE TABLE unlocked (
    user_id uuid  PRIMARY KEY,
    codes   bytea NOT NULL
);
