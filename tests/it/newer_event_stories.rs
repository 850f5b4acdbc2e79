//! Events that only newer services know, on their way through an edge of today to everybody who listens.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use plyo_client::Client;
use plyo_events::{EventId, UserId};
use plyo_nats::raw;
use plyo_servers::free_port;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{
    child::{Role, Server},
    people::somebody,
    platform::Fixture,
};

/// What a newer service says about her: a type and a version that no binary of today knows, in both notations.
fn newer(user: UserId) -> Vec<(&'static str, Value, raw::Raw)> {
    let data = json!({ "minutes": 40, "poses": ["cobra", "crow"], "calm": 0.5, "note": null });
    let packed = rmp_serde::to_vec_named(&data).unwrap();
    [
        ("evt.yoga.flowed", "yoga.flowed.v1", "application/msgpack", packed.clone()),
        ("evt.workout.reminder_set", "reminder.set.v9", "application/msgpack", packed),
        ("evt.yoga.stretched", "yoga.stretched.v2", "application/json", data.to_string().into_bytes()),
    ]
    .into_iter()
    .map(|(subject, type_name, content_type, body)| {
        let headers = [
            ("ce-id", EventId::mint().to_string()),
            ("ce-type", type_name.to_owned()),
            ("ce-time", "2026-11-24T00:00:00Z".to_owned()),
            ("ce-datacontenttype", content_type.to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        (type_name, data.clone(), (format!("{subject}.{user}"), headers, body))
    })
    .collect()
}

/// A socket that speaks JSON or MessagePack, and is ready.
struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(client: &Client, cursor: Option<&str>, packed: bool) -> Self {
        let stream = TcpStream::connect(client.authority()).await.unwrap();
        let mut socket =
            Self(client_async(format!("ws://{}/api/v1/live", client.authority()), stream).await.unwrap().0);
        let hello = json!({ "t": "hello", "token": client.token(), "cursor": cursor });
        let hello = match packed {
            true => Message::Binary(rmp_serde::to_vec_named(&hello).unwrap().into()),
            false => Message::text(hello.to_string()),
        };
        socket.0.send(hello).await.unwrap();
        assert_eq!(socket.hear("welcome").await["resume"]["mode"], if cursor.is_some() { "replay" } else { "live" });
        if cursor.is_none() {
            socket.hear("ready").await;
        }
        socket
    }

    async fn hear(&mut self, t: &str) -> Value {
        let hearing = async {
            loop {
                let frame: Value = match self.0.next().await.unwrap().unwrap() {
                    Message::Text(text) => serde_json::from_str(&text).unwrap(),
                    Message::Binary(bytes) => rmp_serde::from_slice(&bytes).unwrap(),
                    _ => continue,
                };
                if frame["t"] == t {
                    return frame;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), hearing).await.unwrap_or_else(|_| panic!("no {t} came"))
    }
}

/// A client of server-sent events; gives the `data` of those that have some, with its type.
struct Events(Lines<BufReader<TcpStream>>);

impl Events {
    async fn open(client: &Client, cursor: &str) -> Self {
        let mut stream = TcpStream::connect(client.authority()).await.unwrap();
        // HTTP/1.0: the body is not cut into chunks.
        let request = format!(
            "GET /api/v1/events HTTP/1.0\r\nauthorization: Bearer {}\r\nlast-event-id: {cursor}\r\n\r\n",
            client.token().unwrap()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        Self(BufReader::new(stream).lines())
    }

    async fn next(&mut self) -> (String, Value) {
        let reading = async {
            let mut event = String::new();
            loop {
                let line = self.0.next_line().await.unwrap().expect("the stream goes on");
                if let Some(name) = line.strip_prefix("event: ") {
                    name.clone_into(&mut event);
                } else if let Some(data) = line.strip_prefix("data: ").filter(|_| event.contains(".v")) {
                    return (event, serde_json::from_str(data).unwrap());
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("an event comes")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_newer_services_know_reaches_everybody_who_listens_live_and_on_resume() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let me = ada.get("/api/v1/auth/me").await.unwrap().success().unwrap();
    // Of the log-in there are events, too.
    fixture.settle(&["user"]).await;
    let sent = newer(me["user_id"].as_str().unwrap().parse().unwrap());
    let mut sockets = [Socket::open(&ada, None, false).await, Socket::open(&ada, None, true).await];
    let messages = sent.iter().map(|(.., message)| message.clone()).collect();
    raw::publish_pipelined(&fixture.nats().await, messages, 1).await.unwrap();
    // Where everybody begins again later.
    let mut before = String::new();
    for socket in &mut sockets {
        let mut cursor = Value::Null;
        for (type_name, data, (_, headers, _)) in &sent {
            let event = socket.hear("evt").await;
            assert_eq!((&event["type"], &event["data"]), (&json!(type_name), data), "{event}");
            assert_eq!((&event["id"], &event["topic"]), (&json!(headers[0].1), &json!("me")), "{event}");
            if cursor.is_null() {
                event["p"].as_str().unwrap().clone_into(&mut before);
            } else {
                assert_eq!(event["p"], cursor, "a gap");
            }
            cursor = event["c"].clone();
        }
    }
    // The same again for who was away, from the ring of this edge and from that of one that starts.
    let port = free_port().unwrap();
    let _second = Server::start(&Role { edge_port: Some(port), ..fixture.role(&[]) });
    let url = format!("http://127.0.0.1:{port}");
    fixture.ready(&url).await;
    let mut elsewhere = Client::new(&url).unwrap();
    elsewhere.set_token(ada.token().unwrap());
    for client in [&ada, &elsewhere] {
        for packed in [false, true] {
            let mut socket = Socket::open(client, Some(&before), packed).await;
            for (type_name, data, _) in &sent {
                let event = socket.hear("evt").await;
                assert_eq!((&event["type"], &event["data"]), (&json!(type_name), data), "{event}");
            }
        }
        let mut events = Events::open(client, &before).await;
        for (type_name, data, _) in &sent {
            let (event, said) = events.next().await;
            assert_eq!((event.as_str(), &said["type"], &said["data"]), (*type_name, &json!(type_name), data), "{said}");
        }
    }
}
