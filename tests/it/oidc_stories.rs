//! Log-ins with another provider, one that others wrote: who is new, who is known, whose address is taken, and every answer that is
//! not what it seems.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use plyo_client::{Answer, Client, Live};
use plyo_servers::free_port;
use serde_json::{Value, json};
use tempfile::TempDir;
use totp_rs::Totp;

use crate::{
    child::{Role, Server},
    people::{credentials, pushed, somebody},
    platform::{Fixture, REAL, eventually},
    skipped::skip,
};

/// A provider that ends with its test.
struct Provider {
    process: Child,
    url: String,
}

impl Provider {
    /// `None` where it is not installed: `scripts/setup.sh --tests` does.
    async fn start(redirect_uri: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (program, installed) = (root.join("it/oidc/provider.mjs"), root.join("../.tools/oidc"));
        let port = free_port().unwrap();
        let mut command = Command::new("node");
        command.arg(program).args([&port.to_string(), redirect_uri]).current_dir(&installed);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let (true, Ok(process)) = (installed.join("node_modules/oidc-provider").exists(), process) else {
            skip("the OpenID Connect provider of npm is not installed");
            return None;
        };
        let provider = Self { process, url: format!("http://127.0.0.1:{port}") };
        eventually("the provider answers", Duration::from_secs(30), async || {
            Ok((Client::new(&provider.url)?.get("/as/nobody").await?.status == 200).then_some(()))
        })
        .await;
        Some(provider)
    }

    fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// What a browser does that is sent there, and is recognised as this person; gives what it comes back with.
    async fn visit(&self, name: &str, start: &Value) -> Value {
        let mut client = Client::new(&self.url).unwrap();
        client.get(&format!("/as/{name}")).await.unwrap();
        let mut place = start["url"].as_str().unwrap().to_owned();
        let mut cookies = BTreeMap::new();
        while let Some(path) =
            place.strip_prefix(&self.url).or(place.strip_prefix("").filter(|path| path.starts_with('/')))
        {
            let cookie: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = client.send("GET", path, &[("cookie", &cookie.join("; "))], None).await.unwrap();
            for cookie in answer.headers.get_all("set-cookie") {
                let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            place = answer.headers["location"].to_str().unwrap().to_owned();
        }
        let (_, query) = place.split_once('?').unwrap();
        let fields: BTreeMap<&str, &str> = query.split('&').filter_map(|field| field.split_once('=')).collect();
        json!({ "code": fields["code"], "state": fields["state"], "secret": start["secret"] })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A platform with a provider `test`, and one that is never there.
struct Story {
    fixture: Fixture,
    provider: Provider,
    url: String,
    _server: Server,
    _directory: TempDir,
}

impl Story {
    async fn begin() -> Option<Self> {
        let (fixture, port) = (Fixture::new().await, free_port().unwrap());
        let provider = Provider::start(&format!("http://localhost:{port}/oidc/test")).await?;
        let directory = tempfile::tempdir().unwrap();
        let file: PathBuf = directory.path().join("providers.json");
        let providers = json!({
            "test": { "name": "Test", "issuer": provider.url, "client_id": "plyo", "client_secret": "only for tests" },
            "away": { "name": "Away", "issuer": format!("http://127.0.0.1:{}", free_port().unwrap()), "client_id": "plyo" },
        });
        fs::write(&file, providers.to_string()).unwrap();
        let role = Role { edge_port: Some(port), providers: Some(file), ..fixture.role(&REAL) };
        let (server, url) = (Server::start(&role), format!("http://127.0.0.1:{port}"));
        fixture.ready(&url).await;
        Some(Self { fixture, provider, url, _server: server, _directory: directory })
    }

    async fn start(&self) -> Value {
        let start = Client::new(&self.url).unwrap().send("POST", "/api/v1/auth/oidc/test/login/start", &[], None).await;
        start.unwrap().success().unwrap()
    }

    async fn send(&self, answer: &Value) -> Answer {
        Client::new(&self.url).unwrap().post("/api/v1/auth/oidc/test/login", answer).await.unwrap()
    }

    async fn log_in(&self, name: &str) -> Answer {
        let answer = self.provider.visit(name, &self.start().await).await;
        self.send(&answer).await
    }

    /// Has somebody who is logged in come back with an account of the provider.
    async fn link(&self, client: &mut Client, name: &str) -> Answer {
        let start = client.post("/api/v1/auth/oidc/test/link/start", &password()).await.unwrap().success().unwrap();
        let answer = self.provider.visit(name, &start).await;
        client.post("/api/v1/auth/oidc/test/link", &answer).await.unwrap()
    }

    async fn change(&self, sql: &'static str) {
        let mut db = self.fixture.database("user").await;
        sqlx::raw_sql("SET search_path TO user_credentials").execute(&mut db).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    }
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}

fn password() -> Value {
    json!({ "password": "long enough" })
}

async fn links(client: &mut Client) -> Vec<Value> {
    client.get("/api/v1/auth/links").await.unwrap().success().unwrap().as_array().unwrap().clone()
}

/// Who logged in.
fn of(url: &str, answer: Answer) -> Client {
    let mut client = Client::new(url).unwrap();
    client.set_token(answer.success().unwrap()["access_token"].as_str().unwrap());
    client
}

async fn me(client: &mut Client) -> Value {
    client.get("/api/v1/auth/me").await.unwrap().success().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_new_is_signed_up_and_known_the_next_time() {
    let Some(story) = Story::begin().await else { return };
    let mut client = Client::new(&story.url).unwrap();
    let providers = client.get("/api/v1/auth/oidc").await.unwrap().success().unwrap();
    assert_eq!(providers, json!([{ "provider": "away", "name": "Away" }, { "provider": "test", "name": "Test" }]));

    let start = story.start().await;
    let asked: BTreeMap<_, _> = start["url"]
        .as_str()
        .unwrap()
        .split_once('?')
        .unwrap()
        .1
        .split('&')
        .filter_map(|field| field.split_once('='))
        .collect();
    assert_eq!((asked["code_challenge_method"], asked["response_type"]), ("S256", "code"));
    assert!(asked.contains_key("nonce") && asked.contains_key("state") && asked["scope"].contains("email"));
    let mut answer = story.provider.visit("ada", &start).await;
    answer["locale"] = json!("de-DE");
    let mut ada = of(&story.url, story.send(&answer).await);
    let seen = me(&mut ada).await;
    assert_eq!(
        (&seen["email"], &seen["locale"], &seen["second_factor"]),
        (&json!("ada@example.org"), &json!("de-DE"), &json!(false))
    );
    assert_eq!(me(&mut ada).await["email_verified"], true, "the provider says so");
    assert_eq!(code(&story.send(&answer).await), (422, "invalid_provider_answer"), "a second time");
    let guess = client.post("/api/v1/auth/login", &credentials("ada")).await.unwrap();
    assert_eq!(code(&guess), (401, "wrong_credentials"), "nobody knows a password of it");

    let mut again = of(&story.url, story.log_in("ada").await);
    assert_eq!(me(&mut again).await["user_id"], seen["user_id"]);
    let linked = links(&mut again).await;
    assert!(
        linked.len() == 1 && linked[0]["provider"] == "test" && linked[0]["last_used_at"].is_string(),
        "{linked:?}"
    );
    story.fixture.settle(&REAL).await;
    assert_eq!(story.fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_linked_by_whoever_is_logged_in_to_it_and_never_taken_over() {
    let Some(story) = Story::begin().await else { return };
    let mut ben = somebody(&story.url, "ben").await;
    assert_eq!(code(&story.log_in("ben").await), (409, "provider_email_taken"));
    assert_eq!(code(&story.log_in("unverified-eve").await), (403, "unverified_provider_email"));

    let wrong = ben.post("/api/v1/auth/oidc/test/link/start", &json!({ "password": "wrong" })).await.unwrap();
    assert_eq!(code(&wrong), (403, "wrong_password"));
    let mut live = Live::connect(ben.authority(), ben.token().unwrap(), None, &["me"]).await.unwrap();
    let linked = story.link(&mut ben, "ben-elsewhere").await;
    assert_eq!(linked.status, 201, "{}", linked.body);
    assert_eq!(pushed(&mut live, "user.security_changed.v1").await.data, json!({ "change": "provider_linked" }));
    assert_eq!(links(&mut ben).await, std::slice::from_ref(&linked.body));
    let mut by_provider = of(&story.url, story.log_in("ben-elsewhere").await);
    assert_eq!(me(&mut by_provider).await, me(&mut ben).await);
    let mut carol = somebody(&story.url, "carol").await;
    assert_eq!(code(&story.link(&mut carol, "ben-elsewhere").await), (409, "already_linked"));
    assert_eq!(links(&mut carol).await, Vec::<Value>::new());

    // A second factor is asked for all the same; the answer of the provider is good until it is shown.
    let enrolled = ben.post("/api/v1/auth/totp", &password()).await.unwrap().success().unwrap();
    let app = Totp::from_url(enrolled["url"].as_str().unwrap()).unwrap();
    let now = app.generate(jiff::Timestamp::now().as_second().unsigned_abs()).to_string();
    let confirmed = ben.post("/api/v1/auth/totp/confirm", &json!({ "code": now })).await.unwrap().success().unwrap();
    let mut answer = story.provider.visit("ben-elsewhere", &story.start().await).await;
    assert_eq!(code(&story.send(&answer).await), (401, "second_factor_required"));
    answer["second_factor"] = json!("000000");
    assert_eq!(code(&story.send(&answer).await), (401, "wrong_second_factor"));
    answer["second_factor"] = confirmed["recovery_codes"][0].clone();
    assert_eq!(story.send(&answer).await.status, 200);
    assert_eq!(code(&story.send(&answer).await), (422, "invalid_provider_answer"));

    let remove = format!("/api/v1/auth/links/{}/remove", linked.body["link_id"].as_str().unwrap());
    assert_eq!(code(&carol.post(&remove, &password()).await.unwrap()), (404, "link_not_found"));
    assert_eq!(ben.post(&remove, &password()).await.unwrap().status, 204);
    assert_eq!(pushed(&mut live, "user.security_changed.v1").await.data["change"], "second_factor_added");
    // From now on it is somebody's who is new here.
    let mut other = of(&story.url, story.log_in("ben-elsewhere").await);
    assert_ne!(me(&mut other).await["user_id"], me(&mut ben).await["user_id"]);
    story.fixture.settle(&REAL).await;
    assert_eq!(story.fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_good_once_in_time_and_for_who_asked_for_it() {
    let Some(mut story) = Story::begin().await else { return };
    let mut client = Client::new(&story.url).unwrap();
    for (provider, expected) in [("nobody", (404, "unknown_provider")), ("away", (503, "provider_unavailable"))] {
        let path = format!("/api/v1/auth/oidc/{provider}/login/start");
        assert_eq!(code(&client.send("POST", &path, &[], None).await.unwrap()), expected);
    }
    let nothing = json!({ "code": "a code", "state": "a state", "secret": "a secret" });
    for provider in ["nobody", "%00", "te%2Fst"] {
        let path = format!("/api/v1/auth/oidc/{provider}/login");
        assert_eq!(code(&client.post(&path, &nothing).await.unwrap()), (404, "unknown_provider"), "{provider}");
    }
    let invalid = (422, "invalid_provider_answer");
    assert_eq!(code(&story.send(&nothing).await), invalid);
    for field in ["state", "secret", "code"] {
        let mut answer = story.provider.visit("ada", &story.start().await).await;
        answer[field] = json!("another");
        assert_eq!(code(&story.send(&answer).await), invalid, "another {field}");
    }
    let (one, other) = (story.start().await, story.start().await);
    let mut answer = story.provider.visit("ada", &one).await;
    answer["secret"] = other["secret"].clone();
    assert_eq!(code(&story.send(&answer).await), invalid, "of another who started");

    let answer = story.provider.visit("ada", &story.start().await).await;
    story.change("UPDATE provider_flow SET nonce = 'another'").await;
    assert_eq!(code(&story.send(&answer).await), invalid, "another nonce");
    let answer = story.provider.visit("ada", &story.start().await).await;
    story.change("UPDATE provider_flow SET verifier = repeat('a', 43)").await;
    assert_eq!(code(&story.send(&answer).await), invalid, "another verifier (PKCE)");
    let answer = story.provider.visit("ada", &story.start().await).await;
    story.change("UPDATE provider_flow SET expires_at = now()").await;
    assert_eq!(code(&story.send(&answer).await), invalid, "too late");

    let (mut ben, mut carol) = (somebody(&story.url, "ben").await, somebody(&story.url, "carol").await);
    let start = ben.post("/api/v1/auth/oidc/test/link/start", &password()).await.unwrap().success().unwrap();
    let answer = story.provider.visit("ben-elsewhere", &start).await;
    assert_eq!(code(&carol.post("/api/v1/auth/oidc/test/link", &answer).await.unwrap()), invalid);
    assert_eq!(code(&story.send(&answer).await), invalid, "to link is not to log in");
    assert_eq!(ben.post("/api/v1/auth/oidc/test/link", &answer).await.unwrap().status, 201);

    let answer = story.provider.visit("ada", &story.start().await).await;
    story.provider.stop();
    assert_eq!(code(&story.send(&answer).await), (503, "provider_unavailable"));
    let ada = client.post("/api/v1/auth/login", &credentials("ada")).await.unwrap();
    assert_eq!(ada.status, 401, "nobody was signed up by any of it");
}
