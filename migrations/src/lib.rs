//! The SQL of every service schema of Plyo.
