-- Whether, and since when, the address is known to be its owner's.
ALTER TABLE credential ADD COLUMN verified_at timestamptz;

