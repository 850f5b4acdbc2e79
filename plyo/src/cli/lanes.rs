//! `plyo lanes`: changes a service's number of lanes.

use anyhow::Result;
use clap::Args;

use super::{Servers, settings};
use crate::services::{self, SERVICES};

#[derive(Args)]
pub(super) struct Lanes {
    /// The service, which must be stopped
    service: String,
    /// The new number of lanes: 1, 2, 4, 8 or 16
    #[arg(value_parser = settings::lanes)]
    count: u8,
    #[command(flatten)]
    servers: Servers,
}

impl Lanes {
    pub(super) async fn run(self) -> Result<()> {
        let config = self.servers.of_operator()?;
        let service = services::find(SERVICES, &self.service)?.name;
        let nats = config.nats("operator").await?;
        let had = plyo_nats::lanes::change(&nats, &config.dsn(service), service, self.count).await?;
        println!("{service}: {} lanes, {had} before", self.count);
        Ok(())
    }
}
