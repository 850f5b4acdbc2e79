-- What the coach knows of people, and what it recommended.

-- Fed by the events of other services.

-- How a person wants to be spoken to.
CREATE TABLE reader (
    user_id   uuid PRIMARY KEY,
    locale    text NOT NULL,
    time_zone text NOT NULL
);

CREATE TABLE learner (
    user_id  uuid    PRIMARY KEY,
    workouts integer NOT NULL,
    -- MessagePack: it is only read whole.
    timeline bytea   NOT NULL
);

-- The workouts of a person, numbered from 0 in order of time, as small as they can be: they are folded again whenever the
-- past changes, or the model does.
CREATE TABLE note (
    user_id uuid    NOT NULL,
    number  integer NOT NULL,
    note    bytea   NOT NULL,
    PRIMARY KEY (user_id, number)
);

-- Where a workout stands among them, by its start in seconds since 1970.
CREATE TABLE place (
    user_id    uuid    NOT NULL,
    workout_id uuid    NOT NULL,
    start      bigint  NOT NULL,
    event_id   uuid    NOT NULL,
    earlier    uuid,
    deleted    boolean NOT NULL,
    PRIMARY KEY (user_id, workout_id)
);

-- What was learnt from the first so many workouts: written each sixteenth, for it is thirty times as large as a workout.
CREATE TABLE snapshot (
    user_id  uuid    NOT NULL,
    workouts integer NOT NULL,
    training bytea   NOT NULL,
    PRIMARY KEY (user_id, workouts)
);
-- Numbers that hardly compress.
ALTER TABLE snapshot ALTER COLUMN training SET STORAGE EXTERNAL;

-- Fed by the coach's own events.

CREATE TABLE counsel (
    user_id  uuid  PRIMARY KEY,
    guidance bytea NOT NULL,
    goals    bytea NOT NULL,
    open     bytea NOT NULL
);

CREATE TABLE recommendation (
    user_id           uuid  NOT NULL,
    recommendation_id uuid  NOT NULL,
    body              bytea NOT NULL,
    PRIMARY KEY (user_id, recommendation_id)
);

-- What became of those that were answered, followed or withdrawn.
CREATE TABLE fate (
    user_id           uuid  NOT NULL,
    recommendation_id uuid  NOT NULL,
    status            text  NOT NULL,
    withdrawn         bytea NOT NULL,
    PRIMARY KEY (user_id, recommendation_id)
);
