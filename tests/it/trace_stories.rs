//! What an operator follows from the request to the push: the spans of several processes, as a collector gets them.

use plyo_client::{Answer, Client, Live};
use plyo_events::Traceparent;
use serde_json::Value;

use crate::{
    collector::Collector,
    people::{pushed, somebody, workout},
    platform::Fixture,
    serving::Serving,
};

/// Spans leave after a moment, not after five seconds.
const AT_ONCE: [(&str, &str); 1] = [("OTEL_BSP_SCHEDULE_DELAY", "50")];

/// Posts a workout, with a caller's `traceparent` if there is one; gives the trace that it belongs to.
async fn post(ada: &mut Client, kg: f64, headers: &[(&str, &str)]) -> String {
    let posted = ada.send("POST", "/api/v1/workouts", headers, Some(workout(kg).to_string())).await.unwrap();
    assert_eq!(posted.status, 201, "{posted:?}");
    trace(&posted)
}

fn trace(answer: &Answer) -> String {
    let traceparent: Traceparent = answer.headers["traceparent"].to_str().unwrap().parse().unwrap();
    format!("{:032x}", traceparent.trace())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_one_trace_from_the_edge_over_two_services_to_the_push() {
    let (fixture, collector) = (Fixture::new().await, Collector::start().await);
    let exports = ["--otlp", &collector.url];
    let text = [&exports[..], &["--log-format", "text"]].concat();
    let (edge, workouts, achievements) = tokio::join!(
        Serving::start(&fixture, "edge,user", &exports, &AT_ONCE),
        Serving::start(&fixture, "workout", &text, &AT_ONCE),
        Serving::start(&fixture, "achievement", &exports, &AT_ONCE),
    );
    let mut ada = somebody(&edge.url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let trace = post(&mut ada, 60.0, &[]).await;
    let unlocked = pushed(&mut live, "achievement.unlocked.v1").await;

    let push = collector.span(&trace, "push achievement.unlocked.v1").await;
    assert_eq!((push.service.as_str(), &push.attributes["messaging.message.id"]), ("plyo", &unlocked.id));
    let achievement = collector.parent(&push).await;
    assert_eq!((achievement.service.as_str(), achievement.name.as_str()), ("plyo-achievement", "process EVENTS"));
    let handled = collector.parent(&achievement).await;
    assert_eq!((handled.service.as_str(), handled.name.as_str()), ("plyo-workout", "process COMMANDS_workout"));
    let attribute = |name: &str| handled.attributes[name].as_str();
    assert_eq!((attribute("messaging.system"), attribute("messaging.operation.type")), ("nats", "process"));
    assert_eq!((attribute("messaging.batch.message_count"), attribute("plyo.lane")), ("1", "0"));
    let request = collector.parent(&handled).await;
    assert_eq!((request.service.as_str(), request.name.as_str()), ("plyo", "POST /api/v1/workouts"));
    assert_eq!((request.attributes["http.response.status_code"].as_str(), request.parent.as_str()), ("201", ""));

    // A trace that the caller began goes on; what is asked for meanwhile is part of it.
    let given = Traceparent::mint();
    let id = format!("{:032x}", given.trace());
    let asked = ada.send("GET", "/api/v1/workouts", &[("traceparent", &given.to_string())], None).await.unwrap();
    assert_eq!(asked.status, 200, "{asked:?}");
    let request = collector.span(&id, "GET /api/v1/workouts").await;
    assert_eq!(request.parent, format!("{:016x}", given.span()));
    let answer = collector.span(&id, "workout/list").await;
    assert_eq!((answer.service.as_str(), &answer.parent), ("plyo-workout", &request.id));

    // A caller who does not want a trace recorded has none, and it goes on all the same.
    let silent = Traceparent::new(given.trace() ^ 1, given.span(), 0).unwrap();
    let unrecorded = post(&mut ada, 61.0, &[("traceparent", &silent.to_string())]).await;
    let recorded = post(&mut ada, 62.0, &[]).await;
    collector.span(&recorded, "push workout.completed.v1").await;
    assert_eq!(unrecorded, format!("{:032x}", silent.trace()));
    assert!(collector.trace(&unrecorded).is_empty(), "{:?}", collector.trace(&unrecorded));

    // A line of the log is for programs, unless it is said.
    for process in [&edge, &achievements] {
        for line in process.log().lines() {
            serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        }
    }
    let log = workouts.log();
    assert!(log.lines().any(|line| line.contains("INFO") && line.contains("owns the lane")), "{log}");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_err()), "{log}");
}
