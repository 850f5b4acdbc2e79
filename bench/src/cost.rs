//! What a drain costs beside time: the CPU time of each process, and what Postgres writes ahead of its tables.

use std::{
    fmt, fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use sqlx::PgConnection;

/// Of a second: Linux shows CPU time in these, whatever the kernel counts in.
const TICKS: u64 = 100;

/// The processes of a platform. Postgres is the postmaster.
#[derive(Clone, Copy, Debug)]
pub struct Processes {
    pub services: u32,
    pub postgres: u32,
    pub nats_server: u32,
}

/// CPU time in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cpu {
    pub services: f64,
    pub postgres: f64,
    pub nats_server: f64,
}

impl Processes {
    /// What they have used so far.
    pub fn cpu(&self) -> Result<Cpu> {
        let micros = |ticks: u64| ticks as f64 * 1e6 / TICKS as f64;
        let family = Stat::of(self.postgres)?;
        let backends = children(self.postgres)?.iter().map(|backend| backend.own).sum::<u64>();
        Ok(Cpu {
            services: micros(Stat::of(self.services)?.own),
            // A backend that ended was waited for by the postmaster.
            postgres: micros(family.own + family.ended + backends),
            nats_server: micros(Stat::of(self.nats_server)?.own),
        })
    }
}

impl Cpu {
    pub fn all(&self) -> f64 {
        self.services + self.postgres + self.nats_server
    }

    /// Since an earlier look at `before`, for each of so many.
    pub fn since(&self, before: &Self, each: f64) -> Self {
        Self {
            services: (self.services - before.services) / each,
            postgres: (self.postgres - before.postgres) / each,
            nats_server: (self.nats_server - before.nats_server) / each,
        }
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { services, postgres, nats_server } = self;
        write!(f, "{:.0} µs (services {services:.0}, Postgres {postgres:.0}, nats-server {nats_server:.0})", self.all())
    }
}

/// A line of `/proc/<pid>/stat`; times in ticks.
struct Stat {
    parent: u32,
    own: u64,
    /// Of children that ended and were waited for, and of theirs.
    ended: u64,
}

impl Stat {
    fn of(pid: u32) -> Result<Self> {
        let path = Path::new("/proc").join(pid.to_string()).join("stat");
        Self::read(&fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?)
    }

    fn read(line: &str) -> Result<Self> {
        // The name in parentheses may hold anything.
        let (_, rest) = line.rsplit_once(')').context("a process has a name")?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let number = |n: usize| words.get(n).and_then(|word| word.parse::<u64>().ok()).context("a number");
        Ok(Self {
            parent: u32::try_from(number(1)?)?,
            own: number(11)? + number(12)?,
            ended: number(13)? + number(14)?,
        })
    }
}

fn children(of: u32) -> Result<Vec<Stat>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ends meanwhile cannot be read, and is its parent's.
        children.extend(Stat::of(pid).ok().filter(|stat| stat.parent == of));
    }
    Ok(children)
}

/// How much was ever written ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wal {
    pub bytes: i64,
    pub records: i64,
}

impl Wal {
    /// Sessions tell of their records up to ten seconds late, and when they end: all others have to have ended.
    pub async fn read(db: &mut PgConnection) -> Result<Self> {
        let others =
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        let deadline = Instant::now() + Duration::from_secs(20);
        while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut *db).await? > 0 {
            ensure!(Instant::now() < deadline, "a session does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let sql = "SELECT wal_bytes::bigint, wal_records FROM pg_stat_wal";
        let (bytes, records) = sqlx::query_as(sql).fetch_one(db).await?;
        Ok(Self { bytes, records })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_whatever_a_process_is_called() {
        let line = "42 (a) b (c) S 7 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 500 1 1";
        let stat = Stat::read(line).unwrap();
        assert_eq!((stat.parent, stat.own, stat.ended), (7, 33, 77));
        assert!(Stat::read("42 (cut off) S 7").is_err());
    }
}
