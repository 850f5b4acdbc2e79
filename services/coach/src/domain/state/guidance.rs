//! What became of the coach's proposals, and what is welcome to this person.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use plyo_events::EventId;
use serde::{Deserialize, Serialize};

pub use crate::domain::models::bandit::Welcome;
use crate::domain::{
    event::{Circumstances, DismissalReason, Kind, ProposalEvent},
    global::Global,
    models::{
        bandit::{Bandit, Features, Outcome, Shown},
        time::{from_minutes, minutes_of},
    },
};

/// Proposals that may still be answered; the oldest expires when there are more.
const OPEN: usize = 12;
/// Answered proposals that are told from new ones.
const CLOSED: usize = 48;
/// Kinds and subjects that keep silent, and pain notes, that are remembered.
const SILENCES: usize = 24;
const HURTS: usize = 24;
/// Bytes of a subject that are remembered: an exercise's slug fits.
const SUBJECT: usize = 64;
/// Days of silence after the first dismissal; each further one doubles them, four times at most.
const SILENT_DAYS: i64 = 14;
const MAX_STRIKES: u8 = 5;
const MINUTES_A_DAY: i64 = 24 * 60;

/// What the coach learnt from its own proposals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Guidance {
    bandit: Bandit,
    shown: Shown,
    /// Minutes since 1970 when each kind was shown last.
    last_shown: [Option<i64>; Kind::COUNT],
    /// Latest last.
    open: Vec<Open>,
    closed: Vec<[u8; 16]>,
    silences: BTreeMap<(Kind, Box<str>), Silence>,
    /// Subject and minute since 1970, latest last.
    hurts: Vec<(Box<str>, i64)>,
}

/// A proposal that may still be answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    id: [u8; 16],
    kind: Kind,
    subject: Box<str>,
    features: Features,
    is_accepted: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Silence {
    /// Minutes since 1970.
    until: i64,
    strikes: u8,
}

impl Guidance {
    /// Folds what became of a proposal. An event twice, or about a proposal that is not open, changes nothing; a proposal
    /// that nobody answers teaches nothing.
    pub fn fold(&mut self, global: &Global, event: &ProposalEvent) {
        match event {
            ProposalEvent::Shown { id, at, kind, subject, circumstances, .. } => {
                self.show(*id, *at, *kind, subject, circumstances);
            }
            ProposalEvent::Accepted { id, .. } => {
                if let Some(open) = self.open.iter_mut().find(|open| open.is(*id) && !open.is_accepted) {
                    open.is_accepted = true;
                    self.bandit.learn(&global.welcome, open.kind, &open.features, Outcome::Accepted);
                    self.silences.remove(&(open.kind, open.subject.clone()));
                }
            }
            ProposalEvent::Followed { id, .. } => {
                if let Some(open) = self.close(*id) {
                    self.conclude(global, &open, Outcome::Followed);
                }
            }
            ProposalEvent::Dismissed { id, at, reason, exercise } => {
                let Some(open) = self.close(*id) else { return };
                self.conclude(global, &open, Outcome::Dismissed);
                if *reason == Some(DismissalReason::Hurts) {
                    self.note_pain(exercise.as_deref().unwrap_or(&open.subject), *at);
                }
                self.silence(open, *at, None);
            }
            ProposalEvent::Gone { id } => self.open.retain(|open| !open.is(*id)),
            ProposalEvent::Snoozed { id, at, days } => {
                if let Some(open) = self.close(*id) {
                    self.silence(open, *at, Some(*days));
                }
            }
        }
    }

    /// How welcome a kind of advice would be in these circumstances.
    pub fn welcome(&self, global: &Global, kind: Kind, circumstances: &Circumstances) -> Welcome {
        self.bandit.welcome(&global.welcome, kind, &self.shown.features(kind, circumstances))
    }

    /// Until when advice of a kind on a subject keeps silent after a dismissal or a snooze; `None` when it need not.
    pub fn silent_until(&self, kind: Kind, subject: &str) -> Option<DateTime> {
        self.silences.get(&(kind, short(subject))).map(|silence| from_minutes(silence.until))
    }

    /// Pain notes on a subject ("hurts"), latest last.
    pub fn hurts(&self, subject: &str) -> Vec<DateTime> {
        let subject = short(subject);
        self.hurts.iter().filter(|(one, _)| *one == subject).map(|(_, minute)| from_minutes(*minute)).collect()
    }

    /// Every pain note that is remembered: on what, and when.
    pub fn pains(&self) -> impl Iterator<Item = (&str, DateTime)> {
        self.hurts.iter().map(|(subject, minute)| (&**subject, from_minutes(*minute)))
    }

    /// When a kind was shown last.
    pub fn last_shown(&self, kind: Kind) -> Option<DateTime> {
        self.last_shown[kind as usize].map(from_minutes)
    }

    fn show(&mut self, id: EventId, at: DateTime, kind: Kind, subject: &str, circumstances: &Circumstances) {
        let bytes = id.uuid().into_bytes();
        if self.open.iter().any(|open| open.is(id)) || self.closed.contains(&bytes) {
            return;
        }
        if self.open.len() == OPEN {
            let expired = self.open.remove(0);
            self.note_closed(expired.id);
        }
        let features = self.shown.features(kind, circumstances);
        self.open.push(Open { id: bytes, kind, subject: short(subject), features, is_accepted: false });
        self.shown.note(kind);
        let last = &mut self.last_shown[kind as usize];
        *last = (*last).max(Some(minutes_of(at)));
    }

    /// Learns the last that is heard of a proposal, in place of its acceptance if it was accepted.
    fn conclude(&mut self, global: &Global, open: &Open, outcome: Outcome) {
        if open.is_accepted {
            self.bandit.revise(open.kind, &open.features, Outcome::Accepted, outcome);
        } else {
            self.bandit.learn(&global.welcome, open.kind, &open.features, outcome);
        }
    }

    fn close(&mut self, id: EventId) -> Option<Open> {
        let place = self.open.iter().position(|open| open.is(id))?;
        let open = self.open.remove(place);
        self.note_closed(open.id);
        Some(open)
    }

    fn note_closed(&mut self, id: [u8; 16]) {
        if self.closed.len() == CLOSED {
            self.closed.remove(0);
        }
        self.closed.push(id);
    }

    fn note_pain(&mut self, subject: &str, at: DateTime) {
        if self.hurts.len() == HURTS {
            self.hurts.remove(0);
        }
        self.hurts.push((subject.into(), minutes_of(at)));
    }

    /// Keeps silent for `days`, or after a dismissal for longer each time.
    fn silence(&mut self, open: Open, at: DateTime, days: Option<u8>) {
        let silence = self.silences.entry((open.kind, open.subject)).or_default();
        let days = days.map_or_else(|| SILENT_DAYS << silence.strikes.min(MAX_STRIKES - 1), i64::from);
        if days >= SILENT_DAYS {
            silence.strikes = (silence.strikes + 1).min(MAX_STRIKES);
        }
        silence.until = silence.until.max(minutes_of(at).saturating_add(days * MINUTES_A_DAY));
        while self.silences.len() > SILENCES {
            let first = self.silences.iter().min_by_key(|(_, silence)| silence.until).map(|(key, _)| key.clone());
            let Some(first) = first else { return };
            self.silences.remove(&first);
        }
    }
}

impl Open {
    fn is(&self, id: EventId) -> bool {
        self.id == id.uuid().into_bytes()
    }
}

fn short(subject: &str) -> Box<str> {
    let end = (0..=SUBJECT.min(subject.len())).rev().find(|end| subject.is_char_boundary(*end)).unwrap_or(0);
    subject[..end].into()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;

    const AT: DateTime = date(2026, 11, 25).at(10, 0, 0, 0);
    const USUAL: Circumstances = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];

    fn id(number: u128) -> EventId {
        EventId::new(Uuid::from_u128(number))
    }

    fn shown(number: u128, kind: Kind) -> ProposalEvent {
        let (id, at, subject) = (id(number), AT, "bench".into());
        ProposalEvent::Shown { id, at, kind, subject, circumstances: USUAL, propensity: 1.0 }
    }

    #[test]
    fn what_is_dismissed_keeps_silent_for_two_weeks_and_then_for_four() {
        let (global, mut guidance) = (Global::default(), Guidance::default());
        for (number, days) in [(1, 14), (2, 28), (3, 56)] {
            guidance.fold(&global, &shown(number, Kind::Plateau));
            guidance.fold(&global, &ProposalEvent::Dismissed { id: id(number), at: AT, reason: None, exercise: None });
            let until = guidance.silent_until(Kind::Plateau, "bench").unwrap();
            assert_eq!(minutes_of(until) - minutes_of(AT), days * MINUTES_A_DAY);
        }
        assert_eq!(guidance.silent_until(Kind::Plateau, "squat"), None);
        assert_eq!(guidance.silent_until(Kind::Deload, "bench"), None);
    }

    #[test]
    fn what_is_accepted_becomes_more_welcome_and_more_so_when_it_is_done() {
        let (global, mut guidance) = (Global::default(), Guidance::default());
        let before = guidance.welcome(&global, Kind::Deload, &USUAL).mean;
        guidance.fold(&global, &shown(1, Kind::Deload));
        let after_showing = guidance.clone();
        guidance.fold(&global, &ProposalEvent::Accepted { id: id(1), at: AT });
        let accepted = guidance.welcome(&global, Kind::Deload, &USUAL).mean;
        guidance.fold(&global, &ProposalEvent::Followed { id: id(1), at: AT });
        let followed = guidance.welcome(&global, Kind::Deload, &USUAL).mean;
        assert!(before < accepted && accepted < followed, "{before} {accepted} {followed}");

        let mut done_unasked = after_showing;
        done_unasked.fold(&global, &ProposalEvent::Followed { id: id(1), at: AT });
        let at_once = done_unasked.welcome(&global, Kind::Deload, &USUAL).mean;
        assert!((at_once - followed).abs() < 1e-12, "the way does not matter: {at_once} {followed}");
    }

    #[test]
    fn an_event_twice_or_about_nothing_open_changes_nothing() {
        let (global, mut guidance) = (Global::default(), Guidance::default());
        guidance.fold(&global, &ProposalEvent::Accepted { id: id(9), at: AT });
        assert_eq!(guidance, Guidance::default());
        guidance.fold(&global, &shown(1, Kind::Deload));
        let dismissed =
            ProposalEvent::Dismissed { id: id(1), at: AT, reason: Some(DismissalReason::Hurts), exercise: None };
        guidance.fold(&global, &dismissed);
        let once = guidance.clone();
        guidance.fold(&global, &dismissed);
        guidance.fold(&global, &shown(1, Kind::Deload));
        guidance.fold(&global, &ProposalEvent::Accepted { id: id(1), at: AT });
        assert_eq!(guidance, once);
        assert_eq!(guidance.hurts("bench"), [AT]);
    }
}
