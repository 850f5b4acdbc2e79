//! `plyo backup` and `plyo restore`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::Servers;
use crate::backup::{self, Halves};

#[derive(Args)]
pub(super) struct Backup {
    /// A directory that is not there yet, or empty. Whoever reads it can log in as anybody
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
    /// What `plyo backup` made
    directory: PathBuf,
    /// Only this half, where the other one is not lost, or comes from another backup
    #[arg(long)]
    only: Option<Half>,
    /// Put it in the place of messages and rows that are there, which are gone for good
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
