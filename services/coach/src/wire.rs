//! What the mind says, as it travels and is kept: codes and numbers. And back, to be said in words.

use std::collections::BTreeSet;

use plyo_events::{
    EventId, RecommendationId, coach,
    coach::{Focus, Goals, ProposedLift, RangeKg},
    profile::{About, EquipmentSlug, Units},
};
use serde::{
    Deserialize, Serialize,
    de::{
        IntoDeserializer,
        value::{Error, StrDeserializer},
    },
};

use crate::domain::{
    event::Kind,
    profile::{Experience, Goal, Profile, Unit, days_between},
    reasons::{Counterfactual, Evidence, Explanation, Param, Params, Reason, Value, Versions},
    recommend::{Recommendation, Situation},
    safety::Lift,
    state::Training,
    texts::Headline,
};

/// The most events that are named as evidence.
const MAX_EVIDENCE: usize = 24;
/// Days of training after which somebody is no novice.
const NOVICE_DAYS: u32 = 183;

/// The code of something that serialises to a string.
pub(crate) fn code<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(code)) => code,
        _ => String::new(),
    }
}

/// What a code means; `None` for one that a newer coach wrote.
pub(crate) fn meaning<'a, T: Deserialize<'a>>(code: &'a str) -> Option<T> {
    let code: StrDeserializer<'a, Error> = code.into_deserializer();
    T::deserialize(code).ok()
}

/// A recommendation with everything that it rests on.
pub(crate) fn told(situation: &Situation<'_>, one: &Recommendation, id: RecommendationId) -> coach::Recommendation {
    let Explanation { reasons, counterfactual, range80_kg, confidence, safety, versions } = &one.explanation;
    coach::Recommendation {
        recommendation_id: id,
        kind: one.kind.as_ref().map(code),
        subject: Some(&*one.subject).filter(|subject| !subject.is_empty()).map(str::to_owned),
        headline: code(&one.headline),
        params: params(&one.params),
        lifts: one.lifts.iter().map(lift).collect(),
        days: if one.days.len() > 1 { one.days.iter().map(|lifts| *lifts as u32).collect() } else { Vec::new() },
        reasons: reasons.iter().map(reason).collect(),
        counterfactual: counterfactual
            .as_ref()
            .map(|otherwise| coach::Counterfactual { code: code(&otherwise.code), params: params(&otherwise.params) }),
        range80_kg: range80_kg.map(range),
        confidence: *confidence,
        safety: safety.iter().map(code).collect(),
        versions: self::versions(*versions),
        evidence: evidence(situation.training, one),
        made_at: situation.now,
        until: one.until,
        circumstances: one.circumstances,
        propensity: one.propensity,
    }
}

pub(crate) const fn versions(versions: Versions) -> coach::ModelVersions {
    let Versions { models, global, rules } = versions;
    coach::ModelVersions { models, global, rules }
}

/// The events behind its reasons, and those that told of the last time of each lift; latest first.
fn evidence(training: &Training, one: &Recommendation) -> Vec<EventId> {
    let reasons = one.explanation.reasons.iter().flat_map(|reason| reason.evidence.event_ids.iter().rev().copied());
    let last = |lift: &Lift| training.evidence(training.lift(&lift.exercise)?.last().session);
    let mut events: Vec<EventId> = Vec::new();
    for event in one.lifts.iter().filter_map(last).chain(reasons) {
        if events.len() < MAX_EVIDENCE && !events.contains(&event) {
            events.push(event);
        }
    }
    events.sort_by_key(|event| std::cmp::Reverse(training.told_at(*event)));
    events
}

fn lift(lift: &Lift) -> ProposedLift {
    ProposedLift {
        exercise: lift.exercise.clone(),
        load_kg: lift.load_kg.map(to_grams),
        reps: lift.reps,
        sets: lift.sets,
        max_rpe: lift.max_rpe,
        range80_kg: lift.range80_kg.map(range),
        one_rep_max_kg: lift.one_rep_max_kg.map(to_grams),
    }
}

fn range((low, high): (f64, f64)) -> RangeKg {
    RangeKg { low: to_grams(low), high: to_grams(high) }
}

/// To the gram: the state holds 53 lb as a number of 32 bits, which is 24.040395736694336 kg.
fn to_grams(kg: f64) -> f64 {
    (kg * 1_000.0).round() / 1_000.0
}

fn reason(reason: &Reason) -> coach::Reason {
    coach::Reason {
        code: code(&reason.code),
        weight: reason.weight,
        params: params(&reason.params),
        n: reason.evidence.n,
        window_days: reason.evidence.window_days,
    }
}

type Told = std::collections::BTreeMap<String, coach::Param>;

fn params(params: &Params) -> Told {
    params.iter().map(|(param, value)| (code(param), self::value(value))).collect()
}

fn value(value: &Value) -> coach::Param {
    match value {
        Value::Load(kg) => coach::Param::Load(*kg),
        Value::Count(count) => coach::Param::Count(*count),
        Value::Number(number) => coach::Param::Number(*number),
        Value::Percent(percent) => coach::Param::Percent(*percent),
        Value::Exercise(slug) => coach::Param::Exercise(slug.clone()),
        Value::Exercises(slugs) => coach::Param::Exercises(slugs.clone()),
        Value::Muscle(muscle) => coach::Param::Muscle(code(muscle)),
        Value::Joint(joint) => coach::Param::Joint(code(joint)),
        Value::Weekday(day) => coach::Param::Weekday(*day),
    }
}

fn value_of(told: &coach::Param) -> Option<Value> {
    Some(match told {
        coach::Param::Load(kg) => Value::Load(*kg),
        coach::Param::Count(count) => Value::Count(*count),
        coach::Param::Number(number) => Value::Number(*number),
        coach::Param::Percent(percent) => Value::Percent(*percent),
        coach::Param::Exercise(slug) => Value::Exercise(slug.clone()),
        coach::Param::Exercises(slugs) => Value::Exercises(slugs.clone()),
        coach::Param::Muscle(muscle) => Value::Muscle(meaning(muscle)?),
        coach::Param::Joint(joint) => Value::Joint(meaning(joint)?),
        coach::Param::Weekday(day) => Value::Weekday(*day),
    })
}

pub(crate) fn params_of(told: &Told) -> Params {
    told.iter().filter_map(|(param, value)| Some((meaning::<Param>(param)?, value_of(value)?))).collect()
}

/// What a recommendation is about. One of a kind that is not known here is about nothing that is compared.
pub(crate) fn about(told: &coach::Recommendation) -> (Option<Kind>, String) {
    (told.kind.as_deref().and_then(meaning), told.subject.clone().unwrap_or_default())
}

/// What can be said of a recommendation; what a newer coach says is left out.
pub(crate) fn explanation(told: &coach::Recommendation) -> Explanation {
    let reason = |reason: &coach::Reason| {
        let evidence = Evidence { event_ids: Vec::new(), n: reason.n, window_days: reason.window_days };
        Some(Reason {
            code: meaning(&reason.code)?,
            weight: reason.weight,
            params: params_of(&reason.params),
            evidence,
        })
    };
    let otherwise = |otherwise: &coach::Counterfactual| {
        Some(Counterfactual { code: meaning(&otherwise.code)?, params: params_of(&otherwise.params) })
    };
    Explanation {
        reasons: told.reasons.iter().filter_map(reason).collect(),
        counterfactual: told.counterfactual.as_ref().and_then(otherwise),
        range80_kg: told.range80_kg.map(|range| (range.low, range.high)),
        confidence: told.confidence,
        safety: told.safety.iter().filter_map(|rule| meaning(rule)).collect(),
        versions: Versions::default(),
    }
}

pub(crate) fn headline(told: &coach::Recommendation) -> Option<Headline> {
    meaning(&told.headline)
}

/// What is known of a person as far as training goes: what they train for, what they said about themselves, and what their
/// log tells. What they told the coach goes before what they said elsewhere, and what they said before what the log tells.
pub(crate) fn profile(goals: &Goals, about: Option<&About>, is_pounds: bool, training: &Training) -> Profile {
    let goal = |focus: Focus| match focus {
        Focus::Strength => Goal::Strength,
        Focus::Size => Goal::Size,
        Focus::Endurance => Goal::Endurance,
    };
    let days = training.span().map_or(0, |(first, last)| days_between(first.date(), last.date()));
    let logged = if days >= NOVICE_DAYS { Experience::Experienced } else { Experience::Novice };
    let of_log = if is_pounds { Unit::Lb } else { Unit::Kg };
    let Some(about) = about else {
        return Profile {
            goals: goals.focus.iter().copied().map(goal).collect(),
            experience: logged,
            unit: of_log,
            ..Profile::default()
        };
    };
    let focus = if goals.focus.is_empty() { about.goal.into_iter().collect() } else { goals.focus.clone() };
    // What a newer catalogue has is not known to any exercise here.
    let at_hand = |all: &BTreeSet<EquipmentSlug>| all.iter().filter_map(|slug| meaning(slug.as_str())).collect();
    Profile {
        birth_year: about.birth_year.map(|year| u16::from(year).cast_signed()),
        goals: focus.into_iter().map(goal).collect(),
        experience: about.experience.unwrap_or(logged),
        equipment: about.equipment.as_ref().map(at_hand),
        unit: about.units.map_or(of_log, |units| if units == Units::Imperial { Unit::Lb } else { Unit::Kg }),
        injuries: about.injuries.clone(),
        ..Profile::default()
    }
}
