//! `plyo demo`: two people, twelve weeks of training, every push as it arrives. A client of the public API only.

pub mod training;

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use plyo_client::{Answer, Client, Live, Push};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

/// The demo, against a platform that runs.
pub struct Demo {
    /// Where the edge is.
    pub url: String,
    /// Print the summary only, as JSON.
    pub json: bool,
}

/// One of the two.
struct Person {
    name: &'static str,
    client: Client,
    live: Live,
    /// What came while a command was under way, each with when it came.
    arrived: VecDeque<(Instant, Push)>,
}

impl Person {
    /// Sends a command and listens meanwhile: a push that waited for the answer would seem to have come as late as that.
    async fn command(&mut self, method: &str, path: &str, key: &str, body: Option<&Value>) -> Result<Answer> {
        let answer = self.client.command(method, path, key, body);
        tokio::pin!(answer);
        loop {
            tokio::select! {
                answer = &mut answer => return answer,
                push = self.live.next() => self.arrived.push_back((Instant::now(), push?)),
            }
        }
    }

    /// The next push, and when it came.
    async fn next(&mut self) -> Result<(Instant, Push)> {
        if let Some(arrived) = self.arrived.pop_front() {
            return Ok(arrived);
        }
        let push = self.live.next().await?;
        Ok((Instant::now(), push))
    }
}

/// What the demo sees.
struct Show {
    quiet: bool,
    commands: u64,
    events: u64,
    /// When each command was sent, by its id: the workout's id is the command's.
    sent: HashMap<String, Instant>,
    /// From the command to its pushed achievement, in milliseconds.
    latencies: Vec<f64>,
    kinds: HashMap<String, u64>,
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// When something that should have come did not, or came twice.
    pub async fn run(self) -> Result<()> {
        let mut show = Show {
            quiet: self.json,
            commands: 0,
            events: 0,
            sent: HashMap::new(),
            latencies: Vec::new(),
            kinds: HashMap::new(),
        };
        let mut ada = show.sign_up(&self.url, "Ada").await?;
        let mut ben = show.sign_up(&self.url, "Ben").await?;
        show.train(&mut ada).await?;
        show.ask_the_coach(&mut ada).await?;
        show.correct_a_typing_error(&mut ada).await?;
        show.train_once(&mut ben).await?;
        show.remind(&mut ada).await?;
        show.end([&ada, &ben])
    }
}

impl Show {
    async fn sign_up(&mut self, url: &str, name: &'static str) -> Result<Person> {
        let mut client = Client::new(url)?;
        let email = format!("{}-{}@demo.plyo.example", name.to_lowercase(), uuid::Uuid::now_v7().simple());
        let credentials = json!({ "email": email, "password": "a long enough password" });
        let mut sign_up = credentials.clone();
        sign_up["time_zone"] = json!("Europe/Berlin");
        self.commands += 1;
        let signed_up = client.post("/api/v1/auth/register", &sign_up).await;
        signed_up.context("the platform did not respond; start it with `make up`")?.success().context("sign up")?;
        let tokens = client.post("/api/v1/auth/login", &credentials).await?.success().context("log in")?;
        let token = tokens["access_token"].as_str().context("an access token")?.to_owned();
        client.set_token(&token);
        let live = Live::connect(client.authority(), &token, None, &["me"]).await?;
        self.line(name, "signed up and listens");
        Ok(Person { name, client, live, arrived: VecDeque::new() })
    }

    /// Twelve weeks, one workout after another, each with what it brings.
    async fn train(&mut self, person: &mut Person) -> Result<()> {
        let today = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        for workout in training::twelve_weeks(today) {
            let sent = Instant::now();
            let key = format!("demo {}", workout["started_at"]).replace(' ', "-");
            let saved = self.command(person, "POST", "/api/v1/workouts", &key, Some(&workout)).await?;
            let id = saved["workout_id"].as_str().context("a workout id")?.to_owned();
            self.sent.insert(id.clone(), sent);
            self.until(person, |push| push.kind == "workout.completed.v1" && push.data["workout_id"] == id.as_str())
                .await?;
        }
        self.listen_for(person, Duration::from_secs(1)).await
    }

    /// What comes next and why, in words.
    async fn ask_the_coach(&mut self, person: &mut Person) -> Result<()> {
        let next = person.client.get("/api/v1/coach/next-session").await?.success().context("the next workout")?;
        self.line(person.name, &format!("asks what is next: {}", next["headline"].as_str().unwrap_or_default()));
        let exercise = next["lifts"][0]["exercise"].as_str().context("an exercise of the next workout")?;
        let path = format!("/api/v1/coach/next-load?exercise={exercise}");
        let load = person.client.get(&path).await?.success().context("the next load")?;
        self.line(person.name, &format!("  {}", load["headline"].as_str().unwrap_or_default()));
        for because in load["because"].as_array().into_iter().flatten() {
            self.line(person.name, &format!("    {}", because.as_str().unwrap_or_default()));
        }
        Ok(())
    }

    /// 375 kg instead of 37.5: the record is announced, withdrawn with its reason, and the earlier one stands again.
    async fn correct_a_typing_error(&mut self, person: &mut Person) -> Result<()> {
        let workout = |kg: f64| {
            let now = jiff::Timestamp::now();
            json!({ "started_at": now.to_string(), "exercises": [
                { "exercise": "barbell-bench-press", "sets": [{ "reps": 5, "load": { "kg": kg }, "rpe": 8 }] }] })
        };
        let (wrong, right) = (workout(375.0), workout(37.5));
        let saved = self.command(person, "POST", "/api/v1/workouts", "demo-typing-error", Some(&wrong)).await?;
        let is_wrong = |record: &Value| record["mark"]["value"] == 375_000;
        self.until(person, |push| records(push, "set").any(is_wrong)).await?;
        let path = format!("/api/v1/workouts/{}", saved["workout_id"].as_str().unwrap_or_default());
        self.command(person, "PUT", &path, "demo-correction", Some(&right)).await?;
        let stands_again = |record: &Value| record["reestablished"] == true;
        self.until(person, |push| records(push, "withdrawn").any(is_wrong) && records(push, "set").any(stands_again))
            .await?;
        self.command(person, "DELETE", &path, "demo-deletion", None).await?;
        self.until(person, |push| push.kind == "workout.deleted.v1").await?;
        self.listen_for(person, Duration::from_millis(300)).await
    }

    /// What one person does is nothing to the other.
    async fn train_once(&mut self, person: &mut Person) -> Result<()> {
        let workout = json!({ "started_at": jiff::Timestamp::now().to_string(), "exercises": [
            { "exercise": "kettlebell-swing", "sets": [{ "reps": 20, "load": { "lb": 53 } }, { "reps": 20, "load": { "lb": 53 } }] }] });
        self.command(person, "POST", "/api/v1/workouts", "demo-ben", Some(&workout)).await?;
        self.until(person, |push| push.kind == "achievement.unlocked.v1").await?;
        self.listen_for(person, Duration::from_millis(300)).await
    }

    async fn remind(&mut self, person: &mut Person) -> Result<()> {
        let due_at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
        let body = json!({ "due_at": due_at.to_string() });
        self.command(person, "POST", "/api/v1/workouts/reminders", "demo-reminder", Some(&body)).await?;
        self.until(person, |push| push.kind == "notification.created.v1" && push.data["kind"] == "workout_reminder")
            .await?;
        Ok(())
    }

    fn end(&self, people: [&Person; 2]) -> Result<()> {
        let (gaps, duplicates) =
            people.iter().fold((0, 0), |(gaps, duplicates), p| (gaps + p.live.gaps, duplicates + p.live.duplicates));
        let mut latencies = self.latencies.clone();
        latencies.sort_by(f64::total_cmp);
        let (p50, p99) = (percentile(&latencies, 0.50), percentile(&latencies, 0.99));
        if self.quiet {
            println!(
                "{}",
                json!({ "commands": self.commands, "events": self.events, "gaps": gaps, "duplicates": duplicates, "p50_ms": p50, "p99_ms": p99 })
            );
        } else {
            println!(
                "\n{} commands sent, {} events received, {gaps} gaps, {duplicates} duplicates\nfrom command to pushed achievement: p50 {p50} ms, p99 {p99} ms",
                self.commands, self.events
            );
        }
        for kind in [
            "workout.completed.v1",
            "records set",
            "achievement.unlocked.v1",
            "streak",
            "recommendation.ready.v1",
            "reminder.due.v1",
        ] {
            if !self.kinds.contains_key(kind) {
                bail!("no {kind} was pushed");
            }
        }
        if gaps + duplicates > 0 { bail!("{gaps} gaps and {duplicates} duplicates") } else { Ok(()) }
    }

    async fn command(
        &mut self,
        person: &mut Person,
        method: &str,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        self.commands += 1;
        person.command(method, path, key, body).await?.success().with_context(|| format!("{method} {path}"))
    }

    /// Listens until the push that is waited for.
    async fn until(&mut self, person: &mut Person, wanted: impl Fn(&Push) -> bool) -> Result<()> {
        loop {
            let (came, push) = timeout(Duration::from_secs(15), person.next())
                .await
                .context("an expected push did not come within 15 s")??;
            self.see(person.name, came, &push);
            if wanted(&push) {
                return Ok(());
            }
        }
    }

    /// Listens until nothing comes for a while.
    async fn listen_for(&mut self, person: &mut Person, quiet: Duration) -> Result<()> {
        while let Ok(next) = timeout(quiet, person.next()).await {
            let (came, push) = next?;
            self.see(person.name, came, &push);
        }
        Ok(())
    }

    fn see(&mut self, name: &str, came: Instant, push: &Push) {
        self.events += 1;
        *self.kinds.entry(push.kind.clone()).or_default() += 1;
        let data = &push.data;
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let told = match push.kind.as_str() {
            "achievement.unlocked.v1" => {
                if text("code").starts_with("streak") {
                    *self.kinds.entry("streak".to_owned()).or_default() += 1;
                }
                if let Some(sent) = self.sent.get(&push.command) {
                    self.latencies.push((came - *sent).as_secs_f64() * 1000.0);
                }
                text("code")
            }
            "achievement.revoked.v1" => text("code"),
            "workout.completed.v1" | "workout.corrected.v1" => {
                format!(
                    "{}, {} sets, {} kg moved",
                    data["summary"]["local_date"].as_str().unwrap_or_default(),
                    data["summary"]["sets"],
                    kilograms(&data["summary"]["tonnage_g"])
                )
            }
            "notification.created.v1" => {
                format!("{} (because of {})", text("kind"), data["because"]["event_type"].as_str().unwrap_or_default())
            }
            "reminder.set.v1" | "reminder.due.v1" => text("due_at"),
            "recommendation.ready.v1" => proposed(data),
            "recommendation.withdrawn.v1" => text("reason"),
            _ => String::new(),
        };
        self.line(name, &format!("{:<24} {told}", push.kind.trim_end_matches(".v1")));
        for (list, label) in [("withdrawn", "  records withdrawn"), ("set", "  records set")] {
            let records: Vec<_> = records(push, list).map(of_record).collect();
            if !records.is_empty() {
                *self.kinds.entry(label.trim_start().to_owned()).or_default() += 1;
                self.line(name, &format!("{label:<24} {}", records.join("; ")));
            }
        }
    }

    fn line(&self, name: &str, text: &str) {
        if !self.quiet {
            println!("{name}  {text}");
        }
    }
}

fn kilograms(grams: &Value) -> f64 {
    grams.as_f64().unwrap_or_default() / 1000.0
}

/// The records that a workout sets, or withdraws.
fn records<'a>(push: &'a Push, list: &str) -> impl Iterator<Item = &'a Value> {
    push.data["records"][list].as_array().into_iter().flatten()
}

/// `next-session: barbell-back-squat 3 × 5 with 102.5 kg; …`
fn proposed(recommendation: &Value) -> String {
    let lift = |lift: &Value| {
        let load = lift["load_kg"].as_f64().map_or_else(String::new, |kg| format!(" with {kg} kg"));
        format!("{} {} × {}{load}", lift["exercise"].as_str().unwrap_or_default(), lift["sets"], lift["reps"])
    };
    let lifts: Vec<String> = recommendation["lifts"].as_array().into_iter().flatten().map(lift).collect();
    let about = recommendation["kind"].as_str().or_else(|| recommendation["headline"].as_str()).unwrap_or_default();
    format!("{about}: {}", lifts.join("; "))
}

/// `barbell-back-squat max_load 80 kg`
fn of_record(record: &Value) -> String {
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    let value = match text("kind") {
        "max_reps" => format!("{} reps", record["mark"]["value"]),
        "longest_duration" => format!("{} s", record["mark"]["value"]),
        _ => format!("{} kg", kilograms(&record["mark"]["value"])),
    };
    let again = if record["reestablished"] == true { " stands again" } else { "" };
    format!("{} {} {value}{again}", text("exercise"), text("kind"))
}

/// Rounded to a hundredth.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * share).round() as usize).map_or(0.0, |value| (value * 100.0).round() / 100.0)
}
