-- What users have said about themselves since they signed up, as MessagePack: it is only read whole. The texts that name
-- them are in user_credentials.personal_text; here are their ids.
CREATE TABLE details (
    user_id  uuid    PRIMARY KEY,
    revision integer NOT NULL,
    called   bytea   NOT NULL,
    about    bytea   NOT NULL
);
