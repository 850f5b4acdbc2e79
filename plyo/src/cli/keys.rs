//! `plyo keys`: the secrets that processes sign in with.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use plyo_servers::{nkeys, secrets};

use crate::services::{self, SERVICES};

#[derive(Args)]
pub(super) struct Keys {
    /// The directory of the seeds, `<user>.seed`
    #[arg(long, env = "PLYO_NKEYS", default_value = "nkeys")]
    nkeys: PathBuf,
    /// Also create `<user>.password` for Postgres and Redis, and print nothing; with public.env for nats-server,
    /// redis.acl for Redis (--aclfile) and operator.password for Postgres (POSTGRES_PASSWORD_FILE)
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
