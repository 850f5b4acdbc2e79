-- Accounts of other providers (OpenID Connect) that log in to one here, by what their issuers call them.
CREATE TABLE link (
    user_id      uuid        NOT NULL REFERENCES credential ON DELETE CASCADE,
    link_id      uuid        NOT NULL,
    -- As the operator calls it.
    provider     text        NOT NULL,
    issuer       text        NOT NULL,
    subject      text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    PRIMARY KEY (user_id, link_id),
    UNIQUE (issuer, subject)
);

-- People who are at a provider. What the client has of it is here by its hash; what the provider's answer is checked against, it
-- never sees.
CREATE TABLE provider_flow (
    state_sha256  bytea       PRIMARY KEY CHECK (octet_length(state_sha256) = 32),
    secret_sha256 bytea       NOT NULL CHECK (octet_length(secret_sha256) = 32),
    provider      text        NOT NULL,
    nonce         text        NOT NULL,
    verifier      text        NOT NULL,
    -- Who links an account; absent where somebody logs in.
    linking       uuid        REFERENCES credential ON DELETE CASCADE,
    -- The code was taken: it is asked about once.
    answered      boolean     NOT NULL DEFAULT false,
    -- Whose account it turned out to be.
    proven        uuid        REFERENCES credential ON DELETE CASCADE,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX provider_flow_by_linking ON provider_flow (linking);
CREATE INDEX provider_flow_by_proven ON provider_flow (proven);
CREATE INDEX provider_flow_by_time ON provider_flow (expires_at);
