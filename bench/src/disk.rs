//! What a durable write costs on this disk today.

use std::{fs::File, io::Write, time::Instant};

use anyhow::Result;

use crate::figures::{Figures, percentile};

pub async fn measure() -> Result<Figures> {
    let mut figures = Figures::default();
    figures.add("fdatasync_p50_us", percentile(&mut serial_syncs(1, 200)?, 0.5) * 1_000.0, "µs");
    Ok(figures)
}

/// Milliseconds that so many appends with `fdatasync` take one after the other, `times` over, where the servers write.
pub fn serial_syncs(in_a_row: usize, times: usize) -> Result<Vec<f64>> {
    let directory = tempfile::tempdir()?;
    let mut file = File::create(directory.path().join("log"))?;
    let page = [7_u8; 4_096];
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        for _ in 0..in_a_row {
            file.write_all(&page)?;
            file.sync_data()?;
        }
        took.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(took)
}
