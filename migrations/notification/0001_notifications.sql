-- What people are told in the app. Every table is a fold of the notification service's own events.

-- Numbers run 1, 2, 3 … per person. What has a number up to `read_through` counts as read: reading all is one row.
CREATE TABLE mailbox (
    user_id      uuid   PRIMARY KEY,
    last_number  bigint NOT NULL,
    read_through bigint NOT NULL,
    unread       bigint NOT NULL
);

CREATE TABLE notification (
    user_id         uuid        NOT NULL,
    notification_id uuid        NOT NULL,
    number          bigint      NOT NULL,
    kind            text        NOT NULL,
    -- What it tells of.
    subject         text        NOT NULL,
    read            boolean     NOT NULL,
    retracted       boolean     NOT NULL,
    created_at      timestamptz NOT NULL,
    -- MessagePack: they are only read whole.
    because         bytea       NOT NULL,
    params          bytea       NOT NULL,
    PRIMARY KEY (user_id, notification_id)
);
CREATE INDEX notification_by_number ON notification (user_id, number DESC);

-- The notification about a subject that stands: a retraction finds it here.
CREATE TABLE told (
    user_id         uuid NOT NULL,
    subject         text NOT NULL,
    notification_id uuid NOT NULL,
    PRIMARY KEY (user_id, subject)
);

CREATE TABLE preference (
    user_id uuid  PRIMARY KEY,
    in_app  bytea NOT NULL
);
