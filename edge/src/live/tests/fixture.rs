//! What a test stands on: an edge with its own nats-server and a hub that the test feeds, and a client of it.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use plyo_events::{
    Aggregate, Event, Message, ReminderId, SessionId, Subject, UserId,
    user::{AccessClaims, TokenUse},
    workout::ReminderCancelled,
};
use plyo_nats::{CommandPublisher, Encoded, Nats, NatsConfig, Outcomes, Stored};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message as Frame, client::IntoClientRequest, http::Request},
};
use tower::layer::layer_fn;
use uuid::Uuid;

use crate::{
    Edge, EdgeConfig, EdgeState,
    caller::tests::{callers, key, token},
    connection::{Bounded, Bounds, OfConnection, Peer},
    limits::Limits,
    listener::Closing,
    live::{Hub, LiveTimes},
    sealing::Sealing,
    submit::InFlight,
};

/// The history that tests feed.
pub(super) const EPOCH: u64 = 1_790_000_000_000_000;

/// An edge whose hub the test feeds.
pub(super) struct Fixture {
    pub address: SocketAddr,
    pub hub: Arc<Hub>,
    next: u64,
    server: tokio::task::JoinHandle<()>,
    _nats_server: NatsServer,
}

/// A nats-server of the test's own; it ends with it.
struct NatsServer {
    process: Child,
    url: String,
}

/// A person with a session.
#[derive(Clone, Copy)]
pub(super) struct Person {
    pub user: UserId,
    pub session: SessionId,
}

/// A socket's other end.
pub(super) struct Client(pub WebSocketStream<TcpStream>);

impl Fixture {
    pub(super) async fn new() -> Self {
        Self::with(EdgeConfig::default()).await
    }

    pub(super) async fn with_times(live: LiveTimes) -> Self {
        Self::with(EdgeConfig { live, ..EdgeConfig::default() }).await
    }

    pub(super) async fn with(config: EdgeConfig) -> Self {
        let nats_server = NatsServer::start();
        let config_of_nats = NatsConfig { url: nats_server.url.clone(), name: "live-test".into(), nkey_seed: None };
        let nats = Nats::connect(&config_of_nats).await.unwrap();
        let callers = Arc::new(callers());
        let hub = Hub::new(EPOCH, 0, config.ring_events, Arc::clone(&callers));
        let state = EdgeState(Arc::new(Edge {
            commands: CommandPublisher::new(&nats, "test"),
            outcomes: Outcomes::subscribe(&nats, "test").await.unwrap(),
            in_flight: InFlight::default(),
            limits: Limits::new(false, None).await,
            sealing: Sealing::new(&nats),
            callers,
            hub: Arc::clone(&hub),
            nats,
            config,
        }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounds = Bounds::new(state.config.connections, state.config.trusted_proxies.clone());
        let write_timeout = state.config.live.write;
        let (listener, _) = Closing::new(listener, std::future::pending()).unwrap();
        let listener = Bounded { listener, bounds, write_timeout };
        let app = crate::router(state).layer(layer_fn(OfConnection)).into_make_service_with_connect_info::<Peer>();
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, hub, next: 1, server, _nats_server: nats_server }
    }

    /// Feeds events about these people, in this order, each with the next sequence.
    pub(super) fn feed(&mut self, people: impl IntoIterator<Item = Person>) {
        let events = people.into_iter().map(cancelled).collect();
        self.feed_events(events);
    }

    pub(super) fn feed_events(&mut self, events: Vec<(UserId, Event)>) {
        let encoded = |(user, event): (UserId, Event)| {
            (user.into(), event.kind().to_string(), Encoded::MessagePack(event.encode().into()))
        };
        self.feed_encoded(events.into_iter().map(encoded).collect());
    }

    /// Feeds an event about each of these, in this order.
    pub(super) fn feed_about(&mut self, subjects: impl IntoIterator<Item = Subject>) {
        let gathered = |subject| (subject, "probe.gathered.v1".to_owned(), Encoded::Json(r#"{"members":3}"#.into()));
        self.feed_encoded(subjects.into_iter().map(gathered).collect());
    }

    /// Feeds what travelled as these types.
    pub(super) fn feed_encoded(&mut self, events: Vec<(Subject, String, Encoded)>) {
        let stored = events.into_iter().map(|(subject, type_name, body)| {
            let sequence = self.next;
            self.next += 1;
            let message = Message::first(Uuid::now_v7(), subject, Timestamp::now(), body);
            Stored { sequence, type_name, message }
        });
        let stored = stored.collect();
        self.hub.append(stored);
    }

    /// A mark or another event that is nobody's: a hole in the sequences.
    pub(super) fn skip(&mut self, sequences: u64) {
        self.next += sequences;
    }

    pub(super) async fn connect(&self) -> Client {
        self.connect_with(TcpSocket::new_v4().unwrap(), self.request()).await
    }

    pub(super) async fn connect_with(&self, socket: TcpSocket, request: Request<()>) -> Client {
        let stream = socket.connect(self.address).await.unwrap();
        Client(client_async(request, stream).await.unwrap().0)
    }

    pub(super) fn request(&self) -> Request<()> {
        format!("ws://{}/api/v1/live", self.address).into_client_request().unwrap()
    }

    /// A socket of this person that is ready.
    pub(super) async fn listen(&self, person: Person, cursor: Option<&str>) -> (Client, Value) {
        let mut client = self.connect().await;
        client.say(json!({ "t": "hello", "token": person.token(600), "cursor": cursor })).await;
        let welcome = client.hear().await;
        assert_eq!(welcome["t"], "welcome", "{welcome}");
        (client, welcome)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Person {
    pub(super) fn new() -> Self {
        Self { user: UserId::mint(), session: SessionId::mint() }
    }

    /// An access token that expires in so many seconds.
    pub(super) fn token(self, seconds: i64) -> String {
        let now = Timestamp::now().as_second();
        let claims = AccessClaims {
            iss: "plyo".into(),
            aud: "plyo-api".into(),
            sub: self.user,
            sid: self.session,
            jti: uuid::Uuid::nil(),
            iat: now,
            exp: now + seconds,
            typ: TokenUse::Access,
        };
        token(&key(1), "k", &claims)
    }
}

impl Client {
    pub(super) async fn say(&mut self, frame: Value) {
        self.say_raw(Frame::Text(frame.to_string().into())).await;
    }

    pub(super) async fn say_raw(&mut self, frame: Frame) {
        self.0.send(frame).await.unwrap();
    }

    /// The next frame, in whichever format; a close is `{"close": code}`.
    pub(super) async fn hear(&mut self) -> Value {
        let hearing = async {
            loop {
                match self.0.next().await.unwrap().unwrap() {
                    Frame::Text(text) => return serde_json::from_str(&text).unwrap(),
                    Frame::Binary(bytes) => return rmp_serde::from_slice(&bytes).unwrap(),
                    Frame::Close(close) => return json!({ "close": close.map(|close| u16::from(close.code)) }),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), hearing).await.expect("the edge says something in time")
    }

    /// The next frames up to one of this type.
    pub(super) async fn hear_until(&mut self, kind: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.hear().await);
            if frames.last().is_some_and(|frame| frame["t"] == kind) {
                return frames;
            }
            assert!(frames.last().is_some_and(|frame| frame["close"].is_null()), "{frames:?}");
        }
    }

    /// Hears `bye` and the close with the same code, and nothing else but what `ignoring` names. Gives the `bye`.
    pub(super) async fn hear_bye(&mut self, code: u16, ignoring: &[&str]) -> Value {
        loop {
            let frame = self.hear().await;
            if ignoring.iter().any(|kind| frame["t"] == *kind) {
                continue;
            }
            assert_eq!((&frame["t"], &frame["code"]), (&json!("bye"), &json!(code)), "{frame}");
            assert_eq!(self.hear().await, json!({ "close": code }));
            return frame;
        }
    }
}

/// The sequences of the events among these frames, which name each other as their predecessors.
pub(super) fn sequences(frames: &[Value]) -> Vec<u64> {
    let events: Vec<&Value> = frames.iter().filter(|frame| frame["t"] == "evt").collect();
    assert!(events.windows(2).all(|pair| pair[0]["c"] == pair[1]["p"]), "{events:?}");
    events.iter().map(|event| sequence(&event["c"])).collect()
}

pub(super) fn sequence(cursor: &Value) -> u64 {
    cursor.as_str().and_then(|cursor| cursor.split_once('.')).unwrap().1.parse().unwrap()
}

pub(super) fn cursor(sequence: u64) -> String {
    format!("{EPOCH}.{sequence}")
}

/// A group that nobody else knows.
pub(super) fn a_group() -> Subject {
    Subject::Aggregate(Aggregate::Group, Uuid::now_v7())
}

/// Everybody may follow this group, and nothing else but themselves.
pub(super) fn only(group: Subject) -> Arc<dyn Fn(UserId, Subject) -> bool + Send + Sync> {
    Arc::new(move |_, subject| subject == group)
}

fn cancelled(person: Person) -> (UserId, Event) {
    (person.user, ReminderCancelled { reminder_id: ReminderId::mint(), revision: 1 }.into())
}

impl NatsServer {
    /// On a free port, which it says itself.
    fn start() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/nats-server");
        let program = if own.exists() { own } else { "nats-server".into() };
        let mut command = Command::new(program);
        command.args(["-a", "127.0.0.1", "-p", "-1"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("nats-server starts");
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let listening = log.by_ref().lines().find_map(|line| {
            Some(line.unwrap().split_once("Listening for client connections on ")?.1.trim().to_owned())
        });
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { process, url: format!("nats://{}", listening.expect("nats-server says where it listens")) }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
