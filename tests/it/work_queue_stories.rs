//! The way over from the one work queue in which all commands once waited.

use std::sync::atomic::AtomicBool;

use plyo_nats::{CommandPublisher, raw};
use serde_json::{Value, json};

use crate::{
    ledger::Ledger,
    platform::Fixture,
    replay_stories::{plyo, said},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];

/// The stream as it was.
fn queue() -> Value {
    json!({
        "name": "COMMANDS", "subjects": ["cmd.*.*.*"], "retention": "workqueue", "storage": "file", "discard": "new",
        "duplicate_window": 60_000_000_000_u64, "allow_atomic": true,
        "subject_transform": {
            "src": "cmd.*.*.*",
            "dest": "cmd.{{partition(16,3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}",
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_wait_in_the_old_queue_are_moved_in_their_order_and_handled_once() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    for service in ["user", "workout", "achievement", "coach", "notification"] {
        raw::api(&nats, &format!("STREAM.DELETE.COMMANDS_{service}"), &Value::Null).await.unwrap();
    }
    raw::api(&nats, "STREAM.CREATE.COMMANDS", &queue()).await.unwrap();
    let publisher = CommandPublisher::unanswered(&nats);
    let ledger = Ledger::keep_logging(&publisher, &AtomicBool::new(true)).await;

    let migrated = plyo(&fixture, &["migrate"]);
    let text = said(&migrated);
    assert!(migrated.status.success() && text.contains("moved 200 pending commands"), "{text}");
    assert!(raw::api(&nats, "STREAM.INFO.COMMANDS", &Value::Null).await.is_err(), "the queue is gone");
    let again = said(&plyo(&fixture, &["migrate"]));
    assert!(again.contains("stream COMMANDS_workout: unchanged") && !again.contains("moved"), "{again}");

    let _server = fixture.start(&BOTH);
    fixture.settle(&BOTH).await;
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
}
