//! Properties that hold for whatever training log.

use std::collections::BTreeMap;

use plyo_nats::testing::Delivery;
use proptest::{collection::vec, prelude::*};

use super::*;

/// One step of a training log, or an answer to what was recommended after one.
#[derive(Clone, Debug)]
enum Step {
    Log { day: u32, kg: f64, reps: u32, exercise: usize },
    Correct { which: usize, day: u32, kg: f64 },
    Delete { which: usize },
    Answer { which: usize, how: u8 },
}

const NAMES: [&str; 4] = [SQUAT, BENCH, "pull-up", "assisted-pull-up"];

fn steps() -> impl Strategy<Value = Vec<(u8, Step)>> {
    let kg = (0..240_u32).prop_map(|steps| f64::from(steps) * 1.25);
    let log = |days: std::ops::Range<u32>| {
        (days, kg.clone(), 1..15_u32, 0..NAMES.len()).prop_map(|(day, kg, reps, exercise)| Step::Log {
            day,
            kg,
            reps,
            exercise,
        })
    };
    let step = prop_oneof![
        // In order mostly: the next day is told from the place in the log.
        8 => log(1000..1001),
        3 => log(0..120),
        2 => (any::<usize>(), 0..120_u32, kg.clone()).prop_map(|(which, day, kg)| Step::Correct { which, day, kg }),
        1 => any::<usize>().prop_map(|which| Step::Delete { which }),
        2 => (any::<usize>(), 0..4_u8).prop_map(|(which, how)| Step::Answer { which, how }),
    ];
    vec((prop_oneof![5 => Just(1_u8), 1 => Just(2)], step), 0..90)
}

/// A log of two people that holds nothing impossible: what is corrected or deleted was logged.
fn inputs(steps: &[(u8, Step)]) -> Vec<Input> {
    let mut logged = BTreeMap::<u8, Vec<u32>>::new();
    let mut inputs = Vec::new();
    for ((user, step), number) in steps.iter().zip(1000_u32..) {
        let own = logged.entry(*user).or_default();
        let happens = |body: Event| Input::Event(message(number, person(*user), body));
        inputs.push(match step {
            Step::Log { day, kg, reps, exercise } => {
                own.push(number);
                let day = if *day == 1000 { (number - 1000) * 2 } else { *day };
                let other = NAMES[(exercise + 1) % NAMES.len()];
                happens(completed(number, workout(day, &[(NAMES[*exercise], *kg, *reps), (other, 20.0, 8)])).into())
            }
            Step::Correct { .. } | Step::Delete { .. } if own.is_empty() => continue,
            Step::Correct { which, day, kg } => {
                let one = own[which % own.len()];
                happens(corrected(one, workout(*day, &[(SQUAT, *kg, 5)])).into())
            }
            Step::Delete { which } => happens(deleted(own.swap_remove(which % own.len())).into()),
            Step::Answer { which, how } => {
                let recommendation_id = RecommendationId::derive(id(1000 + (which % 90) as u32), "recommendation/0");
                let reason = Some(DismissalReason::Hurts);
                let body: Command = match how {
                    0 => AcceptRecommendation { recommendation_id }.into(),
                    1 => DismissRecommendation { recommendation_id, reason, exercise: None }.into(),
                    2 => SnoozeRecommendation { recommendation_id, days: 7 }.into(),
                    _ => SetGoals { goals: Goals { focus: [Focus::Strength].into(), ..Goals::default() } }.into(),
                };
                command(number, *user, body)
            }
        });
    }
    inputs
}

/// The workouts that stand, as the tables have them.
fn notes(lane: &Lane<Coach>, user: UserId) -> Vec<Note> {
    let mut rows = lane.rows::<NoteRow>();
    rows.retain(|row| row.user_id == user);
    rows.sort_by_key(|row| row.number);
    assert!(rows.iter().zip(0..).all(|(row, number)| row.number == number));
    rows.into_iter().map(|row| row.note.clone()).collect()
}

fn fold(notes: &[Note]) -> Training {
    let mut training = Training::new(knowledge().global);
    notes.iter().for_each(|note| drop(training.fold(knowledge(), &note.workout())));
    training
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn replay_equals_live_however_both_are_delivered(steps in steps(), live: Delivery, again: Delivery) {
        let inputs = inputs(&steps);
        let mut lane = lane();
        lane.deliver(&inputs, &live);
        prop_assert_eq!(lane.replayed(&again).tables(), lane.tables());
        let mut one_by_one = self::lane();
        one_by_one.deliver(&inputs, &Delivery::in_batches(1));
        prop_assert_eq!(one_by_one.history(), lane.history());
        prop_assert_eq!(one_by_one.tables(), lane.tables());
    }

    #[test]
    fn what_is_kept_is_the_fold_of_the_workouts_that_stand_in_order(steps in steps(), live: Delivery) {
        let mut lane = lane();
        lane.deliver(&inputs(&steps), &live);
        for user in [person(1), person(2)] {
            let notes = notes(&lane, user);
            prop_assert!(notes.is_sorted_by_key(Note::place));
            let learner = lane.row::<LearnerRow>(&(user,)).cloned();
            let timeline = learner.map_or_else(Timeline::default, |learner| learner.timeline);
            prop_assert_eq!(timeline.last, notes.last().map(Note::place));
            let marks: Vec<_> = notes.iter().step_by(16).map(Note::place).collect();
            prop_assert_eq!(timeline.marks, marks);
            for snapshot in timeline.snapshots {
                let row = lane.row::<SnapshotRow>(&(user, snapshot)).unwrap();
                prop_assert_eq!(&row.training, &fold(&notes[..snapshot as usize]).to_bytes());
            }
        }
    }
}
