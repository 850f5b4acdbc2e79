//! `plyo`: every role of the platform, and the tools of its operators.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match plyo::cli::Plyo::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plyo: {error:#}");
            ExitCode::FAILURE
        }
    }
}
