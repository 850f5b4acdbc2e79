//! The circumstances in which something is recommended, as numbers to learn from.

use super::situation::Situation;
use crate::domain::{
    event::Circumstances,
    exercise::MuscleGroup,
    profile::{Experience, Goal},
};

/// The circumstances of now, each about 0 with a spread of about 1, the bias first; the last place is for the urgency.
pub(super) fn circumstances(situation: &Situation<'_>) -> Circumstances {
    let training = situation.training;
    let (acute, chronic) = training.load.at(situation.now);
    let ready = MuscleGroup::ALL.map(|muscle| training.muscles.readiness(muscle, situation.now)).iter().sum::<f64>();
    let is = |yes: bool| if yes { 1.0 } else { -1.0 };
    let balance = if chronic > 0.0 { acute / chronic - 1.0 } else { 0.0 };
    [
        1.0,
        (f64::from(training.sessions).ln_1p() - 3.0).clamp(-2.0, 2.0),
        (2.0 * balance).clamp(-2.0, 2.0),
        (6.0 * (ready / MuscleGroup::COUNT as f64 - 0.7)).clamp(-2.0, 2.0),
        is(situation.now.weekday().to_monday_zero_offset() >= 5),
        is(situation.profile.experience == Experience::Novice),
        is(situation.profile.goals.contains(&Goal::Strength)),
        0.0,
    ]
}

/// The circumstances of a recommendation of some urgency, 0 to 1.
pub(super) fn with_urgency(mut circumstances: Circumstances, urgency: f64) -> Circumstances {
    circumstances[7] = (4.0 * (urgency - 0.5)).clamp(-2.0, 2.0);
    circumstances
}
