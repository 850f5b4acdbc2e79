//! The two streams that a lane reads, and batches of them.

use std::time::Duration;

use plyo_events::{DecodeError, EventKind};
use tokio::time::{Instant, timeout_at};

use super::{
    erasure::Erase,
    gather::{Arrival, Gathered, Source, Work},
    import::Import,
    position::Position,
    which::Lane,
};
use crate::{
    broker::{
        Nats,
        reader::{Reader, Received},
        streams,
        subject::{self, partition},
        wire::{self, WireError},
    },
    failure::Failure,
    reactor::Reactor,
};

/// How long a batch may be filled while the server has more.
const FILL_TIMEOUT: Duration = Duration::from_millis(5);
/// How long timers are gathered that the broker fires after an outage, so that they are handled in the order in which they
/// were due: once per owner, for it has lost its connection in the outage.
const OVERDUE_FILL_TIMEOUT: Duration = Duration::from_millis(250);

/// Both inputs of a lane.
pub(crate) struct Inputs {
    lane: Lane,
    events: Input,
    commands: Input,
    has_gathered_overdue: bool,
    /// A message from a newer binary: the lane stops before it.
    stop: Option<Failure>,
}

/// A stream, and how far other lanes were before, by partition.
struct Input {
    reader: Reader,
    ahead: Vec<u64>,
}

impl Inputs {
    /// Recreates both consumers of the lane: the position is ours, not theirs.
    pub(crate) async fn open(
        nats: &Nats,
        lane: Lane,
        position: &Position,
        reads: &[EventKind],
    ) -> Result<Self, Failure> {
        let (name, stream) = (lane.consumer(), streams::commands(lane.service));
        for stream in ["EVENTS", &stream] {
            streams::delete_consumer(nats, stream, &name).await.map_err(Failure::Unavailable)?;
        }
        let Position { applied, commands: handled, .. } = *position;
        let of_events = streams::lane_consumer(&name, &lane.event_filter(reads), applied + 1);
        let of_commands = streams::lane_consumer(&name, &lane.command_filter(), handled + 1);
        let events =
            Input { reader: Reader::create(nats, "EVENTS", of_events).await?, ahead: position.events_ahead.clone() };
        let commands =
            Input { reader: Reader::create(nats, &stream, of_commands).await?, ahead: position.commands_ahead.clone() };
        Ok(Self { lane, events, commands, has_gathered_overdue: false, stop: None })
    }

    /// Waits for a message, at most `patience`, then takes all available ones. Empty on a timeout.
    pub(crate) async fn gather<R: Reactor>(&mut self, patience: Duration) -> Result<Gathered, Failure> {
        if let Some(stop) = self.stop.take() {
            return Err(stop);
        }
        let mut gathered = Gathered::default();
        let Some((source, first)) = self.next(Instant::now() + patience).await? else { return Ok(gathered) };
        self.take::<R>(&mut gathered, source, first)?;
        let mut full_at = Instant::now() + FILL_TIMEOUT;
        let mut waits = false;
        while gathered.has_room() && self.stop.is_none() {
            if gathered.is_overdue() && !self.has_gathered_overdue {
                (self.has_gathered_overdue, waits) = (true, true);
                full_at = Instant::now() + OVERDUE_FILL_TIMEOUT;
            }
            let (event, command) = (self.events.reader.ready()?, self.commands.reader.ready()?);
            let is_dry = event.is_none() && command.is_none();
            for (source, received) in [(Source::Events, event), (Source::Commands, command)] {
                let Some(received) = received else { continue };
                self.take::<R>(&mut gathered, source, received)?;
            }
            if is_dry {
                // A lane that is behind works in fewer, larger batches.
                if !waits && !gathered.is_behind() {
                    break;
                }
                let Some((source, received)) = self.next(full_at).await? else { break };
                self.take::<R>(&mut gathered, source, received)?;
            }
        }
        Ok(gathered)
    }

    async fn next(&mut self, until: Instant) -> Result<Option<(Source, Received)>, Failure> {
        let next = async {
            tokio::select! {
                event = self.events.reader.next() => (Source::Events, event),
                command = self.commands.reader.next() => (Source::Commands, command),
            }
        };
        match timeout_at(until, next).await {
            Ok((source, received)) => Ok(Some((source, received?))),
            Err(_) => Ok(None),
        }
    }

    fn take<R: Reactor>(&mut self, gathered: &mut Gathered, source: Source, received: Received) -> Result<(), Failure> {
        if self.stop.is_some() {
            // It is after the message that the lane stops at; the next owner reads it again.
            return Ok(());
        }
        let ahead = match source {
            Source::Events => &self.events.ahead,
            Source::Commands => &self.commands.ahead,
        };
        let partition = partition(&received.subject);
        let is_ours = partition.is_some_and(|partition| self.lane.covers(partition));
        let work = if !is_ours || is_behind(ahead, partition, received.sequence) {
            Ok(Work::Skip)
        } else {
            match source {
                Source::Events => decode_event::<R>(&received),
                Source::Commands => decode_command::<R>(&received),
            }
        };
        let work = match work {
            Ok(work) => work,
            Err(WireError::Decode(error @ DecodeError::NewerVersion { .. })) => {
                let sequence = received.sequence;
                let stop =
                    Failure::lost(format!("sequence {sequence}: {error}; run a newer binary (nothing was skipped)"));
                if gathered.arrivals.is_empty() {
                    return Err(stop);
                }
                self.stop = Some(stop);
                return Ok(());
            }
            Err(error) => Work::Undecodable(error.to_string()),
        };
        gathered.push(Arrival { source, received, work });
        Ok(())
    }
}

/// Whether the previous lane of this partition has handled the message.
fn is_behind(ahead: &[u64], partition: Option<u8>, sequence: u64) -> bool {
    let through = partition.and_then(|partition| ahead.get(usize::from(partition)));
    through.is_some_and(|through| sequence <= *through)
}

fn decode_command<R: Reactor>(received: &Received) -> Result<Work, WireError> {
    if let Some(erase) = Erase::read(&received.subject, &received.headers)? {
        return Ok(Work::Erase(erase));
    }
    if let Some(import) = Import::read::<R>(received)? {
        return Ok(Work::Import(import));
    }
    Ok(Work::Command(wire::command(&received.subject, &received.headers, &received.body)?))
}

/// Own events are already in the tables; events that the service does not read are not even decoded.
fn decode_event<R: Reactor>(received: &Received) -> Result<Work, WireError> {
    if subject::service(&received.subject) == Some(R::NAME) {
        return Ok(Work::Skip);
    }
    let reads = |name: &str| R::READS.iter().any(|kind| kind.name() == name);
    let kind = match wire::event_kind(&received.subject, &received.headers) {
        Ok(kind) => kind,
        Err(WireError::Decode(DecodeError::NewerVersion { name, .. })) if !reads(name) => return Ok(Work::Skip),
        Err(WireError::Decode(DecodeError::UnknownType(_)) | WireError::Header(_)) => return Ok(Work::Skip),
        // Neither what it says that it is nor what its subject says is read here.
        Err(WireError::OfAnotherType { name, .. }) if !reads(&name) && !is_on_subject_of_one::<R>(received) => {
            return Ok(Work::Skip);
        }
        Err(error) => return Err(error),
    };
    if !R::READS.contains(&kind.kind) {
        return Ok(Work::Skip);
    }
    let event = wire::event(kind, &received.subject, &received.headers, &received.body, received.stored_at())?;
    let is_imported = wire::imported_by(&received.headers).is_some();
    Ok(if is_imported { Work::Imported(event) } else { Work::Event(event) })
}

/// Whether its subject is of an event that the service reads.
fn is_on_subject_of_one<R: Reactor>(received: &Received) -> bool {
    let mut tokens = received.subject.split('.').skip(2);
    let (service, fact) = (tokens.next(), tokens.next());
    R::READS.iter().any(|kind| service == Some(kind.service()) && fact == Some(&kind.fact()))
}
