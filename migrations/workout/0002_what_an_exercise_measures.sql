-- Records follow what an exercise measures. `plyo rebuild workout` after this: until then the marks of exercises that are not
-- measured in load and repetitions are those of before, nothing is listed, and `logged_at` is only the start.

ALTER TABLE workout ADD COLUMN logged_at timestamptz;
UPDATE workout SET logged_at = started_at;
ALTER TABLE workout ALTER COLUMN logged_at SET NOT NULL;
-- Of workouts with one start, the one that was logged last is shown first: ids are random.
DROP INDEX workout_by_start;
CREATE INDEX workout_by_start ON workout (user_id, started_at DESC, logged_at DESC, workout_id DESC);

-- What each of the three is follows from the measure of the exercise, so that no measure has columns that are always empty.
-- More is better: where less is, the number is negative.
ALTER TABLE mark RENAME COLUMN max_load TO first;
ALTER TABLE mark RENAME COLUMN one_rep_max TO second;
ALTER TABLE mark RENAME COLUMN max_reps TO third;
ALTER TABLE mark ADD COLUMN logged_at timestamptz;
UPDATE mark SET logged_at = achieved_at;
ALTER TABLE mark ALTER COLUMN logged_at SET NOT NULL;
-- Values that are listed and do not compete while workouts are logged: a code and a number each, read whole.
ALTER TABLE mark ADD COLUMN listing bytea NOT NULL DEFAULT '';
ALTER TABLE mark ALTER COLUMN listing DROP DEFAULT;

-- What a person weighs: a row for a year, by date (MessagePack).
CREATE TABLE body (
    user_id uuid    NOT NULL,
    year    integer NOT NULL,
    days    bytea   NOT NULL,
    PRIMARY KEY (user_id, year)
);
