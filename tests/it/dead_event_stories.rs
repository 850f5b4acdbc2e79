//! Events that can never be processed: each is kept with its reason and left out of the tables, until the code is mended
//! and a rebuild folds it in.

use plyo_events::{EventId, UserId};
use plyo_nats::{CommandPublisher, dead, raw, streams};

use crate::{
    child::Server,
    ledger::{log, send},
    platform::Fixture,
    replay_stories::{plyo, rebuild, said},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];
const MENDED: [&str; 2] = ["tally:workout", "tally:achievement:mended"];

/// Somebody logs a workout, an event about them comes that is garbage, and they log another.
struct Garbled {
    fixture: Fixture,
    _server: Server,
    user: UserId,
    /// Where the garbage is in `EVENTS`.
    sequence: u64,
}

impl Garbled {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        fixture.ends_with_dead_letters();
        let nats = fixture.nats().await;
        let server = fixture.start(&BOTH);
        let user = UserId::mint();
        log_all(&fixture, user, &[5]).await;
        let header = |name: &str, value: String| (name.to_owned(), value);
        let headers = vec![
            header("ce-id", EventId::mint().to_string()),
            header("ce-type", "workout.completed.v1".to_owned()),
            header("ce-time", "2026-11-24T00:00:00Z".to_owned()),
        ];
        let garbage = (format!("evt.workout.completed.{user}"), headers, b"\xc1garbage".to_vec());
        raw::publish_pipelined(&nats, vec![garbage], 1).await.unwrap();
        let sequence = streams::state(&nats, "EVENTS").await.unwrap().last;
        log_all(&fixture, user, &[5]).await;
        Self { fixture, _server: server, user, sequence }
    }
}

/// Logs workouts of so many repetitions, one after another, and waits until everything has followed from them.
async fn log_all(fixture: &Fixture, user: UserId, reps: &[u32]) {
    let publisher = CommandPublisher::new(&fixture.nats().await, "test");
    for reps in reps {
        send(&publisher, &log(user, *reps)).await;
    }
    fixture.settle(&BOTH).await;
}

/// How many workouts of this user the achievement service knows.
async fn counted(fixture: &Fixture, user: UserId) -> i64 {
    let mut db = fixture.database("achievement").await;
    let sql = "SELECT n FROM tally WHERE user_id = $1";
    sqlx::query_scalar(sql).bind(user.uuid()).fetch_one(&mut db).await.unwrap()
}

/// The events that a replay of the achievement service leaves out, and why.
async fn skipped(fixture: &Fixture) -> Vec<(i64, String)> {
    let mut db = fixture.database("achievement").await;
    sqlx::query_as("SELECT sequence, reason FROM skipped ORDER BY sequence").fetch_all(&mut db).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_nobody_can_read_is_a_dead_letter_and_what_comes_after_it_goes_on() {
    let Garbled { fixture, _server, user, sequence } = Garbled::new().await;
    let letters = dead::list(&fixture.nats().await).await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((letter.service.as_str(), letter.stream.as_str(), letter.attempts), ("achievement", "EVENTS", 1));
    assert_eq!(skipped(&fixture).await, [(sequence as i64, letter.reason.clone())]);
    assert_eq!(counted(&fixture, user).await, 2);
    assert_eq!(fixture.verify(&["tally:achievement"]).await, Vec::<String>::new());

    // A rebuild leaves it out, too, and one that is told that the code is mended says where it is not.
    rebuild(&fixture, "tally:achievement", false, false).await.unwrap();
    let unmended = rebuild(&fixture, "tally:achievement:mended", true, false).await.unwrap_err();
    assert!(format!("{unmended:#}").contains(&format!("sequence {sequence}")), "{unmended:#}");
    log_all(&fixture, user, &[5]).await;
    assert_eq!((counted(&fixture, user).await, skipped(&fixture).await.len()), (3, 1));
    assert_eq!(fixture.verify(&["tally:achievement"]).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_a_reaction_panics_on_is_left_out_until_the_code_is_mended() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let unmended = fixture.start(&BOTH);
    let (user, another) = (UserId::mint(), UserId::mint());
    log_all(&fixture, user, &[5, 5, 888, 5, 5]).await;
    log_all(&fixture, another, &[5, 5, 5, 5, 5]).await;
    let letters = dead::list(&nats).await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert!(letter.reason.contains("planted in a reaction") && letter.attempts == 3, "{letter:?}");
    let [(_, reason)] = &skipped(&fixture).await[..] else { panic!("one event is left out") };
    assert_eq!(reason, &letter.reason);
    assert_eq!((counted(&fixture, user).await, counted(&fixture, another).await), (4, 5));
    assert_eq!(fixture.verify(&BOTH).await, Vec::<String>::new());
    let refused = dead::replay(&nats, letter.sequence).await.unwrap_err().to_string();
    assert!(refused.contains("plyo rebuild achievement --mended"), "{refused}");

    drop(unmended);
    let _mended = fixture.start(&MENDED);
    let report = rebuild(&fixture, "tally:achievement:mended", true, false).await.unwrap();
    assert_eq!(report.differences, []);
    assert_eq!((counted(&fixture, user).await, skipped(&fixture).await), (5, Vec::new()));
    log_all(&fixture, user, &[888]).await;
    assert_eq!((counted(&fixture, user).await, counted(&fixture, another).await), (6, 5));
    assert_eq!(fixture.verify(&MENDED).await, Vec::<String>::new());
    dead::drop_letter(&nats, letter.sequence).await.unwrap();
    assert!(dead::list(&nats).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_lists_shows_and_drops_a_dead_event_and_hears_why_it_is_not_given_again() {
    let Garbled { fixture, _server, sequence, .. } = Garbled::new().await;
    let listed = plyo(&fixture, &["dead", "list"]);
    assert!(listed.status.success(), "{}", said(&listed));
    let line = "1  achievement  workout.completed.v1  after 1 attempts: ";
    assert!(said(&listed).lines().any(|said| said.starts_with(line)), "{}", said(&listed));
    let as_json = said(&plyo(&fixture, &["dead", "list", "--json"]));
    let letters = as_json[as_json.find('[').unwrap()..].trim();
    let letters: serde_json::Value = serde_json::from_str(letters).unwrap();
    assert_eq!((&letters[0]["stream"], letters.as_array().unwrap().len()), (&"EVENTS".into(), 1));

    let shown = said(&plyo(&fixture, &["dead", "show", "1"]));
    assert!(shown.contains("8 bytes [c1, 67, 61, 72, 62, 61, 67, 65]"), "{shown}");
    let refused = plyo(&fixture, &["dead", "replay", "1"]);
    let words = "1 is an event: once the code is fixed, `plyo rebuild achievement --mended` folds it in";
    assert!(!refused.status.success() && said(&refused).contains(words), "{}", said(&refused));

    let dropped = plyo(&fixture, &["dead", "drop", "1"]);
    assert!(dropped.status.success() && said(&dropped).contains("1 was removed"), "{}", said(&dropped));
    assert!(said(&plyo(&fixture, &["dead", "list"])).contains("no dead letters"));
    for verb in ["show", "drop", "replay"] {
        let missing = plyo(&fixture, &["dead", verb, "1"]);
        assert!(!missing.status.success() && said(&missing).contains("plyo dead list"), "{verb}: {}", said(&missing));
    }
    // A letter that is gone changes nothing about the tables.
    assert_eq!(skipped(&fixture).await[0].0, sequence as i64);
    assert_eq!(fixture.verify(&["tally:achievement"]).await, Vec::<String>::new());
}
