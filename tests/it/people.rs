//! The people of the stories: they sign up, log in, train and listen.

use std::{sync::LazyLock, time::Duration};

use jiff::{SignedDuration, Timestamp};
use plyo_client::{Client, Live, Push};
use serde_json::{Value, json};

/// What somebody signs up and logs in with.
pub fn credentials(name: &str) -> Value {
    json!({ "email": format!("{name}@example.org"), "password": "long enough" })
}

/// Somebody who has signed up and logged in.
pub async fn somebody(url: &str, name: &str) -> Client {
    let mut client = Client::new(url).unwrap();
    client.post("/api/v1/auth/register", &credentials(name)).await.unwrap().success().unwrap();
    log_in(url, name).await.0
}

/// Another session of somebody who has signed up, with its tokens.
pub async fn log_in(url: &str, name: &str) -> (Client, Value) {
    let mut client = Client::new(url).unwrap();
    let tokens = client.post("/api/v1/auth/login", &credentials(name)).await.unwrap().success().unwrap();
    client.set_token(tokens["access_token"].as_str().unwrap());
    (client, tokens)
}

/// So many minutes after the time when everybody trains, which is some hours ago: what is written down more than a day late is
/// not celebrated. The same in a whole run, so that a workout is the same whenever it is asked for.
pub fn trained_at(minutes: i64) -> String {
    static START: LazyLock<Timestamp> = LazyLock::new(|| {
        let start = Timestamp::now() - SignedDuration::from_hours(12);
        Timestamp::from_second(start.as_second()).unwrap_or(start)
    });
    (*START + SignedDuration::from_mins(minutes)).to_string()
}

/// A bench press of five.
pub fn workout(kg: f64) -> Value {
    json!({ "started_at": trained_at(0), "exercises": [
        { "exercise": "barbell-bench-press", "sets": [{ "reps": 5, "load": { "kg": kg }, "rpe": 8 }] }] })
}

/// The next push of this kind.
pub async fn pushed(live: &mut Live, kind: &str) -> Push {
    tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let push = live.next().await.expect("the socket stays");
            if push.kind == kind {
                return push;
            }
        }
    })
    .await
    .unwrap_or_else(|_| panic!("no {kind} was pushed"))
}
