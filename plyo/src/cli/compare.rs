//! `plyo coach compare`: what was recommended, beside what would be now.

use anyhow::Result;
use clap::Args;
use plyo_coach::compare::Comparison;
use plyo_nats::{Start, Tail};

use super::Servers;

#[derive(Args)]
pub(super) struct Compare {
    /// The place in EVENTS from which on recommendations are compared; what comes before is only learnt from
    #[arg(long, default_value_t = 1, value_name = "N")]
    from: u64,
    /// For machines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    servers: Servers,
}

impl Compare {
    /// Reads all of EVENTS, and prints each recommendation that would be another one now, old and new side by side.
    pub(super) async fn run(self) -> Result<()> {
        let nats = self.servers.of_operator()?.nats("operator").await?;
        let mut comparison = Comparison::from(self.from);
        let mut events = Tail::open_at(&nats, "operator", Start::Last(u64::MAX)).await?;
        while events.behind() > 0 {
            for stored in events.next().await?.iter() {
                // What this binary does not know is none of the coach's.
                if let Ok(event) = stored.decode() {
                    comparison.take(stored.sequence, &event);
                }
            }
        }
        let report = comparison.into_report();
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{report}");
        }
        Ok(())
    }
}
