//! `plyo demo`.

use anyhow::Result;
use clap::Args;

#[derive(Args)]
pub(super) struct Demo {
    /// URL of the edge
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    url: String,
    /// Print only the summary, as JSON
    #[arg(long)]
    json: bool,
}

impl Demo {
    pub(super) async fn run(self) -> Result<()> {
        plyo_demo::Demo { url: self.url, json: self.json }.run().await
    }
}
