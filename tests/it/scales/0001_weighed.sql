-- What was measured of somebody, in all.
CREATE TABLE weighed (user_id uuid PRIMARY KEY, times bigint NOT NULL, grams bigint NOT NULL);
