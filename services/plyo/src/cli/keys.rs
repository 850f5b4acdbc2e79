//! `plyo keys`: the secrets that processes sign in with.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::{
    servers::{nkeys, secrets},
    services::SERVICES,
};

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
        nkeys::make(&self.nkeys, SERVICES)?;
        if self.files {
            return secrets::make(&self.nkeys, SERVICES);
        }
        for (name, public_key) in nkeys::variables(&self.nkeys, SERVICES)? {
            println!("{name}={public_key}");
        }
        Ok(())
    }
}
