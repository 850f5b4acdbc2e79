//! The reaction loop of Plyo on NATS JetStream and Postgres.
