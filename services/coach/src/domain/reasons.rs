//! Why something is recommended: facts with numbers, and the events that they rest on. What they say in words is in
//! [`super::texts`].

use std::collections::BTreeMap;

pub use plyo_events::coach::Confidence;
use plyo_events::{EventId, training::ExerciseSlug};
use serde::{Deserialize, Serialize};

use super::{
    exercise::{Joint, MuscleGroup},
    safety::Rule,
};

/// Everything that is told with a recommendation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// At most three, the weightiest first.
    pub reasons: Vec<Reason>,
    /// What would change the proposal.
    pub counterfactual: Option<Counterfactual>,
    /// What the person will lift in 8 of 10 cases, in kilograms.
    pub range80_kg: Option<(f64, f64)>,
    pub confidence: Confidence,
    /// The safety rules that changed the proposal, the gravest first. One of them is told.
    pub safety: Vec<Rule>,
    pub versions: Versions,
}

/// One fact that spoke for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    pub code: Code,
    /// How much it contributed, 0 to 1.
    pub weight: f64,
    pub params: Params,
    pub evidence: Evidence,
}

/// What a reason rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The latest of them, at most [`Evidence::MAX_EVENTS`].
    pub event_ids: Vec<EventId>,
    /// How many observations there are.
    pub n: u32,
    /// How far they reach back.
    pub window_days: u32,
}

/// What would make it something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counterfactual {
    pub code: Otherwise,
    pub params: Params,
}

/// What made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Of the models and their state.
    pub models: u16,
    /// Of the file that is trained on everybody.
    pub global: u16,
    /// Of the rules in [`super::recommend`] and [`super::safety`].
    pub rules: u16,
}

/// Of the rules; one more whenever one of them changes.
pub const RULES_VERSION: u16 = 3;

/// What a reason says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    RepsTargetMet,
    RpeLow,
    RepsMissed,
    RepsMissedTwice,
    SameAsLastBest,
    LastTime,
    LighterSets,
    AtTheLimit,
    Forecast,
    LayoffDays,
    MuscleReady,
    MuscleGapWeek,
    DuePattern,
    DayPattern,
    UsualAfter,
    UsualSession,
    FromWorkouts,
    RpeDrift,
    StrengthDown,
    LoadRising,
    Plateau,
    EquipmentSub,
    InjuryAvoid,
    PainSub,
    BoredomSub,
    SameMuscle,
    NoSubstitute,
    ColdStart,
    GoalsContradict,
    UnitDoubt,
    NumberDoubt,
    TwoMachines,
    UnknownExercise,
    /// It is counted in time or distance, for which there is no proposal yet.
    NotInReps,
    NoRpe,
    SessionStrong,
    SessionWeak,
    DaysPerWeek,
    WeekMore,
    WeekLess,
    WeekBest,
    SeeProfessional,
}

/// What a counterfactual says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Otherwise {
    UpIfAllReps,
    DownIfMissed,
    FewerRepsIfMissed,
    MoreRepsIfMet,
    MoreAfterRamp,
    BackIfRested,
    /// Instead of what is refused.
    AnotherInstead,
    AfterClearance,
    CorrectEntry,
    LogIt,
}

/// The numbers and names of a sentence.
pub type Params = BTreeMap<Param, Value>;

/// The place of a number or a name in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Param {
    Load,
    OtherLoad,
    Reps,
    OtherReps,
    Sets,
    OtherSets,
    Rpe,
    Percent,
    OtherPercent,
    Days,
    OtherDays,
    Weeks,
    Times,
    Workouts,
    Exercise,
    Other,
    Exercises,
    Muscle,
    Joint,
    Weekday,
}

/// A number or a name; a language and a unit turn it into text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// In kilograms.
    Load(f64),
    Count(u32),
    /// To one decimal.
    Number(f64),
    /// To a whole number.
    Percent(f64),
    Exercise(ExerciseSlug),
    Exercises(Vec<ExerciseSlug>),
    Muscle(MuscleGroup),
    Joint(Joint),
    /// 0 is Monday.
    Weekday(u8),
}

impl Explanation {
    /// The most reasons that are told.
    pub const MAX_REASONS: usize = 3;

    /// The weightiest reasons, in an order that does not depend on how they came.
    pub fn of(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.code.cmp(&b.code)));
        reasons.truncate(Self::MAX_REASONS);
        Self { reasons, ..Self::default() }
    }
}

impl Reason {
    pub fn new(code: Code, weight: f64, params: impl IntoIterator<Item = (Param, Value)>, evidence: Evidence) -> Self {
        let weight = if weight.is_finite() { weight.clamp(0.0, 1.0) } else { 0.0 };
        Self { code, weight, params: params.into_iter().collect(), evidence }
    }
}

impl Evidence {
    /// The most event ids that are kept.
    pub const MAX_EVENTS: usize = 12;

    /// The latest of the events; `n` counts all of them.
    pub fn of(events: impl IntoIterator<Item = EventId>, window_days: u32) -> Self {
        let mut event_ids: Vec<EventId> = events.into_iter().collect();
        let n = event_ids.len() as u32;
        event_ids.drain(..event_ids.len().saturating_sub(Self::MAX_EVENTS));
        Self { event_ids, n, window_days }
    }
}

/// How sure it is, from how often it was seen and how wide the 80 % range is, as a share of the load to each side.
pub fn confidence(n: u32, half_width: f64) -> Confidence {
    match n {
        0..3 => Confidence::Low,
        3..=8 => Confidence::Mid,
        _ if half_width <= 0.08 => Confidence::High,
        _ => Confidence::Mid,
    }
}

impl Code {
    pub const ALL: [Self; 42] = [
        Self::RepsTargetMet,
        Self::RpeLow,
        Self::RepsMissed,
        Self::RepsMissedTwice,
        Self::SameAsLastBest,
        Self::LastTime,
        Self::LighterSets,
        Self::AtTheLimit,
        Self::Forecast,
        Self::LayoffDays,
        Self::MuscleReady,
        Self::MuscleGapWeek,
        Self::DuePattern,
        Self::DayPattern,
        Self::UsualAfter,
        Self::UsualSession,
        Self::FromWorkouts,
        Self::RpeDrift,
        Self::StrengthDown,
        Self::LoadRising,
        Self::Plateau,
        Self::EquipmentSub,
        Self::InjuryAvoid,
        Self::PainSub,
        Self::BoredomSub,
        Self::SameMuscle,
        Self::NoSubstitute,
        Self::ColdStart,
        Self::GoalsContradict,
        Self::UnitDoubt,
        Self::NumberDoubt,
        Self::TwoMachines,
        Self::UnknownExercise,
        Self::NotInReps,
        Self::NoRpe,
        Self::SessionStrong,
        Self::SessionWeak,
        Self::DaysPerWeek,
        Self::WeekMore,
        Self::WeekLess,
        Self::WeekBest,
        Self::SeeProfessional,
    ];
}

impl Otherwise {
    pub const ALL: [Self; 10] = [
        Self::UpIfAllReps,
        Self::DownIfMissed,
        Self::FewerRepsIfMissed,
        Self::MoreRepsIfMet,
        Self::MoreAfterRamp,
        Self::BackIfRested,
        Self::AnotherInstead,
        Self::AfterClearance,
        Self::CorrectEntry,
        Self::LogIt,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_reasons_are_told_the_weightiest_first() {
        let reason = |code, weight| Reason::new(code, weight, [], Evidence::default());
        let all = vec![
            reason(Code::NoRpe, 0.1),
            reason(Code::RpeLow, 0.9),
            reason(Code::Plateau, f64::NAN),
            reason(Code::Forecast, 0.5),
            reason(Code::RepsTargetMet, 0.9),
        ];
        let told: Vec<Code> = Explanation::of(all).reasons.iter().map(|reason| reason.code).collect();
        assert_eq!(told, [Code::RepsTargetMet, Code::RpeLow, Code::Forecast]);
    }

    #[test]
    fn confidence_grows_with_what_was_seen() {
        assert_eq!(confidence(2, 0.01), Confidence::Low);
        assert_eq!(confidence(8, 0.01), Confidence::Mid);
        assert_eq!(confidence(9, 0.05), Confidence::High);
        assert_eq!(confidence(50, 0.3), Confidence::Mid);
        assert_eq!(confidence(50, f64::NAN), Confidence::Mid);
    }

    #[test]
    fn an_explanation_survives_its_serialisation() {
        let params = [(Param::Load, Value::Load(62.5)), (Param::Reps, Value::Count(8))];
        let explanation = Explanation {
            counterfactual: Some(Counterfactual {
                code: Otherwise::UpIfAllReps,
                params: params.clone().into_iter().collect(),
            }),
            safety: vec![Rule::Jump],
            ..Explanation::of(vec![Reason::new(Code::RepsTargetMet, 0.8, params, Evidence::default())])
        };
        let json = serde_json::to_string(&explanation).unwrap();
        assert!(json.contains(r#""code":"REPS_TARGET_MET""#) && json.contains(r#""load":{"load":62.5}"#), "{json}");
        assert_eq!(serde_json::from_str::<Explanation>(&json).unwrap(), explanation);
    }
}
