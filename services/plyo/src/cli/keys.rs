//! `plyo keys`: the secrets that processes sign in with.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use plyo_servers::{nkeys, secrets};

use crate::services::{self, SERVICES};

#[derive(Args)]
pub(super) struct Keys {
    /// Where the seeds are, `<user>.seed` each
    #[arg(long, env = "PLYO_NKEYS", default_value = "nkeys")]
    nkeys: PathBuf,
    /// Make `<user>.password` for Postgres and Redis, too, and print nothing: beside them public.env is for nats-server,
    /// redis.acl for Redis (--aclfile), operator.password for Postgres (POSTGRES_PASSWORD_FILE)
    #[arg(long)]
    files: bool,
}

impl Keys {
    /// Seeds into a directory, public keys on stdout or in a file.
    pub(super) fn run(&self) -> Result<()> {
        let services = services::names(SERVICES);
        nkeys::make(&self.nkeys, &services)?;
        if self.files {
            return secrets::make(&self.nkeys, &services);
        }
        for (name, public_key) in nkeys::variables(&self.nkeys, &services)? {
            println!("{name}={public_key}");
        }
        Ok(())
    }
}
