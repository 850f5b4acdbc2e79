//! A service that joins the platform by its row in the table of services, and is found wherever services are.

use std::{sync::LazyLock, time::Duration};

use plyo::{
    platform::{self, Config, EdgeOptions},
    services::{self, Entry, SERVICES},
};
use plyo_client::Client;
use plyo_docs::Kinds;
use plyo_events::{Command, CommandKind, Event, EventKind, Message, Output, Rejection, UserId};
use plyo_migrations::Schemas;
use plyo_nats::{
    Incoming, Reactor, Rows, Service, Table, Tables,
    replay::{Purpose, Replay},
    row,
};
use plyo_servers::{Durability, free_port, nkeys, permissions};
use serde_json::json;
use sqlx::migrate::Migrator;

use crate::platform::{Fixture, eventually};

/// All that the platform has to be told of it.
const SIXTH: Entry = Entry {
    name: "sixth",
    port: 3006,
    health: "/api/v1/sixth/health",
    schemas: Schemas { folded: &TABLES, unfolded: &[] },
    service: || Service::new(Sixth),
    open: None,
};

static TABLES: Migrator = sqlx::migrate!("it/sixth");
static SIX: LazyLock<Vec<Entry>> = LazyLock::new(|| [SERVICES, &[SIXTH]].concat());

row! {
    struct Heard: "heard" {
        [user_id: UserId]
        workouts: u64,
    }
}

#[derive(Default)]
struct State {
    heard: Rows<Heard>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.heard]
    }
}

/// It listens and says nothing.
struct Sixth;

impl Reactor for Sixth {
    const NAME: &'static str = "sixth";
    const READS: &'static [EventKind] = &[EventKind::WorkoutCompleted, EventKind::WorkoutReminderDue];
    const TIMERS: &'static [EventKind] = &[EventKind::WorkoutReminderDue];
    const SENDS: &'static [CommandKind] = &[CommandKind::SetReminder];
    type State = State;

    fn needs(&self, _: Incoming<'_>, _: &mut State) {}

    fn decide(&self, _: &State, _: &Message<Command>) -> Result<Output, Rejection> {
        Err(plyo_events::rejection::UNKNOWN_COMMAND.into())
    }

    fn react(&self, _: &State, _: &Message<Event>) -> Output {
        Output::nothing()
    }

    fn evolve(&self, _: &mut State, _: &Message<Event>) {}
}

#[test]
fn a_sixth_service_is_a_row_and_its_rights_keys_ports_and_documents_follow() {
    assert_eq!(
        nkeys::users(&services::names(&SIX)),
        ["operator", "user", "workout", "achievement", "coach", "notification", "sixth", "edge"]
    );
    assert_eq!(services::port(&SIX, &["sixth".to_owned()]), 3006);
    assert!(services::help_of_only(&SIX).contains(", sixth, edge "), "{}", services::help_of_only(&SIX));
    assert!(services::help_of_listen(&SIX).contains("3006 sixth"), "{}", services::help_of_listen(&SIX));
    assert!(services::health_routes(&SIX).contains(&("/api/v1/sixth/health", "sixth")));

    let permissions = permissions::text(&services::made(&SIX));
    let (before, own) = permissions.split_once("$PLYO_NKEY_SIXTH").unwrap();
    assert!(!before.contains("sixth"), "others may do nothing in its name");
    for right in ["evt.sixth.*.*", "mark.sixth.*", "at.workout_reminder_due.*.*", "cmd.workout.set_reminder.*"] {
        assert!(own.contains(&format!("\"{right}\"")), "{right} is not in {own}");
    }
    assert!(own.contains("\"_INBOX.sixth.>\", \"q.sixth.*\"") && !own.contains("evt.workout"), "{own}");

    let operations =
        plyo_docs::documents(&Kinds::released(), &services::made(&SIX)).remove("asyncapi.json").unwrap()["operations"]
            .take();
    let of_sixth: Vec<&String> =
        operations.as_object().unwrap().keys().filter(|name| name.starts_with("sixth.")).collect();
    assert_eq!(
        of_sixth,
        [
            "sixth.receive.clock.workout_reminder_due",
            "sixth.receive.workout.completed",
            "sixth.send.schedule.workout_reminder_due",
            "sixth.send.workout.set_reminder",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sixth_service_runs_with_its_own_key_and_role_and_is_seen_to_be_well() {
    let fixture = Fixture::for_services(&SIX, Durability::Always).await;
    let sixth = services::find(&SIX, "sixth").unwrap();
    let migrated = sixth.migrate(&fixture.dsn()).await.unwrap();
    assert_eq!(migrated, ["schema sixth_loop: at 4", "schema sixth: at 1"]);

    let config = Config { postgres_url: fixture.dsn_as("{role}"), ..fixture.config() };
    let roles = ["sixth".to_owned(), "edge".to_owned()];
    let edge = EdgeOptions { limits: true, ..EdgeOptions::default() };
    let port = free_port().unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let running =
        tokio::spawn(async move { platform::run(&config, &SIX, &roles, edge, listener, std::future::pending()).await });
    let url = format!("http://127.0.0.1:{port}");
    eventually("the edge says that it is well", Duration::from_secs(20), async || {
        let answer = Client::new(&url)?.get("/api/v1/sixth/health").await?;
        Ok((answer.status == 200 && answer.body["status"] == "ok").then_some(()))
    })
    .await;
    let absent = Client::new(&url).unwrap().get("/api/v1/workouts/health").await.unwrap();
    assert_eq!((absent.status, &absent.body["status"]), (503, &json!("absent")), "{absent:?}");

    sixth.create_shadow(&fixture.dsn()).await.unwrap();
    let replay =
        Replay { nats: fixture.nats().await, dsn: fixture.dsn(), purpose: Purpose::Verify, progress: |_, _| {} };
    let report = (sixth.service)().replay(replay).await.unwrap();
    assert_eq!(report.differences, []);
    running.abort();
}
