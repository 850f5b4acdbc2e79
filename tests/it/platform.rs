//! What a test stands on: its own nats-server and Postgres, migrated, and a child process that runs the services.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::LazyLock,
    time::{Duration, Instant},
};

use anyhow::Result;
use plyo::{
    platform::{self, Config, EdgeOptions},
    services::{self, Entry, SERVICES},
};
use plyo_client::Client;
use plyo_identity::Providers;
use plyo_nats::{
    Nats,
    replay::{Purpose, Replay},
    streams::{self, StreamConfig},
};
use plyo_servers::{Access, DATABASE, Durability, Postgres, Servers, Setup, free_port};
use sqlx::Connection;
use tokio::net::TcpListener;

use crate::{
    child::{Role, Server},
    endings::Ending,
    sink_stories, tally,
};

/// The services that are real.
pub static REAL: LazyLock<Vec<&'static str>> = LazyLock::new(|| services::names(SERVICES));

/// Real servers that end with the test, with streams and tables.
pub struct Fixture {
    servers: Servers,
    /// How many lanes each service has.
    pub lanes: u8,
    pub ending: Ending,
}

impl Deref for Fixture {
    type Target = Servers;

    fn deref(&self) -> &Servers {
        &self.servers
    }
}

impl DerefMut for Fixture {
    fn deref_mut(&mut self) -> &mut Servers {
        &mut self.servers
    }
}

impl Fixture {
    /// Empty streams and migrated schemas.
    pub async fn new() -> Self {
        Self::with(Durability::Always).await
    }

    /// The same with so many lanes to each service.
    pub async fn with_lanes(lanes: u8) -> Self {
        let mut fixture = Self::new().await;
        fixture.lanes = lanes;
        fixture
    }

    pub async fn with(durability: Durability) -> Self {
        Self::for_services(SERVICES, durability).await
    }

    /// The same where the server knows these services; the tables of what is not real are still to be made.
    pub async fn for_services(services: &'static [Entry], durability: Durability) -> Self {
        Self::on(1, services, durability).await
    }

    /// The same where three nats-servers keep every stream.
    pub async fn on_three_servers() -> Self {
        Self::on(3, SERVICES, Durability::Always).await
    }

    async fn on(nats_servers: usize, services: &'static [Entry], durability: Durability) -> Self {
        let access = Access::of(&services::made(services));
        let tables = template().await.join("postgres");
        let setup = Setup { access, durability, nats_servers, tables: Some(&tables) };
        let servers = Servers::start(setup).await.expect("servers start");
        let fixture = Self { servers, lanes: 1, ending: Ending::default() };
        let settings = StreamConfig { services: services::names(services), replicas: nats_servers as u8 };
        streams::apply(&fixture.nats().await, &settings).await.expect("the streams are made");
        fixture
    }

    pub async fn nats(&self) -> Nats {
        self.servers.nats().await.expect("NATS answers")
    }

    pub fn config(&self) -> Config {
        config(&self.nats_url(), self.nats_server.nkeys(), &self.dsn(), None)
    }

    /// With the rights of a service's own role, and no more.
    pub fn own_dsn(&self, service: &str) -> String {
        self.dsn_as(&plyo_migrations::role(service))
    }

    /// A connection that sees a service's tables and its loop's.
    pub async fn database(&self, service: &str) -> sqlx::PgConnection {
        let path = plyo_nats::database::search_path(service);
        let options = plyo_nats::database::options(&self.dsn(), &path).unwrap();
        sqlx::PgConnection::connect_with(&options).await.expect("Postgres answers")
    }

    pub fn role(&self, services: &[&'static str]) -> Role {
        self.ending.note(services);
        Role {
            nats_url: self.nats_url(),
            nkeys: self.nats_server.nkeys(),
            // Each with the rights of its own role, and no more.
            dsn: self.dsn_as("{role}"),
            services: services.to_vec(),
            lanes: self.lanes,
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
            let ready = Client::new(url)?.get("/ready").await?;
            anyhow::ensure!(ready.status == 200, "{}", ready.body);
            Ok(Some(()))
        })
        .await;
    }

    /// Waits until nothing is under way: no command waits, every event is applied, every outbox is empty.
    pub async fn settle(&self, services: &[&str]) {
        let schemas: Vec<&str> = services.iter().map(|name| schema(name)).collect();
        self.servers.settle(Some(&schemas), Duration::from_secs(180)).await.expect("nothing is under way");
    }

    /// Every table is the fold of `EVENTS`.
    pub async fn verify(&self, services: &[&str]) -> Vec<String> {
        let mut wrong = Vec::new();
        for name in services {
            let service = match tally::service(name) {
                Some(service) => service(),
                None => entry(name).open(&self.config()).await.expect("a service that opens"),
            };
            let shadow = plyo_nats::replay::shadow_schema(service.name());
            let mut db = self.database(service.name()).await;
            let create = format!("DROP SCHEMA IF EXISTS \"{shadow}\" CASCADE");
            sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut db).await.unwrap();
            if name.starts_with("tally:") {
                let tables = format!("CREATE SCHEMA \"{shadow}\"; SET search_path TO \"{shadow}\"; {}", tally::TABLES);
                sqlx::raw_sql(sqlx::AssertSqlSafe(tables)).execute(&mut db).await.unwrap();
            } else {
                entry(name).create_shadow(&self.dsn()).await.unwrap();
            }
            let replay =
                Replay { nats: self.nats().await, dsn: self.dsn(), purpose: Purpose::Verify, progress: |_, _| {} };
            let report = service.replay(replay).await.expect("a replay runs");
            wrong.extend(report.differences.iter().map(|difference| format!("{name}: {difference:?}")));
        }
        wrong
    }
}

/// What the child runs: the services as `plyo serve` runs them, with an edge if a port is given. It returns only when
/// something failed.
pub async fn serve(config: Config, names: &str, edge_port: Option<u16>) -> Result<()> {
    // As a browser on this machine calls it.
    let public_url = edge_port.map_or(config.public_url, |port| format!("http://localhost:{port}"));
    let config = Config { public_url, ..config };
    let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
    let nats = connect_patiently(&config).await;
    let mut running = tokio::task::JoinSet::new();
    for path in names.iter().filter_map(|name| name.strip_prefix("sink:")) {
        let (nats, path) = (nats.clone(), path.to_owned());
        running.spawn(async move { sink_stories::serve(nats, &path).await });
    }
    let services: Vec<Entry> = SERVICES.iter().map(|real| as_named(*real, &names)).collect();
    let is_one = |entry: &&Entry| names.iter().any(|name| schema(name) == entry.name);
    let roles = services.iter().filter(is_one).map(|entry| entry.name).chain(edge_port.map(|_| "edge"));
    let roles: Vec<String> = roles.map(str::to_owned).collect();
    if !roles.is_empty() {
        let listener = TcpListener::bind(("127.0.0.1", edge_port.unwrap_or(0))).await?;
        let edge = EdgeOptions { limits: false, ..EdgeOptions::default() };
        running.spawn(async move {
            platform::run(&config, &services, &roles, edge, listener, std::future::pending()).await
        });
    }
    running.join_next().await.expect("something runs")?
}

/// The row of a real service, or with a smallest one in its place.
pub fn as_named(real: Entry, names: &[&str]) -> Entry {
    let smallest = names.iter().filter(|name| schema(name) == real.name).find_map(|name| tally::service(name));
    smallest.map_or(real, |service| Entry { service, open: None, ..real })
}

pub fn config(nats_url: &str, nkeys: PathBuf, dsn: &str, lanes: Option<u8>) -> Config {
    Config {
        nats_url: nats_url.to_owned(),
        nats_monitor_url: None,
        durability: Durability::Always,
        nkeys: Some(nkeys),
        postgres_url: dsn.to_owned(),
        postgres_urls: BTreeMap::new(),
        redis_url: None,
        lanes,
        replicas: 1,
        memory_mib: Config::MEMORY_MIB,
        public_url: Config::PUBLIC_URL.to_owned(),
        providers: Providers::default(),
        mail: None,
    }
}

/// The row of a real service.
pub fn entry(name: &str) -> &'static Entry {
    services::find(SERVICES, name).expect("a service of that name")
}

/// `tally:workout:mended` keeps its rows where `workout` does.
pub fn schema(service: &str) -> &str {
    let name = service.strip_prefix("tally:").unwrap_or(service);
    name.split_once(':').map_or(name, |(name, _)| name)
}

async fn connect_patiently(config: &Config) -> Nats {
    loop {
        match config.nats("operator").await {
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
            for service in SERVICES {
                service.migrate(&dsn).await.expect("migrations apply");
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
