//! Other passwords and other addresses, by mail: what a code is good for, who gets one, and what nobody gets to see.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use plyo_client::{Answer, Client, Live};
use plyo_servers::free_port;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    child::{Role, Server},
    people::{log_in, somebody},
    platform::{Fixture, REAL, eventually},
};

/// A platform that writes its mails to files, and its log.
struct Platform {
    fixture: Fixture,
    url: String,
    directory: TempDir,
    _server: Server,
    read: BTreeSet<PathBuf>,
}

/// A mail that was written.
struct Letter {
    text: String,
}

impl Letter {
    /// What stands behind `#` in its link.
    fn code(&self) -> String {
        let link = self.text.lines().find(|line| line.starts_with("https://plyo.example/")).expect("a link");
        link.split_once('#').expect("a code").1.to_owned()
    }

    fn is_to(&self, address: &str) -> bool {
        self.text.contains(&format!("\r\nTo: <{address}>\r\n"))
    }

    fn is_about(&self, subject: &str) -> bool {
        self.text.contains(&format!("\r\nSubject: {subject}\r\n"))
    }
}

impl Platform {
    async fn start() -> Self {
        let (fixture, directory, port) = (Fixture::new().await, TempDir::new().unwrap(), free_port().unwrap());
        let (mail, log) = (Some(directory.path().join("mail")), Some(directory.path().join("log")));
        let server = Server::start(&Role { edge_port: Some(port), mail, log, ..fixture.role(&REAL) });
        let url = format!("http://127.0.0.1:{port}");
        fixture.ready(&url).await;
        Self { fixture, url, directory, _server: server, read: BTreeSet::new() }
    }

    fn mails(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.directory.path().join("mail")).into_iter().flatten().flatten();
        files
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .collect()
    }

    /// The next mail that nobody has read.
    async fn mail(&mut self) -> Letter {
        let path = eventually("a mail is written", Duration::from_secs(20), async || {
            Ok(self.mails().into_iter().find(|path| !self.read.contains(path)))
        })
        .await;
        let text = fs::read_to_string(&path).unwrap();
        self.read.insert(path);
        Letter { text }
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        Client::new(&self.url).unwrap().post(&format!("/api/v1/auth{path}"), body).await.unwrap()
    }

    async fn can_log_in(&self, email: &str, password: &str) -> bool {
        self.post("/login", &json!({ "email": email, "password": password })).await.status == 200
    }

    /// Neither what nats-server stores nor what was logged has any of these.
    async fn nobody_sees(&self, secrets: &[&str]) {
        self.fixture.settle(&REAL).await;
        let stored = self.fixture.nats_server.nkeys().parent().unwrap().to_owned();
        let mut files = vec![self.directory.path().join("log")];
        files_below(&stored, &mut files);
        assert!(files.len() > 5);
        let mut has_events = false;
        for file in files {
            let content = fs::read(&file).unwrap_or_default();
            let has = |text: &str| content.windows(text.len()).any(|window| window == text.as_bytes());
            has_events |= has("mail.requested.v1");
            for secret in secrets {
                assert!(!has(secret), "{} has {secret}", file.display());
            }
        }
        assert!(has_events, "the check looks where the events are");
    }
}

fn files_below(directory: &Path, files: &mut Vec<PathBuf>) {
    for path in fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

fn is_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.body["code"].as_str().unwrap_or_default()), (status, code), "{answer:?}");
}

async fn security_news(client: &mut Client) -> Vec<Value> {
    let told = client.get("/api/v1/notifications").await.unwrap().success().unwrap();
    let told = told["items"].as_array().unwrap().clone();
    told.into_iter().filter(|told| told["kind"] == "security").map(|told| told["params"]["what"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_set_anew_by_a_mail_that_is_good_once() {
    let mut platform = Platform::start().await;
    let url = platform.url.clone();
    let mut ada = somebody(&url, "ada").await;
    let welcome = platform.mail().await;
    assert!(welcome.is_about("Confirm your e-mail address") && welcome.is_to("ada@example.org"), "{}", welcome.text);
    assert_eq!(ada.get("/api/v1/auth/me").await.unwrap().body["email_verified"], false);
    let confirm = json!({ "code": welcome.code() });
    assert_eq!(platform.post("/email/confirm", &confirm).await.status, 204);
    assert_eq!(ada.get("/api/v1/auth/me").await.unwrap().body["email_verified"], true);
    is_refused(&platform.post("/email/confirm", &confirm).await, 422, "invalid_code");

    let (phone, tokens) = log_in(&url, "ada").await;
    let mut live = Live::connect(phone.authority(), phone.token().unwrap(), None, &["me"]).await.unwrap();
    let answers = [
        platform.post("/password/forgotten", &json!({ "email": "nobody@example.org" })).await,
        platform.post("/password/forgotten", &json!({ "email": "\u{200b}ADA@example.org." })).await,
    ];
    assert!(answers.iter().all(|answer| (answer.status, &answer.body) == (202, &Value::Null)), "{answers:?}");
    let letter = platform.mail().await;
    assert!(letter.is_about("Set a new password") && letter.is_to("ada@example.org"), "{}", letter.text);
    let code = letter.code();
    let reset = |password: &str| json!({ "code": code, "password": password });
    is_refused(&platform.post("/email/confirm", &json!({ "code": code })).await, 422, "invalid_code");
    is_refused(&platform.post("/password/reset", &reset("Password1")).await, 422, "invalid_body");
    assert_eq!(platform.post("/password/reset", &reset("purple lamp river")).await.status, 204);
    is_refused(&platform.post("/password/reset", &reset("another lamp river")).await, 422, "invalid_code");
    let closing = async { while live.frame().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(2), closing).await.expect("the socket closes within two seconds");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    is_refused(&platform.post("/refresh", &refresh).await, 401, "invalid_refresh_token");
    assert!(!platform.can_log_in("ada@example.org", "long enough").await);
    assert!(platform.can_log_in("ada@example.org", "purple lamp river").await);

    let tokens = platform.post("/login", &json!({ "email": "ada@example.org", "password": "purple lamp river" })).await;
    ada.set_token(tokens.body["access_token"].as_str().unwrap());
    platform.nobody_sees(&[&code, &welcome.code(), "ada@example.org", "purple lamp river"]).await;
    assert_eq!(security_news(&mut ada).await, ["password_reset"]);
    assert_eq!(platform.mails().len(), 2, "nobody else gets mail");
    assert_eq!(platform.fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_ten_minutes_and_opens_a_door_that_guesses_closed() {
    let mut platform = Platform::start().await;
    somebody(&platform.url, "ada").await;
    platform.mail().await;
    let forgotten = json!({ "email": "ada@example.org" });
    platform.post("/password/forgotten", &forgotten).await;
    let late = platform.mail().await.code();
    let mut db = platform.fixture.database("user").await;
    let pass = "UPDATE user_credentials.mail_code SET expires_at = expires_at - interval '10 minutes'";
    sqlx::query(pass).execute(&mut db).await.unwrap();
    let reset = |code: &str| json!({ "code": code, "password": "purple lamp river" });
    is_refused(&platform.post("/password/reset", &reset(&late)).await, 422, "invalid_code");
    is_refused(&platform.post("/password/reset", &reset("guessed")).await, 422, "invalid_code");

    for _ in 0..5 {
        assert!(!platform.can_log_in("ada@example.org", "a guess").await);
    }
    let wait = "UPDATE user_credentials.sign_in_failure SET next_at = now() + interval '1 hour'";
    sqlx::query(wait).execute(&mut db).await.unwrap();
    platform.post("/password/forgotten", &forgotten).await;
    let code = platform.mail().await.code();
    assert_eq!(platform.post("/password/reset", &reset(&code)).await.status, 204);
    assert!(platform.can_log_in("ada@example.org", "purple lamp river").await, "its owner need not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_with_an_address_that_has_an_account_is_answered_as_any_other() {
    let mut platform = Platform::start().await;
    let sign_up = |email: &str, password: &str| json!({ "email": email, "password": password });
    let fresh = platform.post("/register", &sign_up("ada@example.org", "long enough")).await;
    assert!(platform.can_log_in("ada@example.org", "long enough").await);
    platform.mail().await;
    platform.fixture.settle(&REAL).await;

    let taken = platform.post("/register", &sign_up("Ada@Example.org", "another long one")).await;
    assert_eq!((taken.status, &taken.body), (fresh.status, &fresh.body));
    let told = |answer: &Answer| -> BTreeSet<String> { answer.headers.keys().map(ToString::to_string).collect() };
    assert_eq!(told(&taken), told(&fresh), "{taken:?}");
    assert_eq!(taken.headers["location"], fresh.headers["location"]);
    assert!(!platform.can_log_in("ada@example.org", "another long one").await);
    assert!(platform.can_log_in("ada@example.org", "long enough").await, "nothing was done to the account");
    let mail = platform.mail().await;
    assert!(mail.is_to("ada@example.org") && mail.is_about("You have an account already"), "{}", mail.text);

    // However often somebody tries, its owner gets no more than three mails an hour, and the history says nothing of it.
    for _ in 0..4 {
        assert_eq!(platform.post("/register", &sign_up("ada@example.org", "another long one")).await.body, fresh.body);
    }
    platform.fixture.settle(&REAL).await;
    assert_eq!(platform.mails().len(), 3);
    assert_eq!(platform.fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_resets_send_three_mails() {
    let platform = Platform::start().await;
    let mut client = Client::new(&platform.url).unwrap();
    let body = json!({ "email": "ada@example.org", "password": "long enough" });
    client.post("/api/v1/auth/register", &body).await.unwrap().success().unwrap();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let url = platform.url.clone();
        asking.spawn(async move {
            let mut client = Client::new(&url).unwrap();
            for _ in 0..50 {
                let forgotten = json!({ "email": "ada@example.org" });
                assert_eq!(client.post("/api/v1/auth/password/forgotten", &forgotten).await.unwrap().status, 202);
            }
        });
    }
    asking.join_all().await;
    eventually("three mails are written", Duration::from_secs(20), async || {
        Ok((platform.mails().len() == 3).then_some(()))
    })
    .await;
    platform.fixture.settle(&REAL).await;
    assert_eq!(platform.mails().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_or_address_needs_the_present_password_and_the_old_mailbox_hears_of_it() {
    let mut platform = Platform::start().await;
    let url = platform.url.clone();
    let mut ada = somebody(&url, "ada").await;
    platform.mail().await;
    somebody(&url, "ben").await;
    platform.mail().await;
    let put = async |client: &mut Client, path: &str, body: Value| {
        client.send("PUT", &format!("/api/v1/auth{path}"), &[], Some(body.to_string())).await.unwrap()
    };
    let new = json!({ "present": "wrong", "password": "purple lamp river" });
    is_refused(&put(&mut ada, "/password", new).await, 403, "wrong_password");
    let new = json!({ "present": "long enough", "password": "purple lamp river" });
    assert_eq!(put(&mut ada, "/password", new).await.status, 204);
    eventually("the session is over", Duration::from_secs(2), async || {
        Ok((ada.get("/api/v1/auth/me").await?.status == 401).then_some(()))
    })
    .await;
    assert!(!platform.can_log_in("ada@example.org", "long enough").await);
    let answer = platform.post("/login", &json!({ "email": "ada@example.org", "password": "purple lamp river" })).await;
    ada.set_token(answer.body["access_token"].as_str().unwrap());

    let change = |email: &str, password: &str| json!({ "email": email, "password": password });
    is_refused(&put(&mut ada, "/email", change("ada@gym.example", "wrong")).await, 403, "wrong_password");
    is_refused(&put(&mut ada, "/email", change("ada", "purple lamp river")).await, 422, "invalid_body");
    // It has an account: the answer is the same, and nobody gets mail.
    assert_eq!(put(&mut ada, "/email", change("ben@example.org", "purple lamp river")).await.status, 202);
    assert_eq!(put(&mut ada, "/email", change("Ada@Gym.example", "purple lamp river")).await.status, 202);
    let letter = platform.mail().await;
    assert!(letter.is_about("Confirm your new e-mail address") && letter.is_to("ada@gym.example"), "{}", letter.text);
    assert_eq!(
        ada.get("/api/v1/auth/me").await.unwrap().body["email"],
        "ada@example.org",
        "not before it is confirmed"
    );
    assert_eq!(platform.post("/email/confirm", &json!({ "code": letter.code() })).await.status, 204);
    let notice = platform.mail().await;
    assert!(notice.is_about("Your e-mail address was changed") && notice.is_to("ada@example.org"), "{}", notice.text);
    eventually("the session is over", Duration::from_secs(2), async || {
        Ok((ada.get("/api/v1/auth/me").await?.status == 401).then_some(()))
    })
    .await;
    assert!(!platform.can_log_in("ada@example.org", "purple lamp river").await);
    let answer = platform.post("/login", &json!({ "email": "ada@gym.example", "password": "purple lamp river" })).await;
    ada.set_token(answer.body["access_token"].as_str().unwrap());
    let me = ada.get("/api/v1/auth/me").await.unwrap().body;
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("ada@gym.example"), &json!(true)));
    platform.nobody_sees(&[&letter.code(), "ada@gym.example", "purple lamp river"]).await;
    assert_eq!(security_news(&mut ada).await, ["email_changed", "password_changed"]);
    assert_eq!(platform.mails().len(), 4);
    assert_eq!(platform.fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_cannot_be_sent_is_given_up_and_said_so() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let ada = somebody(&url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let forgotten = json!({ "email": "ada@example.org" });
    assert_eq!(
        Client::new(&url).unwrap().post("/api/v1/auth/password/forgotten", &forgotten).await.unwrap().status,
        202
    );
    let settled = crate::people::pushed(&mut live, "mail.settled.v1").await;
    assert_eq!(settled.data["result"], "no_channel");
}
