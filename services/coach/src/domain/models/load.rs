//! Training load as a whole: acute and chronic exponentially weighted means of the daily load (the recursive form of Banister's
//! fitness and fatigue). It describes; it foresees neither injuries nor performance.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::time::{days_between, minutes_of};
use crate::domain::event::{Heart, Set, Workout};

/// Days over which the acute and the chronic mean forget.
pub const ACUTE_DAYS: f64 = 7.0;
pub const CHRONIC_DAYS: f64 = 42.0;
/// What a set counts when neither effort nor heart rate is known: about 2.5 minutes at RPE 3 of the whole session.
const LOAD_OF_SET: f64 = 7.0;

/// The load of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingLoad {
    /// Load per day, in units of RPE × minutes.
    acute: f64,
    chronic: f64,
    /// Minutes since 1970 of the last workout.
    minute: i64,
}

impl TrainingLoad {
    pub fn observe(&mut self, workout: &Workout) {
        let (acute, chronic) = self.at(workout.start);
        let load = load_of(workout);
        self.acute = acute + load * (1.0 - (-1.0 / ACUTE_DAYS).exp());
        self.chronic = chronic + load * (1.0 - (-1.0 / CHRONIC_DAYS).exp());
        self.minute = self.minute.max(minutes_of(workout.start));
    }

    /// Acute and chronic load per day at a moment.
    pub fn at(&self, on: DateTime) -> (f64, f64) {
        let days = days_between(self.minute, minutes_of(on));
        (self.acute * (-days / ACUTE_DAYS).exp(), self.chronic * (-days / CHRONIC_DAYS).exp())
    }
}

/// RPE × minutes (Foster); without an RPE Banister's training impulse; without either a number per set.
fn load_of(workout: &Workout) -> f64 {
    let sets = || workout.exercises.iter().flat_map(|performed| &performed.sets).filter(|set| set.is_work());
    let rpes: Vec<f64> = sets().filter_map(Set::effort).collect();
    let minutes = workout.minutes.map(|minutes| f64::from(minutes.min(24 * 60)));
    match (minutes, workout.heart) {
        (Some(minutes), _) if !rpes.is_empty() => minutes * rpes.iter().sum::<f64>() / rpes.len() as f64,
        (Some(minutes), Some(heart)) if heart.is_plausible() => minutes * impulse(&heart),
        _ => sets().take(200).count() as f64 * LOAD_OF_SET,
    }
}

/// Banister's training impulse of a minute: the share of the heart rate reserve, weighted as lactate rises with it.
fn impulse(heart: &Heart) -> f64 {
    let reserve = ((heart.mean - heart.rest) / (heart.max - heart.rest)).clamp(0.0, 1.0);
    let (factor, power) = if heart.is_female { (0.86, 1.67) } else { (0.64, 1.92) };
    reserve * factor * (power * reserve).exp()
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan as _, civil::date};
    use plyo_events::{EventId, WorkoutId};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{event::Performed, exercise::named::slug_of, profile::Unit};

    fn workout(start: DateTime, rpe: Option<f64>, heart: Option<Heart>) -> Workout {
        let set = Set { load_kg: 100.0, reps: 5, rpe, kind: crate::domain::event::SetKind::Working };
        Workout {
            id: WorkoutId::new(Uuid::nil()),
            event: EventId::new(Uuid::nil()),
            start,
            minutes: Some(60),
            heart,
            routine: None,
            unit: Unit::Kg,
            exercises: vec![Performed { exercise: slug_of("Squat (Barbell)"), sets: vec![set; 4], planned: None }],
        }
    }

    #[test]
    fn the_same_every_day_becomes_the_load_of_a_day() {
        let start = date(2026, 1, 1).at(18, 0, 0, 0);
        let mut load = TrainingLoad::default();
        for day in 0..400 {
            load.observe(&workout(start + day.days(), Some(7.0), None));
        }
        let (acute, chronic) = load.at(start + 399.days());
        assert!((acute - 420.0).abs() < 1.0 && (chronic - 420.0).abs() < 1.0, "{acute} {chronic}");
        let (rested, _) = load.at(start + 406.days());
        assert!((rested / acute - (-1.0_f64).exp()).abs() < 1e-9);
    }

    #[test]
    fn a_heart_rate_counts_when_no_effort_was_logged_and_sets_when_nothing_was() {
        let start = date(2026, 1, 1).at(18, 0, 0, 0);
        let heart = Heart { mean: 130.0, rest: 60.0, max: 200.0, is_female: false };
        // By hand: 60 min × 0.5 × 0.64 × e^0.96 = 50.1.
        assert!((load_of(&workout(start, None, Some(heart))) - 50.14).abs() < 0.01);
        let broken = Heart { max: 50.0, ..heart };
        assert_eq!(load_of(&workout(start, None, Some(broken))), 28.0);
    }
}
