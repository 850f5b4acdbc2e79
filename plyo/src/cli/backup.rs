//! `plyo backup` and `plyo restore`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::Servers;
use crate::backup::{self, Halves};

#[derive(Args)]
pub(super) struct Backup {
    /// A new or empty directory. Anyone who can read it can log in as any user
    directory: PathBuf,
    #[command(flatten)]
    servers: Servers,
}

impl Backup {
    pub(super) async fn run(self) -> Result<()> {
        backup::take(&self.servers.of_operator()?, &self.directory).await
    }
}

#[derive(Args)]
pub(super) struct Restore {
    /// A directory that `plyo backup` created
    directory: PathBuf,
    /// Restore only this half, when the other is intact or comes from another backup
    #[arg(long)]
    only: Option<Half>,
    /// Overwrite existing messages and rows, for good
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    servers: Servers,
}

/// A half of a backup.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Half {
    Streams,
    Tables,
}

impl Restore {
    pub(super) async fn run(self) -> Result<()> {
        let halves = match self.only {
            None => Halves::Both,
            Some(Half::Streams) => Halves::Streams,
            Some(Half::Tables) => Halves::Tables,
        };
        backup::restore(&self.servers.of_operator()?, &self.directory, halves, self.replace).await
    }
}
