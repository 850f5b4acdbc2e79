//! Work per muscle: fractional sets, and fatigue that fades exponentially. It orders exercises and explains; the loads do not
//! depend on it.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::time::{day_of, days_between, from_minutes, minutes_of};
use crate::domain::{
    event::{Performed, Set},
    exercise::{Exercises, MuscleGroup},
};

/// Days whose sets are remembered.
const DAYS: i32 = 28;
/// Sets of a muscle in a day that are counted at most.
const MAX_SETS: f32 = 100.0;
/// Fatigue at which readiness has fallen to 1/e.
const TOLERATED: f64 = 6.0;
/// Repetitions in reserve that are assumed when no RPE was logged.
const USUAL_RESERVE: f64 = 2.0;

/// The muscles of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Muscles {
    /// Of the last days that had any, the day since 1970 and its fractional sets per muscle.
    days: Vec<(i32, [f32; MuscleGroup::COUNT])>,
    fatigue: [f64; MuscleGroup::COUNT],
    /// Minutes since 1970 when each was last a target or a helper.
    last: [Option<i64>; MuscleGroup::COUNT],
    /// Minutes since 1970 of the last workout.
    minute: i64,
}

impl Muscles {
    pub fn observe(&mut self, exercises: &Exercises, start: DateTime, done: &[Performed]) {
        let minute = minutes_of(start).max(self.minute);
        self.fatigue = MuscleGroup::ALL.map(|muscle| self.fatigue_at(muscle, minute));
        self.minute = minute;
        let today = day_of(minute);
        self.days.retain(|(day, _)| today - day < DAYS);
        if self.days.last().is_none_or(|(day, _)| *day != today) {
            self.days.push((today, [0.0; MuscleGroup::COUNT]));
        }
        let Some((_, counted)) = self.days.last_mut() else { return };
        for performed in done {
            let Some(exercise) = exercises.get(&performed.exercise) else { continue };
            let work = || performed.sets.iter().filter(|set| set.is_work());
            if work().next().is_none() {
                continue;
            }
            for (muscle, share) in exercise.sets_per_muscle() {
                let place = muscle.index();
                counted[place] = (counted[place] + share as f32 * work().count() as f32).min(MAX_SETS);
                self.fatigue[place] =
                    (self.fatigue[place] + share * work().map(strain).sum::<f64>()).min(MAX_SETS.into());
                self.last[place] = Some(minute);
            }
        }
    }

    /// Fractional sets on the day of `on` and in the `days` (at most 28) days before it, that day included.
    pub fn sets(&self, muscle: MuscleGroup, on: DateTime, days: u8) -> f64 {
        let today = day_of(minutes_of(on));
        let within = self.days.iter().filter(|(day, _)| (0..i32::from(days)).contains(&(today - day)));
        within.map(|(_, sets)| f64::from(sets[muscle.index()])).sum()
    }

    /// 1 rested to 0 exhausted.
    pub fn readiness(&self, muscle: MuscleGroup, on: DateTime) -> f64 {
        (-self.fatigue_at(muscle, minutes_of(on)) / TOLERATED).exp()
    }

    /// When the muscle was last a target or a helper.
    pub fn last(&self, muscle: MuscleGroup) -> Option<DateTime> {
        self.last[muscle.index()].map(from_minutes)
    }

    fn fatigue_at(&self, muscle: MuscleGroup, minute: i64) -> f64 {
        let hours = 24.0 * days_between(self.minute, minute);
        self.fatigue[muscle.index()] * (-hours / recovery_hours(muscle)).exp()
    }
}

/// What a set strains: 0.4 far from failure to 1 at it.
fn strain(set: &Set) -> f64 {
    let reserve = set.effort().map_or(USUAL_RESERVE, |rpe| 10.0 - rpe);
    0.4 + 0.6 * ((5.0 - reserve) / 5.0).clamp(0.0, 1.0)
}

/// Hours over which fatigue falls to 1/e: large muscles take longer (24 to 48 h slower to failure: Morán-Navarro et al. 2017).
const fn recovery_hours(muscle: MuscleGroup) -> f64 {
    match muscle {
        MuscleGroup::Chest
        | MuscleGroup::Lats
        | MuscleGroup::MiddleBack
        | MuscleGroup::LowerBack
        | MuscleGroup::Quadriceps
        | MuscleGroup::Glutes
        | MuscleGroup::Hamstrings => 48.0,
        _ => 36.0,
    }
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan as _, civil::date};
    use plyo_events::{EventId, WorkoutId};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        event::{SetKind, Workout},
        exercise::named,
        profile::Unit,
    };

    #[test]
    fn a_bench_press_tires_the_chest_more_than_the_triceps_and_the_legs_not_at_all() {
        let bench = named::exercise("Bench Press (Barbell)");
        let set = Set { load_kg: 80.0, reps: 8, rpe: Some(9.0), kind: SetKind::Working };
        let start = date(2026, 3, 2).at(18, 0, 0, 0);
        let workout = Workout {
            id: WorkoutId::new(Uuid::nil()),
            event: EventId::new(Uuid::nil()),
            start,
            minutes: None,
            heart: None,
            routine: None,
            unit: Unit::Kg,
            exercises: vec![Performed { exercise: bench.slug.clone(), sets: vec![set; 4], planned: None }],
        };
        let mut muscles = Muscles::default();
        muscles.observe(&[bench].into_iter().collect(), start, &workout.performed());
        let ready = |muscle| muscles.readiness(muscle, start + 1.hour());
        assert!(
            ready(MuscleGroup::Chest) < ready(MuscleGroup::Triceps)
                && ready(MuscleGroup::Triceps) < ready(MuscleGroup::Calves)
        );
        assert_eq!(ready(MuscleGroup::Calves), 1.0);
        assert!(muscles.readiness(MuscleGroup::Chest, start + 7.days()) > 0.97);
        assert_eq!(muscles.sets(MuscleGroup::Chest, start + 6.days(), 7), 4.0);
        assert_eq!(muscles.sets(MuscleGroup::Triceps, start + 6.days(), 7), 2.0);
        assert_eq!(muscles.sets(MuscleGroup::Chest, start + 7.days(), 7), 0.0);
        assert_eq!(muscles.last(MuscleGroup::Chest), Some(start));
    }
}
