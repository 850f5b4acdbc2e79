//! `plyo tail` and `plyo why`: events as they happen; what caused an event, and what it caused.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use plyo_events::{Body, Subject};
use plyo_nats::{Nats, Start, Stored, Tail as Events};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Servers, operate};

#[derive(Args)]
pub(super) struct Tail {
    /// Only events about this user, or another subject such as group-UUID
    #[arg(long = "user", value_name = "ID")]
    about: Option<Subject>,
    /// Only types with this prefix: `workout.`, `achievement.unlocked`
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Start with the last N events
    #[arg(long, default_value_t = 10, value_name = "N")]
    last: u64,
    /// Exit after the last event instead of waiting for more
    #[arg(long)]
    no_follow: bool,
    #[command(flatten)]
    servers: Servers,
}

impl Tail {
    /// Prints events, a line of JSON each.
    pub(super) async fn run(self) -> Result<()> {
        let nats = self.servers.of_operator()?.nats("operator").await?;
        let mut events = Events::open_at(&nats, "operator", Start::Last(self.last)).await?;
        let is_wanted = |stored: &Stored| {
            let has_type = |wanted: &String| stored.type_name.starts_with(wanted.as_str());
            self.about.is_none_or(|about| stored.message.subject == about)
                && (self.types.is_empty() || self.types.iter().any(has_type))
        };
        while !self.no_follow || events.behind() > 0 {
            let mut lines = String::new();
            for stored in events.next().await?.iter().filter(|stored| is_wanted(stored)) {
                lines.push_str(&line(stored)?);
            }
            // The reader, such as `head`, may have closed the pipe.
            if io::stdout().write_all(lines.as_bytes()).and_then(|()| io::stdout().flush()).is_err() {
                break;
            }
        }
        Ok(())
    }
}

fn line(stored: &Stored) -> Result<String> {
    let message = &stored.message;
    let (Body::MessagePack(body) | Body::Json(body)) = message.body.body();
    let readable = operate::readable(body).and_then(|json| Ok(serde_json::from_str(&json)?));
    let mut line = json!({
        "sequence": stored.sequence,
        "type": stored.type_name,
        "about": message.subject.to_string(),
        "time": message.time,
        "id": message.id,
        "data": readable.unwrap_or(Value::Null),
    });
    if message.causation != message.id {
        line["because"] = json!(message.causation);
    }
    Ok(format!("{line}\n"))
}

#[derive(Args)]
pub(super) struct Why {
    /// The id of an event or a command, which is also the id of what the command created
    id: Uuid,
    #[command(flatten)]
    servers: Servers,
}

/// An event of a chain.
struct Link {
    sequence: u64,
    about: String,
    line: String,
    cause: Uuid,
}

impl Why {
    /// Prints the chain that a message is part of: what came first, and below each message what it caused.
    pub(super) async fn run(self) -> Result<()> {
        let nats = self.servers.of_operator()?.nats("operator").await?;
        let mut chain = None;
        read(&nats, |stored| {
            if [stored.message.id, stored.message.causation].contains(&self.id) && chain.is_none() {
                chain = Some(stored.message.correlation);
            }
        })
        .await?;
        let Some(chain) = chain else {
            bail!("EVENTS has no event {} and none caused by it; a rejected command causes none", self.id);
        };
        let mut links = BTreeMap::new();
        read(&nats, |stored| {
            let message = &stored.message;
            if message.correlation == chain {
                let line = format!("{} {} at {}", stored.type_name, message.id, message.time);
                let (about, cause) = (message.subject.to_string(), message.causation);
                links.insert(message.id, Link { sequence: stored.sequence, about, line, cause });
            }
        })
        .await?;
        let mut text = String::new();
        // Anything but an event is a command: their streams keep no handled ones.
        if !links.contains_key(&chain) {
            text.push_str(&format!("command {chain}{}\n", self.mark(chain)));
        }
        self.tell(&links, chain, 0, &mut text);
        io::stdout().write_all(text.as_bytes()).context("write")
    }

    /// The message, if it is an event, and below it those that it caused, in the order of the history.
    fn tell(&self, links: &BTreeMap<Uuid, Link>, id: Uuid, depth: usize, text: &mut String) {
        if let Some(Link { sequence, about, line, .. }) = links.get(&id) {
            text.push_str(&format!(
                "{}{line}, sequence {sequence}, about {about}{}\n",
                "  ".repeat(depth),
                self.mark(id)
            ));
        }
        let mut caused: Vec<(&Uuid, &Link)> =
            links.iter().filter(|(caused, link)| link.cause == id && **caused != id).collect();
        caused.sort_unstable_by_key(|(_, link)| link.sequence);
        for (caused, _) in caused {
            self.tell(links, *caused, depth + 1, text);
        }
    }

    fn mark(&self, id: Uuid) -> &'static str {
        if id == self.id { "  <- this one" } else { "" }
    }
}

/// Every event there is.
async fn read(nats: &Nats, mut each: impl FnMut(&Stored)) -> Result<()> {
    let mut events = Events::open_at(nats, "operator", Start::Last(u64::MAX)).await?;
    while events.behind() > 0 {
        events.next().await?.iter().for_each(&mut each);
    }
    Ok(())
}
