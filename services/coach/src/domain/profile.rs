//! What a person told the coach about themselves. Everything may be unknown: an unknown age
//! counts as an adult's, unknown experience as a novice's, and screening that nobody asked for holds nothing back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
pub use plyo_events::profile::{Experience, Injury};
use serde::{Deserialize, Serialize};

use super::exercise::{Equipment, Exercise, Joints};

/// One pound in kilograms (NIST SP 811).
pub const POUND_KG: f64 = 0.453_592_37;

/// A person as far as training goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    pub birth_year: Option<i16>,
    pub experience: Experience,
    /// What the training is for; several may contradict each other.
    pub goals: BTreeSet<Goal>,
    /// 1 to 7.
    pub days_per_week: Option<u8>,
    /// What is at hand; `None` when it was never said, so that everything is.
    pub equipment: Option<BTreeSet<Equipment>>,
    /// The smallest change of load that the equipment allows, in kilograms, where it was said.
    pub steps_kg: BTreeMap<Equipment, f64>,
    pub unit: Unit,
    pub injuries: Vec<Injury>,
    pub screening: Screening,
    pub conditions: BTreeSet<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    Strength,
    Size,
    Endurance,
}

/// The unit that loads are shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    #[default]
    Kg,
    Lb,
}

/// The answer to a pre-exercise questionnaire such as the PAR-Q+.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Screening {
    #[default]
    Unknown,
    Ok,
    NeedsClearance,
}

/// What makes the coach step back: it logs, and refers to a professional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    Pregnancy,
    ChestPain,
    Fainting,
}

/// The two ages that somebody born in a year may have on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// When the birthday is still to come.
    pub youngest: u8,
    pub oldest: u8,
}

impl Profile {
    /// `None` when the year of birth is unknown or impossible.
    pub fn age(&self, today: Date) -> Option<Age> {
        let oldest = u8::try_from(today.year() - self.birth_year?).ok().filter(|years| *years <= 120)?;
        Some(Age { youngest: oldest.saturating_sub(1), oldest })
    }

    /// Whether the coach only keeps the log.
    pub fn logs_only(&self) -> bool {
        self.screening == Screening::NeedsClearance || !self.conditions.is_empty()
    }

    /// The joints that are not to be stressed on a date.
    pub fn injured(&self, today: Date) -> Joints {
        let open = |injury: &&Injury| injury.cleared.is_none_or(|cleared| cleared > today);
        self.injuries.iter().filter(open).fold(Joints::default(), |all, injury| all.and(Joints::of(&[injury.joint])))
    }

    /// Whole weeks since the latest of the joints was cleared, when one of them was injured.
    pub fn weeks_since_cleared(&self, joints: Joints, today: Date) -> Option<u32> {
        let of_these = self.injuries.iter().filter(|injury| joints.contains(injury.joint));
        let latest = of_these.filter_map(|injury| injury.cleared).filter(|cleared| *cleared <= today).max()?;
        Some(days_between(latest, today) / 7)
    }

    /// Whether everything that an exercise needs is at hand.
    pub fn has_equipment_for(&self, exercise: &Exercise) -> bool {
        let Some(at_hand) = &self.equipment else { return true };
        exercise.equipment.iter().all(|needed| at_hand.contains(needed))
    }

    /// The smallest change of load, in kilograms: 2.5 kg or 5 lb unless the person said otherwise.
    pub fn step_kg(&self, exercise: &Exercise) -> f64 {
        let said = exercise.equipment.iter().find_map(|one| self.steps_kg.get(one).copied());
        let usual = match self.unit {
            Unit::Kg => 2.5,
            Unit::Lb => 5.0 * POUND_KG,
        };
        said.filter(|step| (0.1..=50.0).contains(step)).unwrap_or(usual)
    }

    /// Whether the person said what the smallest change is.
    pub fn has_said_step(&self, exercise: &Exercise) -> bool {
        exercise.equipment.iter().any(|one| self.steps_kg.get(one).is_some_and(|step| (0.1..=50.0).contains(step)))
    }

    /// The least that can be loaded, in kilograms: the empty bar of a barbell, otherwise one step.
    pub fn least_kg(&self, exercise: &Exercise) -> f64 {
        let has_bar = exercise.equipment.contains(&Equipment::Barbell);
        match (has_bar, self.unit) {
            (true, Unit::Kg) => 20.0,
            (true, Unit::Lb) => 45.0 * POUND_KG,
            (false, _) => self.step_kg(exercise),
        }
    }

    /// The repetitions that suit the goals, and whether the goals agree. Strength 3 to 6, size 6 to 12, endurance 12 to
    /// 20; goals without a common repetition count meet in the middle.
    pub fn reps(&self) -> (u16, u16, bool) {
        let bands = self.goals.iter().map(|goal| match goal {
            Goal::Strength => (3, 6),
            Goal::Size => (6, 12),
            Goal::Endurance => (12, 20),
        });
        match bands.reduce(|(low, high), (other_low, other_high)| (low.max(other_low), high.min(other_high))) {
            None => (6, 12, true),
            Some((low, high)) if low <= high => (low, high, true),
            Some(_) => (6, 12, false),
        }
    }
}

/// Days from one date to a later one; 0 when it is not later.
pub fn days_between(from: Date, to: Date) -> u32 {
    from.until(to).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::exercise::{Joint, named};

    #[test]
    fn a_year_of_birth_leaves_two_ages() {
        let profile = Profile { birth_year: Some(2013), ..Profile::default() };
        assert_eq!(profile.age(date(2026, 11, 25)), Some(Age { youngest: 12, oldest: 13 }));
        let impossible = Profile { birth_year: Some(2030), ..Profile::default() };
        assert_eq!(impossible.age(date(2026, 11, 25)), None);
    }

    #[test]
    fn goals_that_contradict_each_other_meet_in_the_middle_and_say_so() {
        let with = |goals: &[Goal]| Profile { goals: goals.iter().copied().collect(), ..Profile::default() }.reps();
        assert_eq!(with(&[Goal::Strength]), (3, 6, true));
        assert_eq!(with(&[Goal::Strength, Goal::Size]), (6, 6, true));
        assert_eq!(with(&[Goal::Strength, Goal::Endurance]), (6, 12, false));
    }

    #[test]
    fn an_injury_counts_until_it_is_cleared() {
        let cleared = Some(date(2026, 11, 1));
        let injury = Injury { joint: Joint::Knee, since: date(2026, 9, 1), cleared };
        let profile = Profile { injuries: vec![injury], ..Profile::default() };
        let knee = Joints::of(&[Joint::Knee]);
        assert_eq!(profile.injured(date(2026, 10, 31)), knee);
        assert_eq!(profile.injured(date(2026, 11, 1)), Joints::default());
        assert_eq!(profile.weeks_since_cleared(knee, date(2026, 11, 16)), Some(2));
    }

    #[test]
    fn what_was_never_said_to_be_missing_is_at_hand() {
        let squat = named::exercise("Squat (Barbell)");
        assert!(Profile::default().has_equipment_for(&squat));
        let bare = Profile { equipment: Some(BTreeSet::new()), ..Profile::default() };
        assert!(!bare.has_equipment_for(&squat));
        assert!(bare.has_equipment_for(&named::exercise("Push Up")));
    }
}
