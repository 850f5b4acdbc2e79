//! Pages of other origins, as browsers let them: what the document lists can be sent and read, by those that are allowed.

use std::collections::BTreeSet;

use plyo_client::Client;
use plyo_edge::EdgeConfig;
use serde_json::Value;

use crate::{
    command_line,
    edges::Edge,
    people::{log_in, somebody, workout},
    platform::Fixture,
};

const PAGE: &str = "https://app.example";

fn names(answer: &plyo_client::Answer, header: &str) -> BTreeSet<String> {
    let value = answer.headers.get(header).map_or("", |value| value.to_str().unwrap());
    value.split(',').map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty()).collect()
}

/// What browsers never ask for, or give to every page.
const SAFE: [&str; 4] = ["accept-language", "cache-control", "content-language", "content-length"];

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_can_do_what_the_document_says() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    somebody(&url, "ada").await;
    let config = EdgeConfig { allowed_origins: vec![PAGE.parse().unwrap()], ..EdgeConfig::default() };
    let edge = Edge::start(&fixture, config).await;
    let mut client = Client::new(&edge.url).unwrap();
    let document = client.get("/api/openapi.json").await.unwrap().body;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().unwrap().iter();
            let sent: Vec<&str> = parameters
                .filter(|parameter| parameter["in"] == "header")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .chain(["authorization", "content-type", "traceparent"])
                .collect();
            let asked = [
                ("origin", PAGE),
                ("access-control-request-method", &method.to_uppercase()),
                ("access-control-request-headers", &sent.join(",")),
            ];
            let allowed = client.send("OPTIONS", &path.replace("{id}", "1"), &asked, None).await.unwrap();
            assert_eq!(allowed.headers["access-control-allow-origin"], PAGE, "{method} {path}");
            assert!(names(&allowed, "access-control-allow-methods").contains(method), "{method} {path}");
            let headers = names(&allowed, "access-control-allow-headers");
            let missing: Vec<_> = sent.iter().filter(|name| !headers.contains(&name.to_lowercase())).collect();
            assert!(missing.is_empty(), "{method} {path} does not allow {missing:?}");
        }
    }
    let (mut ada, _) = log_in(&edge.url, "ada").await;
    let saved =
        ada.send("POST", "/api/v1/workouts", &[("origin", PAGE)], Some(workout(60.0).to_string())).await.unwrap();
    let read = ada.send("GET", "/api/v1/workouts", &[("origin", PAGE)], None).await.unwrap();
    let refused = client.send("GET", "/api/v1/workouts", &[("origin", PAGE)], None).await.unwrap();
    for answer in [&saved, &read, &refused] {
        let exposed = names(answer, "access-control-expose-headers");
        let own = answer.headers.keys().map(|name| name.as_str().to_owned());
        let hidden: Vec<String> = own
            .filter(|name| !name.starts_with("access-control-") && !exposed.contains(name))
            .filter(|name| !SAFE.contains(&name.as_str()) && !["content-type", "date", "vary"].contains(&name.as_str()))
            .collect();
        assert!(hidden.is_empty(), "{hidden:?} cannot be read: {answer:?}");
    }
    let exposed = names(&saved, "access-control-expose-headers");
    assert!(["etag", "location", "retry-after"].iter().all(|name| exposed.contains(*name)), "{exposed:?}");
    for foreign in ["https://evil.example", "https://app.example.evil.example", "null"] {
        let answer = client.send("GET", "/health", &[("origin", foreign)], None).await.unwrap();
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{foreign}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_never_matches_is_refused_before_anything_starts() {
    let directory = command_line::reachable_directory();
    for (origin, reason) in [
        ("*", "name the origins"),
        ("https://app.example/", "browsers send \"https://app.example\""),
        ("app.example", "is not an origin"),
    ] {
        let up = command_line::output(directory.path(), &["up", "--allowed-origins", origin], b"");
        assert!(!up.status.success() && command_line::said(&up).contains(reason), "{}", command_line::said(&up));
        assert!(!directory.path().join(".plyo").exists(), "something was started");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_are_described_where_the_operations_are() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let served = Client::new(&url).unwrap().get("/api/asyncapi.json").await.unwrap();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/asyncapi.json");
    let committed: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(served.body["channels"]["live"], committed["channels"]["live"]);
    assert_eq!(served.body["asyncapi"], "3.0.0");
}
