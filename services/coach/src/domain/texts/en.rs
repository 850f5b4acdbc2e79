//! English.

use super::{Headline, Templates};
use crate::domain::{
    reasons::{Code, Otherwise},
    safety::Rule,
};

pub(super) const TEMPLATES: Templates =
    Templates { headline, reason, otherwise, rule, range: "In 8 of 10 cases it will be {load} to {other-load}." };

const fn headline(headline: Headline) -> &'static str {
    match headline {
        Headline::NextSession => "Next workout: {exercises}",
        Headline::NextLoad => "{exercise}: {sets} × {reps} with {load}",
        Headline::NextLoadOpen => "{exercise}: {sets} × {reps}, stop at RPE {rpe}",
        Headline::NextHelp => "{exercise}: {sets} × {reps} with {load} of help",
        Headline::FirstTime => {
            "New: {exercise}. Start with {load} for {reps|rep|reps}, add a little each set, stop at RPE {rpe} and tell us how hard it was."
        }
        Headline::FirstTimeOpen => {
            "New: {exercise}. Start light, {reps|rep|reps} a set, stop at RPE {rpe} and tell us how hard it was."
        }
        Headline::SetsLeft => "{exercise}: {load} for the sets that are left",
        Headline::Substitute => "{other} instead of {exercise}",
        Headline::Deload => "An easier week: {percent} of the sets, {other-percent} of the load, for {days|day|days}",
        Headline::WelcomeBack => "Welcome back: start with {percent} of your last loads and fewer sets",
        Headline::VolumeGap => "{muscle}: {sets|more set|more sets} this week, for example {exercise}",
        Headline::PlateauReps => "{exercise}: try {reps} to {other-reps|rep|reps} a set for a while",
        Headline::PlateauVariant => "{exercise}: try {other} for a while",
        Headline::Routine => "A plan for {days|day|days} a week: {exercises}",
        Headline::WeeklyReview => "Your week: {workouts|workout|workouts}, {sets|set|sets}",
        Headline::CheckEntry => "{exercise}: is {load} right?",
        Headline::NoProposal => "{exercise}: no load from us this time",
        Headline::NothingNow => "Nothing to propose right now",
        Headline::LoggingOnly => "We keep your log; please see a professional before you train on our advice.",
    }
}

const fn reason(code: Code) -> &'static str {
    match code {
        Code::RepsTargetMet => "You did {reps|repetition|repetitions} or more in every set with {load}.",
        Code::RpeLow => "It felt like RPE {rpe}, so there was room for more.",
        Code::RepsMissed => "A set with {load} fell short of {reps|repetition|repetitions}.",
        Code::RepsMissedTwice => "Sets fell short of {reps|repetition|repetitions} twice in a row.",
        Code::SameAsLastBest => "{load} × {reps} is what you did last time.",
        Code::LastTime => "Last time you did {load} × {reps}.",
        Code::LighterSets => "Around them your lighter sets as usual: {sets} before, {other-sets} after.",
        Code::AtTheLimit => "It felt like RPE {rpe}: nothing was left.",
        Code::Forecast => {
            "Going by {times|session|sessions}, you will probably do {load} for {reps|repetition|repetitions}."
        }
        Code::LayoffDays => "The last time was {days|day|days} ago.",
        Code::MuscleReady => "Rested: {muscle}.",
        Code::MuscleGapWeek => "{muscle}: {sets|set|sets} in the last seven days, {other-sets} would be a good start.",
        Code::DuePattern => "Usual gap for {exercise}: {days|day|days}; so far {other-days|day|days}.",
        Code::DayPattern => "It is what you often do {weekday}.",
        Code::UsualAfter => "You usually do {other} after {exercise}.",
        Code::UsualSession => "You did it like this {times|time|times} before.",
        Code::FromWorkouts => "It rests on {times|workout|workouts} of yours.",
        Code::RpeDrift => "Lately it felt {rpe} RPE harder than expected ({times|set|sets}).",
        Code::StrengthDown => "Below your usual level: {times|lift|lifts}, going by {workouts|workout|workouts}.",
        Code::LoadRising => "Your week is {percent} above the mean of your last four.",
        Code::Plateau => "{exercise} has hardly changed in {times|session|sessions} over {weeks|week|weeks}.",
        Code::EquipmentSub => "{exercise} needs equipment that you do not have.",
        Code::InjuryAvoid => "It spares what you reported: {joint}.",
        Code::PainSub => "You told us that {exercise} hurts.",
        Code::BoredomSub => "You wanted a change from {exercise}.",
        Code::SameMuscle => "It trains the same muscle: {muscle}.",
        Code::NoSubstitute => "Nothing else that you have and may do trains this muscle: {muscle}.",
        Code::ColdStart => "It is new for you, so this is a careful guess from what others lift.",
        Code::GoalsContradict => "Your goals ask for different repetitions; {reps} to {other-reps} lies between them.",
        Code::UnitDoubt => "{load} is far from what you usually do; {other-load} would fit if the unit was mixed up.",
        Code::NumberDoubt => "{load} × {reps} does not look right, so we do not build on it.",
        Code::TwoMachines => {
            "Are these two machines? Your last loads lie about {load} and about {other-load}; until we know we go by the lighter one."
        }
        Code::NotInReps => "{exercise} is measured in time or distance, for which we have no proposals yet.",
        Code::UnknownExercise => "We know too little about {exercise}.",
        Code::NoRpe => "You log no RPE, so we assume two repetitions in reserve.",
        Code::SessionStrong => "Today goes {percent} better than expected.",
        Code::SessionWeak => "Today goes {percent} worse than expected.",
        Code::DaysPerWeek => "It fits {days|day|days} a week.",
        Code::WeekMore => "{percent} more sets than in the mean of your last four weeks.",
        Code::WeekLess => "{percent} fewer sets than in the mean of your last four weeks.",
        Code::WeekBest => "Your best: {exercise}, {load} × {reps}.",
        Code::SeeProfessional => "You told us something that a professional should look at first.",
    }
}

const fn otherwise(otherwise: Otherwise) -> &'static str {
    match otherwise {
        Otherwise::UpIfAllReps => "{load} next time if every set reaches {reps|repetition|repetitions}.",
        Otherwise::DownIfMissed => "{load} next time if a set falls short of {reps|repetition|repetitions}.",
        Otherwise::FewerRepsIfMissed => {
            "Fewer repetitions next time if a set with {load} falls short of {reps|repetition|repetitions}."
        }
        Otherwise::MoreRepsIfMet => {
            "One repetition more next time if every set reaches {reps|repetition|repetitions} with {load}."
        }
        Otherwise::AnotherInstead => "Instead you could do this: {other}.",
        Otherwise::AfterClearance => "Tell us when a professional has agreed, and we go on from there.",
        Otherwise::CorrectEntry => "Correct the entry, or log the same again, and we build on it.",
        Otherwise::LogIt => "Do it as you think right and log it: we learn from it.",
        Otherwise::MoreAfterRamp => "More once you told us how hard the first set was.",
        Otherwise::BackIfRested => "Back to your usual sets after {days|day|days}.",
    }
}

const fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::LogsOnly => "We give no training advice before a professional has agreed.",
        Rule::InjuredJoint => "Left out because it stresses a joint that you reported.",
        Rule::Excluded => "Left out because it hurt three times.",
        Rule::Implausible => "The numbers did not look right.",
        Rule::NoCountedLoad => "We name no load for this exercise.",
        Rule::Child => "No loads under 13: learn the movement with somebody who teaches it.",
        Rule::Youth => "Under 18 technique comes first: eight repetitions or more, RPE 7 at most, with supervision.",
        Rule::OlderAdult => "With repetitions in reserve and small steps.",
        Rule::FirstTime => "A first time starts light.",
        Rule::Reentry => "Step by step after the break that the joint needed.",
        Rule::UpperBound => "Not above what you will probably manage.",
        Rule::InReserve => "At least one repetition stays in reserve.",
        Rule::Jump => "One step at a time.",
        Rule::AfterMiss => "No rise after a set that fell short.",
        Rule::AfterPain => "No rise after a note of pain.",
        Rule::AfterHardSet => "No rise after a set at the limit.",
        Rule::LayOff => "Lighter after the time away.",
        Rule::Volume => "The week has no room for more sets of these muscles.",
    }
}
