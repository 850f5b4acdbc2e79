//! Accounts on real servers: sign-up, log-in, sessions and their end.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use plyo_events::{
    Command, CommandId, Event, Message, Outcome, Query, RejectionKind, Request, SessionId, UserId,
    user::{
        Jwks, Locale, LogIn, LogOut, Me, PrepareSignUp, Prepared, Refresh, RegisterUser, RevocationReason,
        TimeZoneName, Tokens,
    },
};
use plyo_identity::{Credentials, Erasing};
use plyo_nats::{
    AskError, CommandPublisher, Health, Nats, Outcomes, RunConfig, Tail, ask, database,
    replay::{Purpose, Replay},
};
use sqlx::PgPool;
use tokio::task::{JoinHandle, JoinSet};

use crate::platform::{Fixture, entry, eventually};

const EMAIL: &str = "Ada@Example.org";
const PASSWORD: &str = "correct horse";

/// The user service in this process, and what a client of it has at hand.
struct Accounts {
    nats: Nats,
    publisher: CommandPublisher,
    outcomes: Outcomes,
    service: JoinHandle<anyhow::Result<()>>,
    fixture: Fixture,
}

impl Drop for Accounts {
    fn drop(&mut self) {
        self.service.abort();
    }
}

impl Accounts {
    async fn open() -> Self {
        let fixture = Fixture::new().await;
        entry("user").migrate(&fixture.dsn()).await.unwrap();
        let nats = fixture.nats().await;
        let credentials = Credentials::open(credentials_pool(&fixture)).await.unwrap();
        let erasing = Erasing { credentials, nats: nats.clone(), services: Vec::new() };
        let service = plyo::services::user(Some(erasing));
        let (connection, dsn) = (nats.clone(), fixture.own_dsn("user"));
        let service = tokio::spawn(async move {
            plyo_nats::run(service, connection, &dsn, Health::default(), RunConfig::default()).await
        });
        fixture.ending.note(&["user"]);
        let outcomes = Outcomes::subscribe(&nats, "test").await.unwrap();
        let accounts = Self { publisher: CommandPublisher::new(&nats, "test"), nats, outcomes, service, fixture };
        eventually("the service answers", Duration::from_secs(20), async || Ok(accounts.ask(Jwks {}).await.ok())).await;
        accounts
    }

    async fn ask<Q: Query>(&self, query: Q) -> Result<Q::Answer, AskError> {
        ask(&self.nats, &query).await
    }

    async fn request<R: Request>(&self, asked: R) -> Result<R::Answer, AskError> {
        plyo_nats::request(&self.nats, &asked).await
    }

    async fn prepare(&self, password: &str) -> Result<UserId, AskError> {
        let prepare = PrepareSignUp { email: EMAIL.to_owned(), password: password.to_owned() };
        let Prepared { user_id, is_taken } = self.request(prepare).await?;
        assert!(!is_taken);
        Ok(user_id)
    }

    async fn register(&self, user: UserId, key: &str) -> Outcome {
        let id = CommandId::derive(user.uuid(), key);
        let time_zone = TimeZoneName::try_from("Europe/Berlin".to_owned()).unwrap();
        let register = Command::from(RegisterUser { locale: Locale::default(), time_zone });
        let expected = self.outcomes.awaited(id);
        self.publisher.send(&Message::first(id.uuid(), user, Timestamp::now(), register), "f").await.unwrap();
        expected.outcome(Duration::from_secs(20)).await.expect("an outcome")
    }

    async fn log_in(&self, password: &str) -> Result<Tokens, AskError> {
        self.request(LogIn { email: EMAIL.to_owned(), password: password.to_owned(), device: None, code: None }).await
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<Tokens, AskError> {
        self.request(Refresh { refresh_token: tokens.refresh_token.clone() }).await
    }

    /// Somebody who signed up and is in.
    async fn signed_up(&self) -> Tokens {
        let user = self.prepare(PASSWORD).await.unwrap();
        assert!(matches!(self.register(user, "first").await, Outcome::Done { .. }));
        self.log_in(PASSWORD).await.unwrap()
    }

    /// Waits for `session.revoked` of as many sessions, and says which they were.
    async fn revoked(&self, sessions: usize) -> Vec<(SessionId, RevocationReason)> {
        eventually("the sessions are revoked", Duration::from_secs(20), async || {
            let revoked = self.revocations().await?;
            Ok((revoked.len() >= sessions).then_some(revoked))
        })
        .await
    }

    async fn revocations(&self) -> anyhow::Result<Vec<(SessionId, RevocationReason)>> {
        self.fixture.settle(&["user"]).await;
        let mut tail = Tail::open(&self.nats, u64::MAX).await?;
        let mut revoked = Vec::new();
        while tail.behind() > 0 {
            revoked.extend(tail.next().await?.iter().filter_map(|stored| match stored.decode().ok()?.body {
                Event::SessionRevoked(revoked) => Some((revoked.session_id, revoked.reason)),
                _ => None,
            }));
        }
        Ok(revoked)
    }
}

fn credentials_pool(fixture: &Fixture) -> PgPool {
    database::pool(&fixture.own_dsn("user"), &["user_credentials"], 4).unwrap()
}

#[track_caller]
fn refused<T>(answer: Result<T, AskError>) -> (RejectionKind, String) {
    match answer {
        Err(AskError::Rejected(rejection)) => (rejection.kind, rejection.code),
        Err(error) => panic!("not answered: {error}"),
        Ok(_) => panic!("it was not refused"),
    }
}

fn invalid_token() -> (RejectionKind, String) {
    (RejectionKind::Unauthorized, "invalid_refresh_token".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_up_logs_in_and_stays_in() {
    let accounts = Accounts::open().await;
    let user = accounts.prepare(PASSWORD).await.unwrap();
    let unfinished = refused(accounts.log_in(PASSWORD).await);
    assert_eq!(unfinished, (RejectionKind::Conflict, "registration_unfinished".to_owned()));
    let outcome = accounts.register(user, "first").await;
    assert_eq!(outcome, Outcome::Done { result: serde_json::json!({}) });

    let tokens = accounts.log_in(PASSWORD).await.unwrap();
    assert_eq!((tokens.user_id, tokens.expires_in, tokens.token_type.as_str()), (user, 600, "Bearer"));
    let renewed = accounts.refresh(&tokens).await.unwrap();
    assert_ne!(renewed.refresh_token, tokens.refresh_token);
    let me = accounts.ask(Me { user }).await.unwrap();
    assert_eq!((me.user_id, me.email.as_str(), me.time_zone.as_str()), (user, "ada@example.org", "Europe/Berlin"));
    assert_eq!(refused(accounts.ask(Me { user: UserId::mint() }).await).0, RejectionKind::NotFound);

    let wrong = (RejectionKind::Unauthorized, "wrong_credentials".to_owned());
    assert_eq!(refused(accounts.log_in("wrong").await), wrong);
    let nobody =
        LogIn { email: "nobody@example.org".to_owned(), password: PASSWORD.to_owned(), device: None, code: None };
    assert_eq!(refused(accounts.request(nobody).await), wrong);
    assert_eq!(refused(accounts.log_in("with a \0 in it").await).0, RejectionKind::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_again_replaces_the_password_until_it_is_finished() {
    let accounts = Accounts::open().await;
    let user = accounts.prepare("my first choice").await.unwrap();
    assert_eq!(accounts.prepare(PASSWORD).await.unwrap(), user);
    accounts.register(user, "first").await;
    accounts.log_in(PASSWORD).await.unwrap();
    assert_eq!(refused(accounts.log_in("my first choice").await).1, "wrong_credentials");

    let other = PrepareSignUp { email: EMAIL.to_owned(), password: "another one's choice".to_owned() };
    assert!(accounts.request(other).await.unwrap().is_taken);
    assert_eq!(accounts.prepare(PASSWORD).await.unwrap(), user, "a sign-up sent twice finds its account");
    let again = accounts.register(user, "second").await;
    assert!(matches!(again, Outcome::Rejected { rejection } if rejection.code == "already_registered"));
    accounts.log_in(PASSWORD).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_has_one_account_however_its_address_is_typed() {
    let accounts = Accounts::open().await;
    let user = accounts.signed_up().await.user_id;
    for email in ["\u{200b}ada@example.org", "ADA@example.org.", " ada@\u{ff45}xample.org\u{feff}"] {
        let again = |password: &str| PrepareSignUp { email: email.to_owned(), password: password.to_owned() };
        assert!(accounts.request(again("another one's choice")).await.unwrap().is_taken, "{email:?}");
        assert_eq!(accounts.request(again(PASSWORD)).await.unwrap().user_id, user, "{email:?}");
        let log_in = LogIn { email: email.to_owned(), password: PASSWORD.to_owned(), device: None, code: None };
        assert_eq!(accounts.request(log_in).await.unwrap().user_id, user, "{email:?}");
    }
    for (email, shown) in
        [("Bo@xn--Bcher-KVA.de.", "bo@bücher.de"), ("jose\u{301}@example.org", "jos\u{e9}@example.org")]
    {
        let sign_up = |email: &str| PrepareSignUp { email: email.to_owned(), password: PASSWORD.to_owned() };
        let user = accounts.request(sign_up(email)).await.unwrap().user_id;
        assert_eq!(accounts.request(sign_up(shown)).await.unwrap().user_id, user);
        accounts.register(user, "first").await;
        assert_eq!(accounts.ask(Me { user }).await.unwrap().email, shown);
    }
    accounts.fixture.settle(&["user"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_an_earlier_version_keep_working_and_have_their_mailboxes() {
    let accounts = Accounts::open().await;
    accounts.signed_up().await;
    let pool = credentials_pool(&accounts.fixture);
    // As that version kept them: trimmed and in lower case, and nothing more.
    let addresses =
        ["cyd@bücher.de", "cyd@xn--bcher-kva.de", "\u{200b}cyd@bücher.de", "cyd@no/domain", "dan@example.org"];
    let mut users = Vec::new();
    for email in addresses {
        let user = UserId::mint();
        let add = "INSERT INTO credential (user_id, email, password_hash, created_at)
                   SELECT $1, $2, password_hash, clock_timestamp() FROM credential WHERE mailbox = 'ada@example.org'";
        sqlx::query(add).bind(user.uuid()).bind(email).execute(&pool).await.unwrap();
        accounts.register(user, "first").await;
        users.push(user);
    }
    for upgraded in [false, true] {
        for (email, user) in addresses.iter().zip(&users) {
            let log_in = LogIn { email: email.to_uppercase(), password: PASSWORD.to_owned(), device: None, code: None };
            assert_eq!(accounts.request(log_in).await.unwrap().user_id, *user, "{email:?}, upgraded: {upgraded}");
        }
        Credentials::open(pool.clone()).await.unwrap();
    }
    let mailboxes: Vec<Option<String>> =
        sqlx::query_scalar("SELECT mailbox FROM credential ORDER BY created_at").fetch_all(&pool).await.unwrap();
    let mailboxes: Vec<_> = mailboxes.iter().map(|mailbox| mailbox.as_deref()).collect();
    let ada = Some("ada@example.org");
    assert_eq!(mailboxes, [ada, Some("cyd@xn--bcher-kva.de"), None, None, None, Some("dan@example.org")]);
    let dan = LogIn { email: "dan@example.org.".to_owned(), password: PASSWORD.to_owned(), device: None, code: None };
    assert_eq!(accounts.request(dan).await.unwrap().user_id, users[4], "by another spelling");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_used_after_its_successor_ends_the_session_and_everybody_hears_of_it_once() {
    let accounts = Accounts::open().await;
    let stolen = accounts.signed_up().await;
    let other_session = accounts.log_in(PASSWORD).await.unwrap();
    let renewed = accounts.refresh(&stolen).await.unwrap();
    let current = accounts.refresh(&renewed).await.unwrap();
    assert_eq!(refused(accounts.refresh(&stolen).await), invalid_token());
    for over in [&current, &renewed, &stolen] {
        assert_eq!(refused(accounts.refresh(over).await), invalid_token(), "the session is over");
    }
    let revoked = accounts.revoked(1).await;
    assert!(matches!(revoked[..], [(_, RevocationReason::TokenReuse)]), "{revoked:?}");
    accounts.refresh(&other_session).await.expect("the other session goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_present_a_refresh_token_at_once_get_the_same_next() {
    let accounts = Accounts::open().await;
    let mut tokens = accounts.signed_up().await;
    for _ in 0..10 {
        let mut racing = JoinSet::new();
        for _ in 0..8 {
            let (nats, refresh) = (accounts.nats.clone(), Refresh { refresh_token: tokens.refresh_token.clone() });
            racing.spawn(async move { plyo_nats::request(&nats, &refresh).await });
        }
        let renewed: Vec<Tokens> = racing.join_all().await.into_iter().collect::<Result<_, _>>().unwrap();
        let next: BTreeSet<_> = renewed.iter().map(|tokens| tokens.refresh_token.clone()).collect();
        assert!(next.len() == 1 && !next.contains(&tokens.refresh_token));
        tokens = renewed.into_iter().next().unwrap();
    }
    assert_eq!(accounts.revocations().await.unwrap(), [], "nobody stole it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_given_again_for_ten_seconds() {
    let accounts = Accounts::open().await;
    let first = accounts.signed_up().await;
    let lost = accounts.refresh(&first).await.unwrap();
    let pool = credentials_pool(&accounts.fixture);
    let pass = async |seconds: f64| {
        let earlier = "UPDATE refresh_token SET used_at = used_at - make_interval(secs => $1)";
        sqlx::query(earlier).bind(seconds).execute(&pool).await.unwrap();
    };
    pass(8.0).await;
    assert_eq!(accounts.refresh(&first).await.unwrap().refresh_token, lost.refresh_token);
    accounts.refresh(&lost).await.expect("it is the current one");

    let first = accounts.log_in(PASSWORD).await.unwrap();
    let current = accounts.refresh(&first).await.unwrap();
    pass(11.0).await;
    assert_eq!(refused(accounts.refresh(&first).await), invalid_token());
    assert_eq!(refused(accounts.refresh(&current).await), invalid_token());
    let revoked = accounts.revoked(1).await;
    assert!(matches!(revoked[..], [(_, RevocationReason::TokenReuse)]), "{revoked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_an_earlier_version_replaced_ends_its_session() {
    let accounts = Accounts::open().await;
    let first = accounts.signed_up().await;
    accounts.refresh(&first).await.unwrap();
    let as_it_was = "UPDATE refresh_token SET used_at = NULL, successor_salt = NULL, successor_sha256 = NULL";
    sqlx::query(as_it_was).execute(&credentials_pool(&accounts.fixture)).await.unwrap();
    assert_eq!(refused(accounts.refresh(&first).await), invalid_token());
    assert_eq!(accounts.revoked(1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_ends_the_session_however_often_it_is_asked_for() {
    let accounts = Accounts::open().await;
    let tokens = accounts.signed_up().await;
    for refresh_token in [&tokens.refresh_token, &tokens.refresh_token, "unknown"] {
        accounts.request(LogOut { refresh_token: refresh_token.to_owned() }).await.unwrap();
    }
    assert_eq!(refused(accounts.refresh(&tokens).await), invalid_token());
    let revoked = accounts.revoked(1).await;
    assert!(matches!(revoked[..], [(_, RevocationReason::LogOut)]), "{revoked:?}");

    let nats = accounts.fixture.nats().await;
    entry("user").create_shadow(&accounts.fixture.dsn()).await.unwrap();
    let replay = Replay { nats, dsn: accounts.fixture.dsn(), purpose: Purpose::Verify, progress: |_, _| {} };
    let report = plyo::services::user(None).replay(replay).await.unwrap();
    assert!(report.differences.is_empty(), "{:?}", report.differences);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_refresh_token_is_refused_and_forgotten() {
    let accounts = Accounts::open().await;
    let tokens = accounts.signed_up().await;
    let pool = credentials_pool(&accounts.fixture);
    sqlx::query("UPDATE refresh_token SET expires_at = now() - interval '1 s'").execute(&pool).await.unwrap();
    assert_eq!(refused(accounts.refresh(&tokens).await), invalid_token());
    assert_eq!(accounts.revocations().await.unwrap(), [], "nobody stole it");
    accounts.log_in(PASSWORD).await.unwrap();
    let left = "SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM refresh_token)";
    let left: (i64, i64) = sqlx::query_as(left).fetch_one(&pool).await.unwrap();
    assert_eq!(left, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_start_together_agree_on_the_signing_key() {
    let fixture = Fixture::new().await;
    entry("user").migrate(&fixture.dsn()).await.unwrap();
    let mut starting = JoinSet::new();
    for _ in 0..4 {
        starting.spawn(Credentials::open(credentials_pool(&fixture)));
    }
    starting.join_all().await.into_iter().for_each(|opened| drop(opened.unwrap()));
    let pool = credentials_pool(&fixture);
    let keys: Vec<String> = sqlx::query_scalar("SELECT key_id FROM signing_key").fetch_all(&pool).await.unwrap();
    assert_eq!(keys.into_iter().collect::<BTreeSet<_>>().len(), 1);
}
