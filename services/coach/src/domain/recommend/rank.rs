//! Which of the candidates are shown: what is silenced is left out, what is welcome, worth much and urgent comes first,
//! and the shown ones are about different things.

use jiff::civil::DateTime;
use rand::{SeedableRng as _, rngs::ChaCha8Rng};

use super::{
    circumstances::{circumstances, with_urgency},
    draft::{Draft, is_nothing},
    shown::{MAX_SHOWN, Recommendation},
    situation::Situation,
};
use crate::domain::{
    event::{Circumstances, Kind},
    models::bandit::{Choice, explore},
    safety::Lift,
};

/// What a candidate loses for being about the same as one that is shown (maximal marginal relevance with λ = 0.7).
const SAME_MUSCLE: f64 = 0.3;

/// At most [`MAX_SHOWN`], notices first, then the best ones of which safety leaves something.
pub(super) fn choose(situation: &Situation<'_>, drafts: Vec<Draft>, next: DateTime) -> Vec<Recommendation> {
    let (notices, rest): (Vec<_>, Vec<_>) = drafts.into_iter().partition(|draft| draft.kind.is_none());
    let mut shown: Vec<Recommendation> =
        notices.into_iter().take(MAX_SHOWN).map(|notice| notice.finish(situation, next)).collect();
    let circumstances = circumstances(situation);
    let mut scored: Vec<(f64, Draft)> = rest
        .into_iter()
        .filter(|draft| is_open(situation, draft))
        .map(|draft| (score(situation, &draft, circumstances), draft))
        .collect();
    // By score; equals by kind and subject, so that the order in which they came does not matter.
    scored.sort_by(|(a, one), (b, other)| {
        b.total_cmp(a).then(one.kind.cmp(&other.kind)).then_with(|| one.subject.cmp(&other.subject))
    });
    while shown.len() < MAX_SHOWN && !scored.is_empty() {
        let is_last = shown.len() + 1 == MAX_SHOWN;
        let best = best(situation, &shown, &scored);
        let mut random = ChaCha8Rng::seed_from_u64(situation.seed);
        let certain = Choice { place: best, propensity: 1.0 };
        // Only the last place explores, so that the best is always shown.
        let choice = if is_last { explore(best, scored.len(), &mut random) } else { certain };
        let (_, draft) = scored.remove(choice.place);
        let kind = draft.kind;
        let chosen = Recommendation { propensity: choice.propensity, ..draft.finish(situation, next) };
        if is_nothing(&chosen) {
            continue;
        }
        // One of a kind is enough, but for loads; and a lighter week or a way back contradicts what makes training
        // harder.
        scored.retain(|(_, other)| other.kind == Some(Kind::NextLoad) || other.kind != kind);
        scored.retain(|(_, other)| !contradict(kind, other.kind));
        shown.push(chosen);
    }
    shown
}

/// Whether it was not dismissed or snoozed lately.
fn is_open(situation: &Situation<'_>, draft: &Draft) -> bool {
    let until = draft.kind.and_then(|kind| situation.guidance.silent_until(kind, &draft.subject));
    until.is_none_or(|until| until <= situation.now)
}

/// How welcome it is, times what it is worth, times how urgent it is.
fn score(situation: &Situation<'_>, draft: &Draft, circumstances: Circumstances) -> f64 {
    let Some(kind) = draft.kind else { return 0.0 };
    let circumstances = with_urgency(circumstances, draft.urgency);
    let welcome = situation.guidance.welcome(situation.knowledge.global, kind, &circumstances);
    let accepted = (0.5 + welcome.score()).clamp(0.0, 1.5);
    // Even what is rarely accepted may be shown when nothing else is there.
    (0.05 + accepted) * worth(kind) * (0.5 + draft.urgency)
}

/// What following an advice is worth beside others.
const fn worth(kind: Kind) -> f64 {
    match kind {
        Kind::Return | Kind::Deload => 1.5,
        Kind::NextSession | Kind::Substitution | Kind::InSession => 1.2,
        Kind::NextLoad => 1.0,
        Kind::Plateau | Kind::VolumeGap | Kind::WeeklyReview => 0.9,
        Kind::Routine => 0.8,
    }
}

/// Whether one kind asks for less and the other for more.
fn contradict(one: Option<Kind>, other: Option<Kind>) -> bool {
    let lightens = |kind| matches!(kind, Some(Kind::Deload | Kind::Return));
    let raises = |kind| {
        matches!(kind, Some(Kind::NextSession | Kind::NextLoad | Kind::VolumeGap | Kind::Plateau | Kind::Routine))
    };
    (lightens(one) && raises(other)) || (raises(one) && lightens(other))
}

/// The place of the best one that is not about what is shown already.
fn best(situation: &Situation<'_>, shown: &[Recommendation], scored: &[(f64, Draft)]) -> usize {
    let muscle = |lifts: &[Lift]| {
        let first = lifts.first()?;
        situation.knowledge.exercises.get(&first.exercise)?.primary.first().copied()
    };
    let relevance = |(score, one): &(f64, Draft)| {
        let target = muscle(&one.lifts);
        let is_same = |other: &Recommendation| target.is_some() && target == muscle(&other.lifts);
        score * if shown.iter().any(is_same) { 1.0 - SAME_MUSCLE } else { 1.0 }
    };
    let mut best = 0;
    for place in 1..scored.len() {
        if relevance(&scored[place]) > relevance(&scored[best]) {
            best = place;
        }
    }
    best
}
