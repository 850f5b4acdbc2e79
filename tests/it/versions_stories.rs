//! A message with three versions on its whole way: through a service, a replay, the edge, the command line, the documents.

use std::{collections::BTreeSet, sync::LazyLock, time::Duration};

use plyo::services::{self, Entry, SERVICES};
use plyo_client::{Client, Live};
use plyo_docs::Kinds;
use plyo_events::{Command, Event, EventId, EventKind, Message, Output, Rejection, UserId};
use plyo_migrations::Schemas;
use plyo_nats::{
    Health, Incoming, Reactor, Rows, RunConfig, Service, Table, Tables, dead, raw,
    replay::{Purpose, Replay},
    row,
};
use plyo_servers::Durability;
use serde_json::{Value, json};
use sqlx::migrate::Migrator;

use crate::{
    command_line,
    platform::{Fixture, eventually},
};

const SCALES: Entry = Entry {
    name: "scales",
    port: 3006,
    health: "/api/v1/scales/health",
    schemas: Schemas { folded: &TABLES, unfolded: &[] },
    service: || Service::new(Scales),
    open: None,
};

static TABLES: Migrator = sqlx::migrate!("it/scales");
static WITH_SCALES: LazyLock<Vec<Entry>> = LazyLock::new(|| [SERVICES, &[SCALES]].concat());

row! {
    struct Weighed: "weighed" {
        [user_id: UserId]
        times: u64,
        grams: u64,
    }
}

#[derive(Default)]
struct State {
    weighed: Rows<Weighed>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.weighed]
    }
}

/// It adds up what is measured, and knows the newest version alone.
struct Scales;

impl Reactor for Scales {
    const NAME: &'static str = "scales";
    const READS: &'static [EventKind] = &[EventKind::Measured];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        if let Incoming::Event(event) = message {
            state.weighed.want((event.user(),));
        }
    }

    fn decide(&self, _: &State, _: &Message<Command>) -> Result<Output, Rejection> {
        Err(plyo_events::rejection::UNKNOWN_COMMAND.into())
    }

    fn react(&self, _: &State, _: &Message<Event>) -> Output {
        Output::nothing()
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        if let Event::Measured(measured) = &event.body {
            let user_id = event.user();
            let (times, grams) = state.weighed.get(&(user_id,)).map_or((0, 0), |row| (row.times, row.grams));
            state.weighed.put(Weighed { user_id, times: times + 1, grams: grams + u64::from(measured.grams) });
        }
    }
}

/// An event as an older binary, or a newer one, published it.
fn measured(user: UserId, version: u32, data: &Value) -> raw::Raw {
    let headers = [
        ("ce-id", EventId::mint().to_string()),
        ("ce-type", format!("probe.measured.v{version}")),
        ("ce-time", "2026-11-24T00:00:00Z".to_owned()),
        ("ce-datacontenttype", "application/msgpack".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    (format!("evt.probe.measured.{user}"), headers, rmp_serde::to_vec_named(data).unwrap())
}

async fn weighed(fixture: &Fixture, user: UserId) -> Option<(i64, i64)> {
    let query = sqlx::query_as("SELECT times, grams FROM weighed WHERE user_id = $1").bind(user.uuid());
    query.fetch_optional(&mut fixture.database("scales").await).await.unwrap()
}

async fn replay(fixture: &Fixture, purpose: Purpose) -> plyo_nats::replay::Report {
    let scales = services::find(&WITH_SCALES, "scales").unwrap();
    scales.create_shadow(&fixture.dsn()).await.unwrap();
    let replay = Replay { nats: fixture.nats().await, dsn: fixture.dsn(), purpose, progress: |_, _| {} };
    (scales.service)().replay(replay).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_folded_as_the_newest_and_reaches_clients_as_it_travelled() {
    let fixture = Fixture::for_services(&WITH_SCALES, Durability::Always).await;
    fixture.ends_with_dead_letters();
    services::find(&WITH_SCALES, "scales").unwrap().migrate(&fixture.dsn()).await.unwrap();
    let (_platform, url) = fixture.start_platform().await;
    let (nats, dsn) = (fixture.config().nats("scales").await.unwrap(), fixture.own_dsn("scales"));
    let service = Service::new(Scales);
    let running =
        tokio::spawn(async move { plyo_nats::run(service, nats, &dsn, Health::default(), RunConfig::default()).await });
    let mut client = Client::new(&url).unwrap();
    let credentials = json!({ "email": "ada@example.org", "password": "long enough" });
    client.post("/api/v1/auth/register", &credentials).await.unwrap().success().unwrap();
    let tokens = client.post("/api/v1/auth/login", &credentials).await.unwrap().success().unwrap();
    let (ada, token): (UserId, _) =
        (tokens["user_id"].as_str().unwrap().parse().unwrap(), tokens["access_token"].as_str().unwrap());
    // Of the log-in there are events, too.
    fixture.settle(&["user"]).await;
    let mut live = Live::connect(client.authority(), token, None, &["me"]).await.unwrap();

    let sent = [
        (1, json!({ "weight": "1.5 kg" })),
        (3, json!({ "grams": 7, "by": "scale" })),
        (1, json!({ "weight": "heavy" })),
        (2, json!({ "grams": 500 })),
    ];
    let nats = fixture.nats().await;
    let messages = sent.iter().map(|(version, data)| measured(ada, *version, data)).collect();
    raw::publish_pipelined(&nats, messages, 1).await.unwrap();
    for (version, data) in &sent {
        let pushed = tokio::time::timeout(Duration::from_secs(20), live.next()).await.expect("a push").unwrap();
        assert_eq!((pushed.kind, &pushed.data), (format!("probe.measured.v{version}"), data));
    }
    assert_eq!(live.gaps, 0);

    eventually("three are weighed", Duration::from_secs(30), async || {
        Ok((weighed(&fixture, ada).await == Some((3, 2_007))).then_some(()))
    })
    .await;
    let letters = dead::list(&nats).await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((letter.service.as_str(), letter.message_type.as_deref()), ("scales", Some("probe.measured.v1")));
    assert!(letter.reason.contains("`probe.measured.v1`") && letter.reason.contains("v2"), "{letter:?}");

    assert_eq!(replay(&fixture, Purpose::Verify).await.differences, []);
    replay(&fixture, Purpose::Rebuild { mended: false, new_history: false }).await;
    assert_eq!(weighed(&fixture, ada).await, Some((3, 2_007)));
    running.abort();
}

#[test]
fn decode_shows_a_body_as_it_is_or_in_the_newest_version_of_its_type() {
    let directory = tempfile::tempdir().unwrap();
    let body = json!({ "weight": "1.5 kg" });
    let packed = rmp_serde::to_vec_named(&body).unwrap();
    let shown = |arguments: &[&str], input: &[u8]| {
        let output = command_line::output(directory.path(), arguments, input);
        // The test binary speaks before and after, as every one does.
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let json = said.find('{').and_then(|start| Some(&said[start..=said.rfind('}')?]));
        match json.and_then(|json| serde_json::from_str::<Value>(json).ok()) {
            Some(json) => Ok(json),
            None => Err(command_line::said(&output)),
        }
    };
    let newest = json!({ "grams": 1_500, "by": "unknown" });
    for input in [&packed, &body.to_string().into_bytes()] {
        assert_eq!(shown(&["decode"], input), Ok(body.clone()));
        assert_eq!(shown(&["decode", "--type", "probe.measured.v1"], input), Ok(newest.clone()));
    }
    let command = rmp_serde::to_vec_named(&json!({ "members": 3 })).unwrap();
    assert_eq!(shown(&["decode", "--type", "probe.gather.v1"], &command), Ok(json!({ "members": 3 })));
    for (type_name, why) in [
        ("probe.measured.v2", "cannot decode the body of `probe.measured.v2`"),
        ("probe.measured.v9", "is newer than this binary knows"),
        ("probe.danced.v1", "unknown type `probe.danced.v1`"),
    ] {
        let said = shown(&["decode", "--type", type_name], &packed).unwrap_err();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn documents_name_every_version_of_a_message_and_what_it_is_about() {
    let documents = plyo_docs::documents(&Kinds::of_this_build(), &services::made(SERVICES));
    for version in 1..=3 {
        let schema = &documents[&format!("probe.measured.v{version}.json")];
        assert_eq!(schema["$id"], format!("urn:plyo:probe.measured.v{version}"));
    }
    let asyncapi = &documents["asyncapi.json"];
    let official = serde_json::from_str(include_str!("asyncapi/3.0.0.json")).unwrap();
    assert!(jsonschema::draft7::new(&official).unwrap().is_valid(asyncapi));
    let messages = |place: &str| -> BTreeSet<String> {
        let of_channel = asyncapi.pointer(place).unwrap_or_else(|| panic!("{place}"));
        let name = |reference: &Value| reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        match of_channel {
            Value::Object(messages) => messages.values().map(name).collect(),
            references => references.as_array().unwrap().iter().map(name).collect(),
        }
    };
    let every: BTreeSet<String> = (1..=3).map(|version| format!("probe.measured.v{version}")).collect();
    assert_eq!(messages("/channels/probe.measured/messages"), every);
    assert_eq!(messages("/operations/edge.receive.probe.measured/messages"), every);
    let newest = BTreeSet::from(["probe.measured.v3".to_owned()]);
    assert_eq!(messages("/operations/probe.send.probe.measured/messages"), newest, "an earlier one is sent no more");
    assert_eq!(asyncapi["channels"]["probe.gathered"]["address"], "evt.{partition}.probe.gathered.{group}");
    assert!(asyncapi["components"]["parameters"]["group"].is_object());

    let released = plyo_docs::documents(&Kinds::released(), &services::made(SERVICES));
    assert!(released.keys().all(|name| !name.starts_with("probe.")));
    assert!(!released["asyncapi.json"].to_string().contains("probe."));
}
