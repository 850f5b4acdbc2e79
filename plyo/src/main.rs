//! `plyo`: every role of the platform, and the tools of its operators.

use std::process::ExitCode;

use clap::Parser;

/// A command is some hundred small allocations, most of them headers; glibc's allocator was a quarter of the edge's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
