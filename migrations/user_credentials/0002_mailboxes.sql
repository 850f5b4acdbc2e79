-- One mailbox is one account, however its address is typed: invisible characters at its ends, decomposed accents, a host in
-- Unicode or in ASCII, a dot after it. `email` is what people are shown, `mailbox` what is compared.
ALTER TABLE credential ADD COLUMN mailbox text UNIQUE;
-- Plain ASCII is compared as it is. The user service computes the others when it starts, for SQL knows no Punycode; of two
-- accounts of one mailbox, which earlier versions allowed, only the older one gets it, and the other is found as it was typed.
UPDATE credential SET mailbox = email WHERE email ~ '^[a-z0-9._+-]+@[a-z0-9.-]*[a-z0-9]$' AND email !~ '(xn--|@\.|\.\.)';
CREATE INDEX credential_without_mailbox ON credential (email) WHERE mailbox IS NULL;
