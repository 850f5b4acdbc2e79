//! Properties that hold for any messages, in any batches.

use plyo_events::{
    CustomExerciseId,
    clock::WorkoutReminderDue,
    workout::{CancelReminder, LogBodyWeight, MergeExercise, MoveReminder, SetReminder},
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// The content of a message; `usize` picks an earlier workout or reminder.
#[derive(Clone, Debug)]
enum Step {
    Log(u8, Workout),
    Correct(usize, Workout),
    Delete(usize),
    /// On a date of May or the year before; `None` takes it back.
    Weigh(u8, bool, u8, Option<u8>),
    /// By name; there are few.
    Create(u8, u8),
    /// A workout with one of one's own.
    LogOwn(usize, Workout),
    /// Into one of the catalogue.
    Merge(usize),
    Set(u8, u32),
    Move(usize, u32),
    Cancel(usize),
    Due(usize, u32),
    DueFromOutside(u8, u32),
}

/// Few loads, days and exercises, so that marks tie and records change hands.
fn workouts() -> impl Strategy<Value = Workout> {
    let start = select(vec!["2026-05-01T18:30:00+02:00", "2026-05-01T18:30:00.0000005+02:00", "2026-05-02T07:00:00Z"]);
    let exercise = select(vec!["barbell-bench-press", "pull-up", "assisted-pull-up"]);
    let kg = select(vec![None, Some(0.0), Some(50.0), Some(52.5), Some(60.0)]);
    let one = (start, exercise, select(vec![1, 5, 13]), kg)
        .prop_map(|(start, exercise, reps, kg)| workout(start, exercise, reps, kg));
    vec(one, 1..4).prop_map(|mut parts| {
        let exercises = parts.iter_mut().flat_map(|part| part.exercises.drain(..)).collect();
        Workout { exercises, ..parts.swap_remove(0) }
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (user, pick) = (0..2_u8, any::<usize>());
    let step = prop_oneof![
        4 => (user.clone(), workouts()).prop_map(|(user, workout)| Step::Log(user, workout)),
        4 => (pick, workouts()).prop_map(|(pick, workout)| Step::Correct(pick, workout)),
        3 => pick.prop_map(Step::Delete),
        2 => (user.clone(), any::<bool>(), 1..5_u8, prop::option::of(select(vec![80, 90])))
            .prop_map(|(user, is_earlier, day, kg)| Step::Weigh(user, is_earlier, day, kg)),
        1 => (user.clone(), 0..3_u8).prop_map(|(user, name)| Step::Create(user, name)),
        2 => (pick, workouts()).prop_map(|(pick, workout)| Step::LogOwn(pick, workout)),
        1 => pick.prop_map(Step::Merge),
        2 => (user.clone(), 0..200_u32).prop_map(|(user, due)| Step::Set(user, due)),
        1 => (pick, 0..200_u32).prop_map(|(pick, due)| Step::Move(pick, due)),
        1 => pick.prop_map(Step::Cancel),
        2 => (pick, 1..4_u32).prop_map(|(pick, revision)| Step::Due(pick, revision)),
        1 => (user, 0..3_u32).prop_map(|(user, number)| Step::DueFromOutside(user, number)),
    ];
    vec(step, 0..50)
}

/// Steps as messages: a message's number is its place, so that omitting one changes no other.
fn messages(steps: Vec<Step>) -> Vec<Input> {
    let (mut logged, mut set, mut own) = (Vec::new(), Vec::new(), Vec::new());
    let message = |(number, step): (u32, Step)| {
        let picked = |from: &[(UserId, Uuid)], pick: usize| from.get(pick % from.len().max(1)).copied();
        let command = |user, body: Command| Input::Command(message(number, user, body));
        let due = |user, reminder, revision| {
            let body = WorkoutReminderDue { reminder_id: ReminderId::new(reminder), revision, due_at: time(number) };
            Input::Event(message(number, user, body.into()))
        };
        Some(match step {
            Step::Log(user, workout) => {
                logged.push((person(user), id(number)));
                command(person(user), LogWorkout { workout }.into())
            }
            Step::Correct(pick, workout) => {
                let (user, workout_id) = picked(&logged, pick)?;
                command(
                    user,
                    CorrectWorkout { workout_id: WorkoutId::new(workout_id), workout, if_revision: None }.into(),
                )
            }
            Step::Delete(pick) => {
                let (user, workout_id) = picked(&logged, pick)?;
                command(user, DeleteWorkout { workout_id: WorkoutId::new(workout_id), if_revision: None }.into())
            }
            Step::Weigh(user, is_earlier, day, kg) => {
                let date = jiff::civil::date(if is_earlier { 2025 } else { 2026 }, 5, day.cast_signed());
                let weight = kg.map(|kg| serde_json::from_value(serde_json::json!({ "kg": kg })).unwrap());
                command(person(user), LogBodyWeight { date, weight }.into())
            }
            Step::Create(user, name) => {
                own.push((person(user), id(number)));
                let exercise = serde_json::json!({ "name": format!("my {name}"), "measure": "weight-reps" });
                command(person(user), Command::CreateExercise(serde_json::from_value(exercise).unwrap()))
            }
            Step::LogOwn(pick, mut workout) => {
                let (user, exercise) = picked(&own, pick)?;
                logged.push((user, id(number)));
                workout.exercises[0].exercise = ExerciseSlug::custom(CustomExerciseId::new(exercise));
                command(user, LogWorkout { workout }.into())
            }
            Step::Merge(pick) => {
                let (user, exercise) = picked(&own, pick)?;
                let into = "barbell-bench-press".to_owned().try_into().unwrap();
                let exercise_id = CustomExerciseId::new(exercise);
                command(user, MergeExercise { exercise_id, into, if_revision: None }.into())
            }
            Step::Set(user, due) => {
                set.push((person(user), id(number)));
                command(person(user), SetReminder { due_at: time(due) }.into())
            }
            Step::Move(pick, due) => {
                let (user, reminder) = picked(&set, pick)?;
                command(
                    user,
                    MoveReminder { reminder_id: ReminderId::new(reminder), due_at: time(due), if_revision: None }
                        .into(),
                )
            }
            Step::Cancel(pick) => {
                let (user, reminder) = picked(&set, pick)?;
                command(user, CancelReminder { reminder_id: ReminderId::new(reminder), if_revision: None }.into())
            }
            Step::Due(pick, revision) => {
                let (user, reminder) = picked(&set, pick)?;
                due(user, reminder, revision)
            }
            Step::DueFromOutside(user, reminder) => due(person(user), id(1_000 + reminder), 0),
        })
    };
    (0..).zip(steps).filter_map(message).collect()
}

/// The records as known to a reader of record changes only.
fn told(events: &[Message<Event>]) -> BTreeMap<RecordOf, Mark> {
    let mut standing = BTreeMap::new();
    for event in events {
        let (workout_id, records) = match (&event.body, changes(event)) {
            (_, Some((workout_id, records))) => (Some(workout_id), records),
            (Event::CustomExerciseMerged(merged), None) => (None, &merged.records),
            _ => continue,
        };
        for record in &records.withdrawn {
            let of = (event.user(), record.exercise.clone(), record.kind);
            assert_eq!(standing.remove(&of).as_ref(), Some(&record.mark), "only what stands is withdrawn");
            assert!(workout_id.is_none_or(|workout_id| record.mark.workout_id == workout_id), "and it was its own");
        }
        for record in &records.set {
            let of = (event.user(), record.exercise.clone(), record.kind);
            let before: Option<Mark> = standing.insert(of, record.mark.clone());
            let rank = |mark: &Mark| marks::Rank::of(record.kind, mark.value);
            let rises = before.as_ref().is_none_or(|before| rank(before) < rank(&record.mark));
            assert!(record.reestablished || rises, "{record:?} is not new after {before:?}");
            assert!(record.reestablished || Some(record.mark.workout_id) == workout_id, "what is new is its own");
        }
    }
    standing
}

fn is_about(message: &Input, workout: WorkoutId) -> bool {
    let Input::Command(command) = message else { return false };
    match &command.body {
        Command::LogWorkout(_) => WorkoutId::new(command.id) == workout,
        Command::CorrectWorkout(correct) => correct.workout_id == workout,
        Command::DeleteWorkout(delete) => delete.workout_id == workout,
        _ => false,
    }
}

proptest! {
    #[test]
    fn replay_equals_live_however_both_are_delivered(steps in steps(), live: Delivery, again: Delivery) {
        let messages = messages(steps);
        let (mut lane, mut one_by_one) = (lane(), lane());
        let handled = lane.deliver(&messages, &live);
        prop_assert_eq!(one_by_one.deliver(&messages, &Delivery::in_batches(1)), handled);
        prop_assert_eq!(one_by_one.tables(), lane.tables());
        prop_assert_eq!(lane.replayed(&again).tables(), lane.tables());
    }

    #[test]
    fn the_records_told_are_the_records_that_stand(steps in steps(), size in 1..50_usize, is_lost in any::<bool>()) {
        let (mut lane, mut emitted) = (lane(), Vec::new());
        for batch in messages(steps).chunks(size) {
            emitted.extend(events(lane.batch(batch)));
            prop_assert_eq!(told(&emitted), standing(&lane));
            if is_lost {
                lane.restart();
            }
        }
        let own = |row: &WorkoutRow| lane.row::<CustomRow>(&(row.user_id,)).cloned();
        let of = |row: &WorkoutRow| {
            marks::marks(&row.body, row.summary.body(), Exercises::with(own(row).as_ref())).len()
        };
        let marks: usize = lane.rows::<WorkoutRow>().iter().map(|row| of(row)).sum();
        prop_assert_eq!(lane.rows::<MarkRow>().len(), marks);
        let active = |row: &&&ReminderRow| row.status == ReminderStatus::Active;
        let active = lane.rows::<ReminderRow>().iter().filter(active).count();
        prop_assert_eq!(lane.rows::<AgendaRow>().iter().map(|row| row.active as usize).sum::<usize>(), active);
    }

    #[test]
    fn a_command_or_a_due_event_twice_changes_nothing_more(steps in steps(), delivery: Delivery) {
        let once = messages(steps);
        let twice: Vec<_> = once.iter().flat_map(|message| [message.clone(), message.clone()]).collect();
        let (mut lane, mut same) = (lane(), lane());
        prop_assert_eq!(events(same.deliver(&twice, &delivery)), events(lane.deliver(&once, &delivery)));
        prop_assert_eq!(same.tables(), lane.tables());
    }

    #[test]
    fn log_correct_delete_equals_never(steps in steps(), pick in any::<prop::sample::Index>(), delivery: Delivery) {
        let mut with = messages(steps);
        let is_log = |message: &&Input| matches!(message, Input::Command(Message { body: Command::LogWorkout(_), .. }));
        let logs: Vec<_> = with.iter().filter(is_log).cloned().collect();
        prop_assume!(!logs.is_empty());
        let Input::Command(log) = pick.get(&logs) else { unreachable!("it was chosen among commands") };
        let workout_id = WorkoutId::new(log.id);
        let without: Vec<_> = with.iter().filter(|message| !is_about(message, workout_id)).cloned().collect();
        with.push(Input::Command(message(500, log.user(), DeleteWorkout { workout_id, if_revision: None }.into())));

        let (mut lane, mut never) = (lane(), lane());
        let (emitted, fewer) = (events(lane.deliver(&with, &delivery)), events(never.deliver(&without, &delivery)));
        prop_assert_eq!(told(&emitted), told(&fewer));
        prop_assert_eq!(lane.tables(), never.tables());
    }
}
