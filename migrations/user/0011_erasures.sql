-- How far the erasures of accounts are. A row outlives the account: it is the receipt, and has nothing of a person but the id.
CREATE TABLE erasure (
    user_id      uuid        PRIMARY KEY,
    stage        text        NOT NULL,
    erased_at    timestamptz NOT NULL,
    completed_at timestamptz,
    events       bigint
);
