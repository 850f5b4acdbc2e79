-- How many workouts somebody logged.
CREATE TABLE heard (user_id uuid PRIMARY KEY, workouts bigint NOT NULL);
