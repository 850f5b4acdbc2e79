//! The messages of `EVENTS` in order: what each must be, alone and after the earlier ones.

use jiff::{SignedDuration, Timestamp};
use plyo_events::EventId;
use rustc_hash::{FxHashMap, FxHashSet};
use uuid::Uuid;

use super::{findings::Findings, tables::Tables};
use crate::{
    broker::{
        reader::Received,
        streams::State,
        subject::partition_of,
        wire::{self, Origin},
    },
    lane::erasure,
};

/// Handled commands are kept for 30 days (`store::prune_handled`); a day less, because clocks differ.
const KEPT: SignedDuration = SignedDuration::from_hours(29 * 24);
/// Max difference between the clocks of nats-server and Postgres.
const CLOCKS: SignedDuration = SignedDuration::from_mins(1);
/// Gaps that are remembered; more are only counted.
const MAX_GAPS: usize = 100;
/// Max events per cause that are tried to derive an id.
const MAX_EVENTS_PER_CAUSE: u32 = 256;

/// What was read so far.
pub(super) struct History {
    start: u64,
    next: u64,
    last: u64,
    /// When the first message that was read was stored.
    began: Option<Timestamp>,
    time: Timestamp,
    /// Where each event stands.
    ids: FxHashMap<Uuid, u64>,
    /// Events whose cause was neither an earlier event nor a handled command.
    open: Vec<Open>,
    /// Missing messages.
    lost: u64,
    /// Where they are missing, from the first to the last: the first few.
    gaps: Vec<(u64, u64)>,
    set_back: u64,
    fired_again: u64,
    findings: Findings,
}

struct Open {
    cause: Uuid,
    id: Uuid,
    sequence: u64,
    stored: Timestamp,
    from_clock: bool,
}

impl History {
    pub(super) fn new(start: u64, last: u64, findings: Findings) -> Self {
        Self {
            start,
            next: start,
            last,
            began: None,
            time: Timestamp::MIN,
            ids: FxHashMap::default(),
            open: Vec::new(),
            lost: 0,
            gaps: Vec::new(),
            set_back: 0,
            fired_again: 0,
            findings,
        }
    }

    /// How many sequences remain.
    pub(super) const fn left(&self) -> u64 {
        (self.last + 1).saturating_sub(self.next)
    }

    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Records what is missing before this sequence.
    pub(super) fn skip_to(&mut self, sequence: u64) {
        if sequence > self.next {
            let (first, last) = (self.next, sequence - 1);
            self.lost += sequence - first;
            // Erasures leave as many gaps as events.
            if self.gaps.len() < MAX_GAPS {
                self.gaps.push((first, last));
            }
        }
        self.next = self.next.max(sequence);
    }

    /// Checks the next message; `false` for one after the end.
    pub(super) fn message(&mut self, received: &Received, tables: &mut Tables) -> bool {
        let Received { sequence, subject, time, .. } = received;
        if *sequence > self.last {
            self.skip_to(self.last + 1);
            return false;
        }
        self.skip_to(*sequence);
        self.next = sequence + 1;
        self.began.get_or_insert(*time);
        self.set_back += u64::from(*time < self.time);
        self.time = *time;
        let mut tokens = subject.split('.');
        match [(); 6].map(|()| tokens.next()) {
            [Some("mark"), Some(_), Some(_), None, ..] => {}
            [Some("evt"), Some(partition), Some(service), Some(_), Some(about), None] => {
                let right = partition_of(about);
                if partition.parse() != Ok(right) {
                    self.findings.wrong("wrong partitions", || {
                        format!("message {sequence} is in partition {partition}, but {about} belongs to {right}")
                    });
                }
                self.event(received, service, tables);
            }
            _ => self.findings.wrong("foreign subjects", || {
                format!("message {sequence} has the subject `{subject}`, which is not an event's")
            }),
        }
        true
    }

    fn event(&mut self, received: &Received, service: &str, tables: &mut Tables) {
        let Received { sequence, subject, headers, time, .. } = received;
        let (sequence, from_clock) = (*sequence, service == "clock");
        let Origin { id, cause } = match wire::origin(subject, headers, sequence, from_clock) {
            Ok(origin) => origin,
            Err(error) => {
                return self.findings.wrong("unreadable envelopes", || format!("message {sequence}: {error}"));
            }
        };
        match self.ids.insert(id, sequence) {
            None => {}
            // A timer is published at least once, and its owner handles it once.
            Some(_) if from_clock => self.fired_again += 1,
            Some(earlier) => self
                .findings
                .wrong("duplicate ids", || format!("event {id} is stored twice, at {earlier} and {sequence}")),
        }
        // What caused it was about whom it erases.
        if erasure::outlives(subject) {
            return;
        }
        let Some(cause) = cause else {
            if !from_clock {
                self.findings.wrong("events without a cause", || format!("event {id} at {sequence} has no cause"));
            }
            return;
        };
        let is_handled = if from_clock { tables.knows(cause) } else { tables.caused(cause) };
        if !is_handled && !self.ids.contains_key(&cause) {
            self.open.push(Open { cause, id, sequence, stored: *time, from_clock });
        }
        // The id of one from another instance derives from what caused it there.
        if !from_clock && wire::imported_by(headers).is_none() {
            self.check_id(id, cause, service, sequence);
        }
    }

    /// The ids of one service's events from one cause derive from the cause and their number.
    fn check_id(&mut self, id: Uuid, cause: Uuid, service: &str, sequence: u64) {
        let derived = |number: u32| EventId::derive(cause, &format!("{service}/{number}")).uuid();
        let Some(number) = (0..MAX_EVENTS_PER_CAUSE).find(|number| derived(*number) == id) else {
            return self.findings.wrong("underivable ids", || {
                format!("event {id} at {sequence}: the id does not derive from its cause {cause}")
            });
        };
        let is_whole = self.start == 1;
        if is_whole && number > 0 && !self.ids.contains_key(&derived(number - 1)) {
            self.findings.wrong("events after a missing one", || {
                let ordinal = number + 1;
                format!("event {id} at {sequence} is number {ordinal} of {service} from {cause}, but number {number} is not before it")
            });
        }
    }

    /// Nothing more comes. `erased` is how many events erasures have removed, or are about to.
    pub(super) fn end(&mut self, state: &State, erased: u64) {
        self.skip_to(self.last + 1);
        if self.lost > erased {
            let lost = self.lost;
            for (first, last) in std::mem::take(&mut self.gaps) {
                self.findings.wrong("gaps", || match last - first {
                    0 => format!("message {first} is missing"),
                    more => format!("messages {first} to {last} are missing ({})", more + 1),
                });
            }
            if erased > 0 {
                self.findings.wrong("gaps", || {
                    format!("{lost} messages are missing, of which erasures removed {erased}: some are lost")
                });
            }
        }
        self.findings.remark(self.lost.min(erased), "messages were removed by erasures");
        let (counted, lost) = (state.last.saturating_sub(state.messages), self.lost);
        if self.start > 1 && counted > lost.max(erased) {
            let (more, start) = (counted - lost.max(erased), self.start);
            self.findings.wrong("gaps", || {
                format!("{more} messages before {start} are missing; run without --since to list them")
            });
        } else if counted != lost && self.start == 1 {
            let (messages, readable) = (state.messages, state.last - lost);
            self.findings.wrong("gaps", || {
                format!(
                    "nats-server counts {messages} messages in EVENTS, but only {readable} can be read: its store is damaged"
                )
            });
        }
        self.findings.remark(
            self.set_back,
            "messages have an earlier timestamp than their predecessor: the clock of nats-server was set back",
        );
        self.findings.remark(self.fired_again, "timers fired more than once; their owners ignore the repeats");
    }

    /// The causes that are neither events nor commands known to be handled.
    pub(super) fn causes_not_found(&self) -> Vec<Uuid> {
        let causes = self.open.iter().filter(|open| !self.ids.contains_key(&open.cause)).map(|open| open.cause);
        causes.collect::<FxHashSet<_>>().into_iter().collect()
    }

    /// Reports events without a cause. `handled` are causes that turned out to be handled commands.
    pub(super) fn check_causes(&mut self, handled: &FxHashSet<Uuid>) {
        let kept_since = Timestamp::now() - KEPT;
        let (mut forgotten, mut before) = (0, 0);
        for Open { cause, id, sequence, stored, from_clock } in std::mem::take(&mut self.open) {
            if handled.contains(&cause) {
                continue;
            }
            if let Some(after) = self.ids.get(&cause) {
                self.findings.wrong("events before their cause", || {
                    format!("event {id} at {sequence} is before its cause {cause}, which is at {after}")
                });
            } else if self.start > 1 {
                before += 1;
            } else if stored < kept_since || from_clock {
                // The cause of a timer may have been handled long before it fires.
                forgotten += 1;
            } else {
                self.findings.wrong("events without a cause", || {
                    format!(
                        "event {id} at {sequence}: its cause {cause} is neither an earlier event nor a handled command"
                    )
                });
            }
        }
        self.findings.remark(before, "events have a cause that is not in this range: it may be earlier");
        self.findings
            .remark(forgotten, "events come from a command whose outcome is no longer kept: they cannot be checked");
    }

    /// Reports commands whose events are missing.
    pub(super) fn check_handled(mut self, tables: &Tables) -> Findings {
        // Events of commands handled before the first message read are before it.
        let since =
            if self.start > 1 { self.began.map_or(Timestamp::MAX, |began| began + CLOCKS) } else { Timestamp::MIN };
        for (command, service) in tables.without_events(since) {
            self.findings.wrong("commands without their events", || {
                format!("command {command}: {service} recorded it as done with events, but EVENTS has none of them")
            });
        }
        self.findings
    }
}
