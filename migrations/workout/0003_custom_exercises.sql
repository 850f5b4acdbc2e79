-- Exercises of people's own: a row for a person, by id (MessagePack). They are few, and each change compares them all.
CREATE TABLE custom_exercise (
    user_id   uuid  PRIMARY KEY,
    exercises bytea NOT NULL
);
