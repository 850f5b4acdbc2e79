//! What a test stands on: its own nats-server and Postgres, migrated, and a child process that runs the services.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Result;
use plyo::{
    client::Client,
    platform::Surroundings,
    servers::{Durability, NatsServer, Postgres, free_port},
};
use plyo_nats::{Health, Nats, Service, replay::Purpose, replay::Replay, streams};
use sqlx::Connection;
use tempfile::TempDir;

use crate::{
    child::{Role, Server},
    tally,
};

/// The services that are real.
pub const REAL: [&str; 4] = ["user", "workout", "achievement", "notification"];

/// The database of every test, in a cluster of its own.
const DATABASE: &str = "plyo";

/// Real servers that end with the test. Fields drop in this order.
pub struct Ground {
    pub nats_server: NatsServer,
    pub postgres: Postgres,
    _directory: TempDir,
}

impl Ground {
    /// Empty streams and migrated schemas.
    pub async fn new() -> Self {
        Self::with(Durability::Always).await
    }

    pub async fn with(durability: Durability) -> Self {
        let directory = directory();
        copy(&template().await.join("postgres"), &directory.path().join("postgres"));
        let postgres = Postgres::start(&directory.path().join("postgres"), None).expect("Postgres starts");
        let nats_server =
            NatsServer::start(&directory.path().join("nats"), None, durability).expect("nats-server starts");
        let ground = Self { nats_server, postgres, _directory: directory };
        streams::apply(&ground.nats().await).await.expect("the streams are made");
        ground
    }

    pub async fn nats(&self) -> Nats {
        self.surroundings().nats("operator").await.expect("NATS answers")
    }

    pub fn surroundings(&self) -> Surroundings {
        surroundings(&self.nats_server.url(), self.nats_server.nkeys(), &self.dsn())
    }

    pub fn dsn(&self) -> String {
        self.postgres.dsn(DATABASE)
    }

    /// A connection that sees a service's tables and its loop's.
    pub async fn database(&self, service: &str) -> sqlx::PgConnection {
        let path = plyo_nats::database::search_path(service);
        let options = plyo_nats::database::options(&self.dsn(), &path).unwrap();
        sqlx::PgConnection::connect_with(&options).await.expect("Postgres answers")
    }

    pub fn role(&self, services: &[&'static str]) -> Role {
        Role {
            nats_url: self.nats_server.url(),
            nkeys: self.nats_server.nkeys(),
            // Each with the rights of its own role, and no more.
            dsn: self.postgres.dsn_as("{role}", DATABASE),
            services: services.to_vec(),
            ..Role::default()
        }
    }

    pub fn start(&self, services: &[&'static str]) -> Server {
        Server::start(&self.role(services))
    }

    /// All services and an edge in one child; gives the edge's URL when it is ready.
    pub async fn start_platform(&self) -> (Server, String) {
        let port = free_port().unwrap();
        let server = Server::start(&Role { edge_port: Some(port), ..self.role(&REAL) });
        let url = format!("http://127.0.0.1:{port}");
        self.ready(&url).await;
        (server, url)
    }

    pub async fn ready(&self, url: &str) {
        eventually("the edge is ready", Duration::from_secs(30), async || {
            Ok((Client::new(url)?.get("/ready").await?.status == 200).then_some(()))
        })
        .await;
    }

    /// Waits until nothing is under way: no command waits, every event is applied, every outbox is empty.
    pub async fn settle(&self, services: &[&str]) {
        let nats = self.nats().await;
        eventually("nothing is under way", Duration::from_secs(180), async || {
            if streams::state(&nats, "COMMANDS").await?.messages > 0 {
                return Ok(None);
            }
            // In the order in which they react to each other: what an earlier one still said, a later one has to apply.
            for service in services {
                let last = streams::last_to_apply(&nats, schema(service)).await?;
                let mut db = self.database(schema(service)).await;
                let (applied, outbox): (i64, i64) =
                    sqlx::query_as("SELECT applied, (SELECT count(*) FROM outbox) FROM lane")
                        .fetch_one(&mut db)
                        .await?;
                if applied.unsigned_abs() < last || outbox > 0 {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await;
    }

    /// Every table is the fold of `EVENTS`.
    pub async fn verify(&self, services: &[&str]) -> Vec<String> {
        let mut wrong = Vec::new();
        for name in services {
            let service = service(name, &self.surroundings()).await;
            let shadow = plyo_nats::replay::shadow_schema(service.name());
            let mut db = self.database(service.name()).await;
            let create = format!("DROP SCHEMA IF EXISTS \"{shadow}\" CASCADE");
            sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut db).await.unwrap();
            if name.starts_with("tally:") {
                let tables = format!("CREATE SCHEMA \"{shadow}\"; SET search_path TO \"{shadow}\"; {}", tally::TABLES);
                sqlx::raw_sql(sqlx::AssertSqlSafe(tables)).execute(&mut db).await.unwrap();
            } else {
                plyo_migrations::create_shadow(&self.dsn(), service.name(), &shadow).await.unwrap();
            }
            let replay =
                Replay { nats: self.nats().await, dsn: self.dsn(), purpose: Purpose::Verify, progress: |_, _| {} };
            let report = service.replay(replay).await.expect("a replay runs");
            wrong.extend(report.differences.iter().map(|difference| format!("{name}: {difference:?}")));
        }
        wrong
    }
}

/// What the child runs: the services, and an edge if a port is given. It returns only when something failed.
pub async fn serve(with: Surroundings, services: &str, edge_port: Option<u16>) -> Result<()> {
    let mut running = tokio::task::JoinSet::new();
    for name in services.split(',').filter(|name| !name.is_empty()).map(str::to_owned) {
        let with = with.clone();
        running.spawn(async move {
            let service = service(&name, &with).await;
            let nats = connect_patiently(&with, schema(&name)).await;
            plyo_nats::run(service, nats, &with.dsn(schema(&name)), Health::default()).await
        });
    }
    if let Some(port) = edge_port {
        let nats = connect_patiently(&with, "edge").await;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        let config = plyo_edge::EdgeConfig { limits: false, ..plyo_edge::EdgeConfig::default() };
        running.spawn(plyo_edge::serve(config, nats, listener, std::future::pending()));
    }
    running.join_next().await.expect("something runs")?
}

pub fn surroundings(nats_url: &str, nkeys: PathBuf, dsn: &str) -> Surroundings {
    Surroundings {
        nats_url: nats_url.to_owned(),
        nats_monitor_url: None,
        durability: Durability::Always,
        nkeys: Some(nkeys),
        postgres_url: dsn.to_owned(),
        postgres_urls: BTreeMap::new(),
        redis_url: None,
    }
}

async fn service(name: &str, with: &Surroundings) -> Service {
    match tally::service(name) {
        Some(service) => service,
        None => plyo::platform::service(name, with).await.expect("a service of that name"),
    }
}

/// `tally:workout:mended` keeps its rows where `workout` does.
fn schema(service: &str) -> &str {
    service.strip_prefix("tally:").unwrap_or(service).trim_end_matches(":mended")
}

async fn connect_patiently(with: &Surroundings, user: &str) -> Nats {
    loop {
        match with.nats(user).await {
            Ok(nats) => return nats,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Waits for a condition, level-triggered and bounded; an error counts as not yet.
pub async fn eventually<T>(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> Result<Option<T>>) -> T {
    let deadline = Instant::now() + within;
    let mut last = String::new();
    while Instant::now() < deadline {
        match condition().await {
            Ok(Some(value)) => return value,
            Ok(None) => last = "not yet".to_owned(),
            Err(error) => last = format!("{error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not in {} s: {what} ({last})", within.as_secs());
}

/// A migrated cluster, made once per run and copied for each test; those that earlier runs left behind go.
async fn template() -> &'static PathBuf {
    static TEMPLATE: tokio::sync::OnceCell<PathBuf> = tokio::sync::OnceCell::const_new();
    TEMPLATE
        .get_or_init(async || {
            remove_abandoned_templates();
            let directory = std::env::temp_dir().join(format!("{TEMPLATE_PREFIX}{}", std::process::id()));
            std::fs::create_dir_all(&directory).expect("a directory");
            std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
            let mut postgres = Postgres::start(&directory.join("postgres"), None).expect("Postgres starts");
            postgres.create_database(DATABASE, None).await.unwrap();
            let dsn = postgres.dsn(DATABASE);
            for service in plyo_migrations::SERVICES {
                plyo_migrations::apply(&dsn, service).await.expect("migrations apply");
            }
            for service in ["workout", "achievement"] {
                let options = plyo_nats::database::options(&dsn, &[service]).unwrap();
                let mut db = sqlx::PgConnection::connect_with(&options).await.unwrap();
                let tables = format!("SET ROLE \"{}\"; {}", plyo_migrations::role(service), tally::TABLES);
                sqlx::raw_sql(sqlx::AssertSqlSafe(tables)).execute(&mut db).await.unwrap();
            }
            postgres.stop();
            directory
        })
        .await
}

const TEMPLATE_PREFIX: &str = "plyo-template-";

fn remove_abandoned_templates() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(TEMPLATE_PREFIX).filter(|process| process.parse::<u32>().is_ok());
        if process.is_some_and(|process| !std::path::Path::new("/proc").join(process).exists()) {
            // Another run may be removing it, too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Under the system's temporary directory, reachable by Postgres' user.
fn directory() -> TempDir {
    let directory = tempfile::Builder::new().prefix("plyo-test-").tempdir().expect("a directory");
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

fn copy(from: &PathBuf, to: &PathBuf) {
    let status = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
    assert!(status.success());
}
