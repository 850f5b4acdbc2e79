-- Whom or what was erased: messages about it are handled no more. Its tombstones in EVENTS are the truth of it.
CREATE TABLE erased (
    subject uuid PRIMARY KEY
);
-- What was answered about somebody goes with them.
CREATE INDEX handled_by_user ON handled (user_id);
