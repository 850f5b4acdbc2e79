//! Behind the proxies that people have: nginx with nothing but `proxy_pass`, and HAProxy, as Debian packages them.

use std::{
    fs,
    io::Read,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use flate2::read::GzDecoder;
use ipnet::IpNet;
use plyo_client::Client;
use plyo_edge::EdgeConfig;
use plyo_servers::free_port;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    edges::Edge,
    people::{log_in, somebody, workout},
    platform::{Fixture, REAL, eventually},
    skipped::skip,
};

/// A proxy that ends with its test.
struct Proxy {
    process: Child,
    url: String,
    _directory: tempfile::TempDir,
}

impl Proxy {
    /// nginx before `target`, compressing whatever a client takes so; `None` where it is not installed.
    async fn nginx(target: &str) -> Option<Self> {
        let config = |port: u16, place: &Path| {
            let place = place.display();
            format!(
                "daemon off; pid {place}/pid; error_log {place}/error.log;
                 events {{ }}
                 http {{
                   access_log off;
                   client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;
                   uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
                   gzip on; gzip_proxied any; gzip_min_length 0; gzip_http_version 1.0; gzip_types *;
                   server {{
                     listen 127.0.0.1:{port};
                     location / {{ proxy_pass {target}; }}
                     location /named/ {{
                       proxy_pass {target}/; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                     }}
                   }}
                 }}"
            )
        };
        Self::start("nginx", "-v", &["-e", "stderr", "-c"], config).await
    }

    /// HAProxy before `target`, which names its clients and compresses.
    async fn haproxy(target: &str) -> Option<Self> {
        let authority = target.trim_start_matches("http://").to_owned();
        let config = |port: u16, _: &Path| {
            format!(
                "defaults
                   mode http
                   timeout connect 5s
                   timeout client 30s
                   timeout server 60s
                   timeout tunnel 60s
                   option forwardfor
                   compression algo gzip
                   compression type text/event-stream application/json
                 frontend plyo
                   bind 127.0.0.1:{port}
                   default_backend edge
                 backend edge
                   server edge {authority}\n"
            )
        };
        Self::start("haproxy", "-v", &["-db", "-f"], config).await
    }

    async fn start(
        program: &str,
        version: &str,
        arguments: &[&str],
        config: impl Fn(u16, &Path) -> String,
    ) -> Option<Self> {
        let found = Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if found.is_err() {
            skip(&format!("{program} is not installed: apt-get install {program}"));
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let path = directory.path().join("config");
        fs::write(&path, config(port, directory.path())).unwrap();
        let process = Command::new(program).args(arguments).arg(&path).stdin(Stdio::null()).spawn().unwrap();
        let proxy = Self { process, url: format!("http://127.0.0.1:{port}"), _directory: directory };
        eventually("the proxy listens", Duration::from_secs(10), async || {
            Ok(TcpStream::connect(("127.0.0.1", port)).await.is_ok().then_some(()))
        })
        .await;
        Some(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Its workers end with it, if it is asked.
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(self.process.id() as i32),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = self.process.wait();
    }
}

/// What comes of a stream of events through a proxy, which may have compressed it.
struct Events {
    stream: TcpStream,
    head: String,
    body: Vec<u8>,
}

impl Events {
    /// In HTTP/1.0 the body is not cut into chunks, which no decompressor understands.
    async fn open(client: &Client, version: &str) -> Self {
        let mut stream = TcpStream::connect(client.authority()).await.unwrap();
        let request = format!(
            "GET /api/v1/events HTTP/{version}\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept-encoding: gzip\r\n\r\n",
            client.authority(),
            client.token().unwrap()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(Duration::from_secs(5), stream.read_u8()).await.unwrap().unwrap());
        }
        Self { stream, head: String::from_utf8(head).unwrap().to_lowercase(), body: Vec::new() }
    }

    fn is_compressed(&self) -> bool {
        self.head.contains("content-encoding: gzip")
    }

    /// What can be read of it by now.
    fn text(&self) -> String {
        if !self.is_compressed() {
            return String::from_utf8_lossy(&self.body).into_owned();
        }
        let mut text = Vec::new();
        // It has no end yet.
        let _ = GzDecoder::new(&self.body[..]).read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Waits until `wanted` came so often.
    async fn until(&mut self, wanted: &str, times: usize) {
        let reading = async {
            while self.text().matches(wanted).count() < times {
                assert!(self.stream.read_buf(&mut self.body).await.unwrap() > 0, "it ended: {}", self.text());
            }
        };
        let came = timeout(Duration::from_secs(5), reading).await;
        assert!(came.is_ok(), "{wanted} was held back: {}{}", self.head, self.text());
    }
}

/// Somebody trains, and hears of it by server-sent events as it happens.
async fn what_is_posted_is_heard_of(url: &str, version: &str) -> Events {
    let (mut client, _) = log_in(url, "ada").await;
    let mut events = Events::open(&client, version).await;
    assert!(events.head.contains("no-transform"), "{}", events.head);
    // Nothing is held back: not the first event, nor those that follow one by one.
    events.until("event: checkpoint", 1).await;
    for times in [1, 2] {
        client.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
        events.until("event: workout.completed", times).await;
    }
    // A tag that was weakened on the way is known.
    let answer = client.send("GET", "/api/v1/workouts", &[("accept-encoding", "gzip")], None).await.unwrap();
    let tag = answer.headers["etag"].to_str().unwrap().to_owned();
    let again = client.send("GET", "/api/v1/workouts", &[("if-none-match", &tag)], None).await.unwrap();
    assert_eq!(again.status, 304, "{tag}");
    events
}

/// Whether one of so many requests from one address, as a client says that it has it, is one too many.
async fn is_limited(client: &mut Client, path: &str, address: &str, requests: usize) -> bool {
    for _ in 0..requests {
        let forwarded = [("x-forwarded-for", address)];
        let body = Some(json!({ "refresh_token": "x" }).to_string());
        if client.send("POST", path, &forwarded, body).await.unwrap().status == 429 {
            return true;
        }
    }
    false
}

/// An edge that believes proxies on this machine.
async fn trusting(fixture: &Fixture) -> Edge {
    let loopback: IpNet = "127.0.0.0/8".parse().unwrap();
    Edge::start(fixture, EdgeConfig { trusted_proxies: vec![loopback], ..EdgeConfig::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_bare_nginx_that_compresses_events_come_at_once() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let Some(proxy) = Proxy::nginx(&url).await else { return };
    somebody(&proxy.url, "ada").await;
    let events = what_is_posted_is_heard_of(&proxy.url, "1.0").await;
    assert!(events.is_compressed(), "it compresses whatever it is told to: {}", events.head);
    let wrong = Client::new(&proxy.url).unwrap().post("/api/v1/auth/login", &json!({ "email": 5 })).await.unwrap();
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.headers["content-type"], "application/problem+json");
    fixture.settle(&REAL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_behind_a_proxy_have_limits_of_their_own_only_where_it_is_trusted() {
    let fixture = Fixture::new().await;
    let (_server, _) = fixture.start_platform().await;
    let edge = trusting(&fixture).await;
    let Some(proxy) = Proxy::nginx(&edge.url).await else { return };
    let mut client = Client::new(&proxy.url).unwrap();
    let path = "/named/api/v1/auth/refresh";
    assert!(is_limited(&mut client, path, "198.51.100.7", 100).await);
    assert!(!is_limited(&mut client, path, "198.51.100.8", 20).await, "it shares a limit with another");
    // What a client says for itself stands before what the proxy saw, and changes nothing.
    assert!(is_limited(&mut client, path, "203.0.113.1, 198.51.100.7", 20).await, "it has a new limit for the asking");

    let doubting = Edge::start(&fixture, EdgeConfig::default()).await;
    let mut client = Client::new(&doubting.url).unwrap();
    let path = "/api/v1/auth/refresh";
    assert!(is_limited(&mut client, path, "198.51.100.7", 100).await);
    assert!(is_limited(&mut client, path, "198.51.100.8", 20).await, "it believed whoever asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_haproxy_events_come_at_once() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    somebody(&url, "ada").await;
    let edge = trusting(&fixture).await;
    let Some(proxy) = Proxy::haproxy(&edge.url).await else { return };
    let events = what_is_posted_is_heard_of(&proxy.url, "1.1").await;
    assert!(!events.is_compressed(), "it was told not to transform: {}", events.head);
    fixture.settle(&REAL).await;
}
