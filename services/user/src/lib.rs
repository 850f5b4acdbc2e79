//! Accounts of Plyo: sign-up, log-in, sessions.
