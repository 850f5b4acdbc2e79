//! What a person is used to do: the last sessions, and what they tell of the next one. People repeat themselves. Most is told
//! by the sessions whose eves were like the eve of the next one, by the day of the week, and by what is due.

use jiff::civil::DateTime;
use plyo_events::training::ExerciseSlug;
use serde::{Deserialize, Serialize};

use super::time::{from_minutes, minutes_of, weekday_of};

/// Sessions that are remembered, exercises of one session, and different exercises of all.
const SESSIONS: usize = 80;
const EXERCISES: usize = 24;
const NAMES: usize = 112;
/// After so many sessions without it an exercise counts as half given up.
const GIVEN_UP: usize = 12;

/// The last sessions of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Habits {
    names: Vec<ExerciseSlug>,
    /// Latest last.
    sessions: Vec<Session>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    /// Minutes since 1970.
    at: i64,
    /// Places in `names`, in the order in which they were done, each once.
    exercises: Vec<u8>,
}

/// How much each sign counts. A power of 0 or 1 or a weight of 0 or 1, as the formula has it, switches a sign off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signs {
    /// Powers of the signs of an exercise of the next workout: that it followed alike sessions, the weekday, that it is due.
    pub successor: f64,
    pub weekday: f64,
    pub due: f64,
    /// How much the sessions two and three before say about which eves are alike.
    pub earlier_eves: [f64; 2],
    /// For the next exercise: the power of the likeness of the eves, the weight of a session on another weekday, and the
    /// weight of an exercise that followed the last one.
    pub eve: f64,
    pub other_weekday: f64,
    pub follows: f64,
}

impl Default for Signs {
    fn default() -> Self {
        Self {
            successor: 1.0,
            weekday: 1.0,
            due: 1.0,
            earlier_eves: [1.0, 1.0],
            eve: 0.3,
            other_weekday: 0.4,
            follows: 10.0,
        }
    }
}

impl Habits {
    /// Remembers a session that began after all others.
    pub fn observe(&mut self, at: DateTime, exercises: &[&ExerciseSlug]) {
        let mut places = Vec::new();
        for name in exercises.iter().take(EXERCISES) {
            let place = self.place(name).unwrap_or_else(|| {
                self.names.push((*name).clone());
                self.names.len() - 1
            });
            // At most NAMES and a session's exercises: fits.
            let place = place as u8;
            if !places.contains(&place) {
                places.push(place);
            }
        }
        self.sessions.push(Session { at: minutes_of(at), exercises: places });
        if self.sessions.len() > SESSIONS {
            self.sessions.remove(0);
        }
        if self.names.len() > NAMES {
            self.forget_unused_names();
        }
    }

    /// Exercises by how likely the next workout holds them, likeliest first; scores are above 0 and only their order and
    /// ratios mean something. Empty when nothing is known.
    pub fn next_workout(&self, on: DateTime) -> Vec<(ExerciseSlug, f64)> {
        self.next_workout_by(on, &Signs::default())
    }

    /// Exercises by how likely they come next in a workout in which `done` were done, in order; those are left out.
    pub fn next_exercise(&self, on: DateTime, done: &[ExerciseSlug]) -> Vec<(ExerciseSlug, f64)> {
        self.next_exercise_by(on, done, &Signs::default())
    }

    /// [`Habits::next_workout`] with other signs.
    pub fn next_workout_by(&self, on: DateTime, signs: &Signs) -> Vec<(ExerciseSlug, f64)> {
        let today = weekday_of(minutes_of(on));
        let mut successor = vec![0.0; self.names.len()];
        let mut weekday = vec![0.0; self.names.len()];
        for (session, (age, likeness)) in self.sessions.iter().zip(self.ages().zip(self.likeness(signs))) {
            let day = if weekday_of(session.at) == today { 1.0 } else { 0.02 };
            for place in session.places() {
                successor[place] += likeness * 0.98_f64.powf(age);
                weekday[place] += day * 0.97_f64.powf(age);
            }
        }
        let due = self.due();
        let score = |place: usize| {
            successor[place].powf(signs.successor) * weekday[place].powf(signs.weekday) * due[place].powf(signs.due)
        };
        self.ranked((0..self.names.len()).map(score))
    }

    /// [`Habits::next_exercise`] with other signs.
    pub fn next_exercise_by(&self, on: DateTime, done: &[ExerciseSlug], signs: &Signs) -> Vec<(ExerciseSlug, f64)> {
        let today = weekday_of(minutes_of(on));
        let before: Vec<Option<usize>> = done.iter().map(|name| self.place(name)).collect();
        let last = before.last().copied().flatten();
        let mut scores = vec![0.0; self.names.len()];
        for (session, (age, likeness)) in self.sessions.iter().zip(self.ages().zip(self.likeness(signs))) {
            let shared = before.iter().flatten().filter(|place| session.holds(**place)).count();
            let overlap = if done.is_empty() { 0.2 } else { shared as f64 / done.len() as f64 };
            let day = if weekday_of(session.at) == today { 1.0 } else { signs.other_weekday };
            let weight = 0.95_f64.powf(age) * (overlap.powi(4) + 5e-4) * likeness.powf(signs.eve) * day;
            let mut previous = None;
            for place in session.places() {
                let follows = if done.is_empty() { previous.is_none() } else { previous.is_some() && previous == last };
                scores[place] += weight * if follows { signs.follows } else { 1.0 };
                previous = Some(place);
            }
        }
        for place in before.into_iter().flatten() {
            scores[place] = 0.0;
        }
        self.ranked(scores.into_iter())
    }

    /// The remembered sessions, latest last: when, and what in which order.
    pub fn sessions(&self) -> impl DoubleEndedIterator<Item = (DateTime, Vec<&ExerciseSlug>)> {
        self.sessions.iter().map(|session| {
            let names = session.places().filter_map(|place| self.names.get(place));
            (from_minutes(session.at), names.collect())
        })
    }

    /// When each of the remembered sessions began, latest last.
    pub fn starts(&self) -> impl DoubleEndedIterator<Item = DateTime> {
        self.sessions.iter().map(|session| from_minutes(session.at))
    }

    fn place(&self, name: &ExerciseSlug) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// Sessions since each of the remembered ones.
    fn ages(&self) -> impl Iterator<Item = f64> {
        (0..self.sessions.len()).rev().map(|age| age as f64)
    }

    /// How much the eve of each remembered session, and the sessions before that, are like the eve of the next one.
    fn likeness(&self, signs: &Signs) -> Vec<f64> {
        let next = self.sessions.len();
        let alike = |session: usize, steps: usize| match (session.checked_sub(steps), next.checked_sub(steps)) {
            (Some(one), Some(other)) => self.sessions[one].likeness(&self.sessions[other]).powi(4),
            _ => 0.0,
        };
        let of = |session: usize| {
            let [second, third] = signs.earlier_eves;
            let eve = if session == 0 { 1e-6 } else { alike(session, 1) + 1e-3 };
            eve * (1.0 + second * alike(session, 2)) * (1.0 + third * alike(session, 3))
        };
        (0..next).map(of).collect()
    }

    /// How due each exercise is: the share of its last gaps, of those that lasted as long as this one, that ended then; less
    /// for what is done rarely.
    fn due(&self) -> Vec<f64> {
        let next = self.sessions.len();
        let of = |place: usize| {
            let at: Vec<usize> = (0..next).filter(|session| self.sessions[*session].holds(place)).collect();
            let Some(latest) = at.last() else { return 0.01 };
            let recency: f64 = at.iter().map(|session| 0.8_f64.powf((next - 1 - session) as f64)).sum();
            let gap = next - latest;
            let gaps: Vec<usize> = at.windows(2).rev().take(8).map(|pair| pair[1] - pair[0]).collect();
            let ended = gaps.iter().filter(|past| **past == gap).count() as f64;
            let lasted = gaps.iter().filter(|past| **past >= gap).count() as f64;
            let hazard = if gaps.is_empty() { 0.1 } else { (ended + 0.6) / (lasted + 1.5) };
            hazard * if gap > GIVEN_UP { 0.5 } else { 1.0 } * (recency + 0.15).min(1.0)
        };
        (0..self.names.len()).map(of).collect()
    }

    /// Best first, ties by name.
    fn ranked(&self, scores: impl Iterator<Item = f64>) -> Vec<(ExerciseSlug, f64)> {
        let mut ranked: Vec<_> = self.names.iter().cloned().zip(scores).filter(|(_, score)| *score > 0.0).collect();
        ranked.sort_by(|(one, a), (other, b)| b.total_cmp(a).then_with(|| one.cmp(other)));
        ranked
    }

    /// Keeps the names of the remembered sessions only, and forgets the oldest of them while there are too many names.
    fn forget_unused_names(&mut self) {
        let used = |sessions: &[Session]| {
            let mut used: Vec<u8> = sessions.iter().flat_map(|session| session.exercises.iter().copied()).collect();
            used.sort_unstable();
            used.dedup();
            used
        };
        while used(&self.sessions).len() > NAMES {
            self.sessions.remove(0);
        }
        let used = used(&self.sessions);
        self.names = used.iter().map(|place| self.names[usize::from(*place)].clone()).collect();
        for place in self.sessions.iter_mut().flat_map(|session| &mut session.exercises) {
            *place = used.iter().position(|old| old == place).map_or(0, |new| new as u8);
        }
    }
}

impl Session {
    fn places(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.exercises.iter().map(|place| usize::from(*place))
    }

    fn holds(&self, place: usize) -> bool {
        self.places().any(|one| one == place)
    }

    /// The share of the exercises of both that both hold (Jaccard).
    fn likeness(&self, other: &Self) -> f64 {
        let both = self.places().filter(|place| other.holds(*place)).count();
        let all = self.exercises.len() + other.exercises.len() - both;
        if all == 0 { 0.0 } else { both as f64 / all as f64 }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan as _, civil::date};

    use super::*;

    fn slug(name: &str) -> ExerciseSlug {
        ExerciseSlug::try_from(name.to_owned()).unwrap()
    }

    /// Push, pull and legs in turn, every second day.
    fn split(sessions: i32) -> (Habits, DateTime) {
        let days = [["bench", "press"], ["row", "curl"], ["squat", "calf-raise"]].map(|day| day.map(slug));
        let mut habits = Habits::default();
        let start = date(2026, 1, 5).at(18, 0, 0, 0);
        for session in 0..sessions {
            let done: Vec<&ExerciseSlug> = days[session as usize % 3].iter().collect();
            habits.observe(start + (2 * session).days(), &done);
        }
        (habits, start + (2 * sessions).days())
    }

    #[test]
    fn after_push_and_pull_come_legs() {
        let (habits, on) = split(23);
        let next = habits.next_workout(on);
        let two: Vec<&str> = next.iter().take(2).map(|(name, _)| name.as_str()).collect();
        assert_eq!(two, ["calf-raise", "squat"]);
        assert_eq!(habits.next_exercise(on, &[])[0].0, slug("squat"));
        assert_eq!(habits.next_exercise(on, &[slug("squat")])[0].0, slug("calf-raise"));
    }

    #[test]
    fn who_never_trained_has_no_habits() {
        let on = date(2026, 1, 5).at(18, 0, 0, 0);
        assert!(Habits::default().next_workout(on).is_empty());
        assert!(Habits::default().next_exercise(on, &[slug("squat")]).is_empty());
    }

    #[test]
    fn ever_new_exercises_do_not_fill_the_memory() {
        let mut habits = Habits::default();
        let start = date(2026, 1, 5).at(18, 0, 0, 0);
        for session in 0..500 {
            let names: Vec<ExerciseSlug> = (0..30).map(|i| slug(&format!("exercise-{}", session * 30 + i))).collect();
            habits.observe(start + session.hours(), &names.iter().collect::<Vec<_>>());
        }
        assert!(habits.names.len() <= NAMES && habits.sessions.len() <= SESSIONS);
        let (_, latest) = habits.sessions().next_back().unwrap();
        assert_eq!(latest[0], &slug("exercise-14970"));
    }
}
