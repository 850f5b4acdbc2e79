-- Mails that the account asked for, so that each is reported once.
CREATE TABLE mail (
    user_id    uuid    NOT NULL,
    request_id uuid    NOT NULL,
    is_settled boolean NOT NULL,
    PRIMARY KEY (user_id, request_id)
);
