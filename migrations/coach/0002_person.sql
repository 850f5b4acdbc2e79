-- What people said about themselves, as far as the coach reads it: MessagePack, only read whole. Fed by user.profile_changed.
CREATE TABLE person (
    user_id uuid  PRIMARY KEY,
    about   bytea NOT NULL
);
