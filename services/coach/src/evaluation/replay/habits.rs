//! Which exercises the next workout holds, and which comes next in a workout.

use std::collections::BTreeMap;

use plyo_events::training::ExerciseSlug;

use super::{COACH, Cases, Setup, add, first_scored, share};
use crate::{
    domain::{event::Workout, state::Training},
    evaluation::log::Person,
};

/// Sessions that a person must have to be scored.
const MIN_SESSIONS: usize = 20;
/// Positions that a ranking is judged by.
const POSITIONS: usize = 10;

type Scores<'a> = BTreeMap<&'a ExerciseSlug, f64>;

/// How popular exercises are among everybody else: the mean over people of the share of their workouts that hold one.
#[derive(Clone, Debug, Default)]
pub struct Others(BTreeMap<ExerciseSlug, f64>);

impl Others {
    pub fn new<'a>(people: impl Iterator<Item = &'a Person>) -> Self {
        let mut popularity: BTreeMap<ExerciseSlug, f64> = BTreeMap::new();
        for person in people {
            for slug in person.workouts.iter().flat_map(exercises_of) {
                *popularity.entry(slug.clone()).or_default() += 1.0 / person.workouts.len() as f64;
            }
        }
        Self(popularity)
    }
}

/// What the simple rules know of a person.
pub(super) struct Usual<'a> {
    sessions: usize,
    first_scored: usize,
    frequency: Scores<'a>,
    /// How often one followed the other; `None` stands for the beginning.
    followed: BTreeMap<Option<&'a ExerciseSlug>, Scores<'a>>,
    last: Vec<&'a ExerciseSlug>,
}

impl<'a> Usual<'a> {
    pub(super) fn new(person: &Person) -> Self {
        let sessions = person.workouts.len();
        Self {
            sessions,
            first_scored: first_scored(sessions).max(5),
            frequency: Scores::new(),
            followed: BTreeMap::new(),
            last: Vec::new(),
        }
    }

    pub(super) fn score(
        &mut self,
        number: usize,
        workout: &'a Workout,
        training: &Training,
        setup: &Setup<'_>,
        cases: &mut Cases,
    ) {
        let done: Vec<&ExerciseSlug> = exercises_of(workout).collect();
        if self.sessions >= MIN_SESSIONS && number >= self.first_scored {
            self.score_workout(workout, &done, training, setup, cases);
            for next in 0..done.len() {
                self.score_exercise(workout, &done, next, training, setup, cases);
            }
        }
        let mut previous = None;
        for slug in &done {
            *self.frequency.entry(slug).or_default() += 1.0;
            *self.followed.entry(previous).or_default().entry(slug).or_default() += 1.0;
            previous = Some(*slug);
        }
        self.last = done;
    }

    fn score_workout(
        &self,
        workout: &Workout,
        done: &[&ExerciseSlug],
        training: &Training,
        setup: &Setup<'_>,
        cases: &mut Cases,
    ) {
        let own = training.habits.next_workout_by(workout.start, setup.signs);
        let last = self.last.iter().enumerate().map(|(place, slug)| (*slug, 1.0 - place as f64 / 100.0));
        let rankings = [
            (COACH, own.iter().map(|(slug, _)| slug).collect()),
            ("popularity", ranked(setup.others.0.iter().map(|(slug, score)| (slug, *score)), &[])),
            ("personal_frequency", ranked(self.frequency.iter().map(|(slug, score)| (*slug, *score)), &[])),
            ("last_workout", ranked(last, &[])),
        ];
        let ideal: f64 = (0..done.len().min(POSITIONS)).map(gain).sum();
        for (method, ranking) in rankings {
            let ranking: Vec<&ExerciseSlug> = ranking;
            let hits: Vec<usize> =
                (0..ranking.len().min(POSITIONS)).filter(|at| done.contains(&ranking[*at])).collect();
            let among_five = hits.iter().filter(|at| **at < 5).count() as f64;
            add(cases, "workout_ndcg10", method, hits.iter().map(|at| gain(*at)).sum::<f64>() / ideal);
            add(cases, "workout_recall5", method, among_five / done.len().min(5) as f64);
        }
    }

    fn score_exercise(
        &self,
        workout: &Workout,
        done: &[&ExerciseSlug],
        next: usize,
        training: &Training,
        setup: &Setup<'_>,
        cases: &mut Cases,
    ) {
        let before: Vec<ExerciseSlug> = done[..next].iter().map(|slug| (*slug).clone()).collect();
        let own = training.habits.next_exercise_by(workout.start, &before, setup.signs);
        let previous = next.checked_sub(1).map(|previous| done[previous]);
        let none = Scores::new();
        let followed = self.followed.get(&previous).unwrap_or(&none);
        let all: f64 = self.frequency.values().sum();
        let seen: f64 = followed.values().sum();
        let markov = self.frequency.iter().map(|(slug, count)| {
            let followed = followed.get(slug).copied().unwrap_or(0.0);
            (*slug, (followed + 3.0 * count / all) / (seen + 3.0))
        });
        let rankings: [(_, Vec<&ExerciseSlug>); 4] = [
            (COACH, own.iter().map(|(slug, _)| slug).collect()),
            ("markov", ranked(markov, &done[..next])),
            ("personal_frequency", ranked(self.frequency.iter().map(|(slug, score)| (*slug, *score)), &done[..next])),
            ("popularity", ranked(setup.others.0.iter().map(|(slug, score)| (slug, *score)), &done[..next])),
        ];
        for (method, ranking) in rankings {
            let at = ranking.iter().take(POSITIONS).position(|slug| *slug == done[next]);
            add(cases, "exercise_hit5", method, share(at.is_some_and(|at| at < 5)));
            add(cases, "exercise_ndcg10", method, at.map_or(0.0, gain));
        }
    }
}

/// Each exercise once, in order.
fn exercises_of(workout: &Workout) -> impl Iterator<Item = &ExerciseSlug> {
    workout.exercises.iter().map(|performed| &performed.exercise)
}

/// Best first, ties by name, without those in `left_out`.
fn ranked<'a>(
    scores: impl Iterator<Item = (&'a ExerciseSlug, f64)>,
    left_out: &[&ExerciseSlug],
) -> Vec<&'a ExerciseSlug> {
    let mut ranked: Vec<_> = scores.filter(|(slug, _)| !left_out.contains(slug)).collect();
    ranked.sort_by(|(one, a), (other, b)| b.total_cmp(a).then_with(|| one.cmp(other)));
    ranked.into_iter().map(|(slug, _)| slug).collect()
}

/// What a hit at a position counts in the discounted cumulative gain.
fn gain(position: usize) -> f64 {
    1.0 / (position as f64 + 2.0).log2()
}
