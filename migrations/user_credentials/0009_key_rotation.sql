-- A key is published before it signs, since edges ask for keys once a minute, and stays until every token of it has expired.
ALTER TABLE signing_key ADD COLUMN signs_from timestamptz NOT NULL DEFAULT now();
UPDATE signing_key SET signs_from = created_at;
