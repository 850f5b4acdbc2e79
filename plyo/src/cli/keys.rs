//! `plyo keys`: the secrets that processes sign in with. `plyo rewrap-keys`: another key for the keys of personal texts.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use plyo_nats::database;
use plyo_servers::{nkeys, secrets};

use super::Servers;
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

#[derive(Args)]
pub(super) struct RewrapKeys {
    #[command(flatten)]
    servers: Servers,
}

impl RewrapKeys {
    pub(super) async fn run(self) -> Result<()> {
        let config = self.servers.of_operator()?;
        let keys = config.key_encryption_keys()?;
        let keys =
            keys.context("there is no user.kek in the directory of --nkeys (PLYO_NKEYS); `plyo keys` creates it")?;
        let pool = database::pool(&config.dsn("user"), &["user_credentials"], 1)?;
        let progress = |done| eprintln!("{done} keys");
        let done = plyo_identity::rewrap(&pool, keys, progress).await?;
        println!(
            "{done} keys of people are wrapped anew by the first line of user.kek; other lines are no longer needed"
        );
        Ok(())
    }
}
