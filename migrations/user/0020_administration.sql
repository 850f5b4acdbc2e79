-- The staff of this installation and what it did: a fold of the events about it, so every key begins with its id.
CREATE TABLE staff (
    staff_id uuid    PRIMARY KEY,
    -- So that the last one is known.
    admins   integer NOT NULL,
    acts     bigint  NOT NULL
);

CREATE TABLE granted_role (
    staff_id uuid NOT NULL,
    user_id  uuid NOT NULL,
    role     text NOT NULL,
    PRIMARY KEY (staff_id, user_id, role)
);
CREATE INDEX granted_role_by_role ON granted_role (staff_id, role, user_id);

CREATE TABLE suspension (
    staff_id uuid        NOT NULL,
    user_id  uuid        NOT NULL,
    reason   text        NOT NULL,
    since    timestamptz NOT NULL,
    PRIMARY KEY (staff_id, user_id)
);

-- The audit log. Its rows are numbered, so that a page of it goes on where the one before ended.
CREATE TABLE act (
    staff_id uuid        NOT NULL,
    act_id   uuid        NOT NULL,
    number   bigint      NOT NULL,
    done_at  timestamptz NOT NULL,
    -- Absent for an operator at the command line.
    done_by  uuid,
    user_id  uuid        NOT NULL,
    what     bytea       NOT NULL,
    -- How many sessions and access tokens ended by it.
    ended    integer,
    PRIMARY KEY (staff_id, act_id)
);
CREATE UNIQUE INDEX act_by_number ON act (staff_id, number);
