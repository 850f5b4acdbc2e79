//! A recommendation before the safety layer, and the way through it.

use jiff::{ToSpan, civil::DateTime};
use plyo_events::training::ExerciseSlug;

use super::{
    circumstances::{circumstances, with_urgency},
    consistent, context, refusal,
    shown::Recommendation,
    situation::Situation,
};
use crate::domain::{
    event::Kind,
    exercise::Exercise,
    reasons::{
        Code, Counterfactual, Evidence, Explanation, Param, Params, RULES_VERSION, Reason, Value, Versions, confidence,
    },
    safety::{self, Lift, Rule, Week},
    state::stored,
    texts::Headline,
};

/// Rounds through the safety layer before loads are given up; two are the rule.
const MAX_ROUNDS: usize = 4;

/// Gives an exercise of a plan its load, at a moment.
pub(super) type NamesLoad = fn(&Situation<'_>, &Exercise, DateTime) -> Lift;

/// What somebody who knows nothing of safety would recommend.
pub(super) struct Draft {
    pub kind: Option<Kind>,
    pub subject: Box<str>,
    pub headline: Headline,
    /// Those of the headline that do not come from the first lift.
    pub params: Params,
    pub lifts: Vec<Lift>,
    /// The moment for which the loads of its lifts are still to be named, and by what: it takes long, and most plans are not
    /// shown.
    pub loads_on: Option<(DateTime, NamesLoad)>,
    /// How many lifts belong to each day; empty for one day.
    pub days: Vec<usize>,
    pub reasons: Vec<Reason>,
    pub counterfactual: Option<Counterfactual>,
    /// How urgent it is, 0 to 1.
    pub urgency: f64,
}

impl Draft {
    pub fn about(kind: Kind, subject: &str, headline: Headline) -> Self {
        Self { kind: Some(kind), ..Self::notice(subject, headline) }
    }

    /// What is told whether it is welcome or not.
    pub fn notice(subject: &str, headline: Headline) -> Self {
        Self {
            kind: None,
            subject: subject.into(),
            headline,
            params: Params::new(),
            lifts: Vec::new(),
            loads_on: None,
            days: Vec::new(),
            reasons: Vec::new(),
            counterfactual: None,
            urgency: 0.5,
        }
    }

    /// That there is nothing to propose for an exercise.
    pub fn nothing(exercise: &ExerciseSlug) -> Self {
        let params = Params::from([(Param::Exercise, Value::Exercise(exercise.clone()))]);
        Self { params, ..Self::notice(exercise.as_str(), Headline::NoProposal) }
    }

    /// Through the safety layer. What it changed is told; what it left nothing of becomes [`Headline::NoProposal`] or
    /// [`Headline::NothingNow`].
    pub fn finish(mut self, situation: &Situation<'_>, on: DateTime) -> Recommendation {
        if let Some((moment, names_load)) = self.loads_on {
            let exercises = self.lifts.iter().filter_map(|lift| situation.knowledge.exercises.get(&lift.exercise));
            self.lifts = exercises.map(|exercise| names_load(situation, exercise, moment)).collect();
        }
        let Safe { lifts, days, rules, was_lowered } = safe(situation, &self, on);
        let lost_all = lifts.is_empty() && needs_lifts(self.headline);
        let first = lifts.first();
        let range80_kg = if lifts.len() == 1 { first.and_then(|lift| lift.range80_kg) } else { None };
        let sessions =
            first.and_then(|lift| situation.training.lifts.get(&lift.exercise)).map_or(0, |lift| lift.sessions);
        let half_width = range80_kg.map_or(f64::INFINITY, |(low, high)| (high - low) / (high + low));
        let confidence = confidence(if lifts.len() == 1 { sessions } else { situation.training.sessions }, half_width);
        let mut params = self.params;
        let headline = if lost_all { without_lifts(&self.lifts, &mut params) } else { self.headline };
        let headline = fill(headline, &lifts, &mut params);
        let is_refusal = lost_all || (self.kind.is_none() && lifts.is_empty());
        let counterfactual = if is_refusal {
            Some(refusal::instead(situation, headline, &rules, &self.subject))
        } else {
            self.counterfactual.filter(|_| !was_lowered)
        };
        let reasons = match lifts.as_slice() {
            [lift] if self.headline == Headline::NextLoad => consistent::reasons(situation, self.reasons, lift),
            _ => self.reasons,
        };
        Recommendation {
            kind: self.kind.filter(|_| !lost_all),
            subject: self.subject,
            headline,
            params,
            lifts,
            days,
            explanation: Explanation {
                counterfactual,
                range80_kg,
                confidence,
                safety: rules,
                versions: versions(situation),
                ..Explanation::of(consistent::never_none(situation, reasons))
            },
            until: on.checked_add(7.days()).unwrap_or(on),
            circumstances: with_urgency(circumstances(situation), self.urgency),
            propensity: 1.0,
        }
    }
}

/// Whether safety left nothing to show; asked for, it is told why, and unasked it is not shown.
pub(super) fn is_nothing(recommendation: &Recommendation) -> bool {
    matches!(recommendation.headline, Headline::NoProposal | Headline::NothingNow)
}

/// That the coach only keeps the log.
pub(super) fn logging_only() -> Draft {
    let reason = Reason::new(Code::SeeProfessional, 1.0, [], Evidence::default());
    Draft { reasons: vec![reason], ..Draft::notice("", Headline::LoggingOnly) }
}

struct Safe {
    lifts: Vec<Lift>,
    days: Vec<usize>,
    /// Without repetitions, in the order of their severity.
    rules: Vec<Rule>,
    /// Whether a load was lowered or left out.
    was_lowered: bool,
}

/// Bounds the lifts until nothing is left to bound: other repetitions are held against other times and another
/// forecast.
fn safe(situation: &Situation<'_>, draft: &Draft, on: DateTime) -> Safe {
    let mut lifts = draft.lifts.clone();
    let mut places: Vec<usize> = (0..lifts.len()).collect();
    let mut rules: Vec<Rule> = Vec::new();
    for round in 0.. {
        if round == MAX_ROUNDS {
            // What does not settle is named no load; without one every rule settles at once.
            lifts.iter_mut().for_each(|lift| (lift.load_kg, lift.range80_kg) = (None, None));
        }
        let applied = safety::apply(lifts.clone(), &lifts_context(situation, &lifts, draft.headline, on));
        rules.extend(applied.rules.iter().map(|(_, rule)| *rule));
        places = applied.places.iter().map(|place| places[*place]).collect();
        let has_settled = applied.lifts == lifts;
        lifts = applied.lifts;
        if has_settled || round > MAX_ROUNDS + 2 {
            break;
        }
    }
    rules.sort_unstable();
    rules.dedup();
    let was_lowered = places.iter().zip(&lifts).any(|(place, lift)| lift.load_kg != draft.lifts[*place].load_kg);
    let mut end = 0;
    let days = draft.days.iter().map(|count| {
        let start = end;
        end += count;
        places.iter().filter(|place| (start..end).contains(*place)).count()
    });
    let days: Vec<usize> = if draft.days.is_empty() { vec![lifts.len()] } else { days.collect() };
    Safe { lifts, days, rules, was_lowered }
}

/// The context that the lifts of a recommendation are bounded in. A plan fills a week of its own.
pub(super) fn lifts_context(
    situation: &Situation<'_>,
    lifts: &[Lift],
    headline: Headline,
    on: DateTime,
) -> safety::Context {
    let mut context = context::context(situation, lifts, on);
    if headline == Headline::Routine {
        context.week = Week { done: Week::default().done, ..context.week };
    }
    context
}

/// Whether a headline says nothing without a lift.
const fn needs_lifts(headline: Headline) -> bool {
    matches!(
        headline,
        Headline::NextSession
            | Headline::NextLoad
            | Headline::NextLoadOpen
            | Headline::NextHelp
            | Headline::FirstTime
            | Headline::FirstTimeOpen
            | Headline::SetsLeft
            | Headline::Substitute
            | Headline::VolumeGap
            | Headline::PlateauReps
            | Headline::PlateauVariant
            | Headline::Routine
    )
}

/// What is said instead of a proposal of which nothing is left.
fn without_lifts(wanted: &[Lift], params: &mut Params) -> Headline {
    let [one] = wanted else { return Headline::NothingNow };
    params.insert(Param::Exercise, Value::Exercise(one.exercise.clone()));
    Headline::NoProposal
}

/// Fills a headline's numbers from the lifts, and chooses the form without a load where there is none.
fn fill(headline: Headline, lifts: &[Lift], params: &mut Params) -> Headline {
    let Some(first) = lifts.first() else { return headline };
    if headline == Headline::NextSession || headline == Headline::Routine {
        // A line has room for six names.
        let names = lifts.iter().take(6).map(|lift| lift.exercise.clone());
        params.insert(Param::Exercises, Value::Exercises(names.collect()));
        return headline;
    }
    params.entry(Param::Exercise).or_insert_with(|| Value::Exercise(first.exercise.clone()));
    params.entry(Param::Sets).or_insert(Value::Count(u32::from(first.sets)));
    params.entry(Param::Reps).or_insert(Value::Count(u32::from(first.reps)));
    params.entry(Param::Rpe).or_insert(Value::Number(first.max_rpe));
    match (first.load_kg, headline) {
        (Some(kg), _) => {
            params.insert(Param::Load, Value::Load(kg));
            headline
        }
        (None, Headline::NextLoad | Headline::NextHelp | Headline::SetsLeft) => Headline::NextLoadOpen,
        (None, Headline::FirstTime) => Headline::FirstTimeOpen,
        (None, _) => headline,
    }
}

fn versions(situation: &Situation<'_>) -> Versions {
    Versions {
        models: u16::from(stored::VERSION),
        global: u16::try_from(situation.knowledge.global.version).unwrap_or(u16::MAX),
        rules: RULES_VERSION,
    }
}

/// A lift as it is usually done, to be bounded: sets as the last times, at most RPE 9.
pub(super) fn lift(exercise: &Exercise, load_kg: Option<f64>, reps: u16, sets: u16) -> Lift {
    Lift { exercise: exercise.slug.clone(), load_kg, reps, sets, max_rpe: 9.0, range80_kg: None, one_rep_max_kg: None }
}
