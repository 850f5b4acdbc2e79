//! A training log as rows, and the people and workouts in it. Its names are read by the catalogue, as an import reads them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use plyo_events::{EventId, WorkoutId, training::ExerciseSlug};
use plyo_exercises::Catalogue;
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::{
    event::{Performed, Set, SetKind, Workout},
    exercise::{Exercise, Exercises, Names},
    profile::Unit,
};

/// One set of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub user: String,
    /// The number of the workout of that user, in order of time.
    pub session: u32,
    pub start: DateTime,
    /// Empty when none was named.
    pub routine: String,
    pub exercise: String,
    /// `None` where none was logged, which is not the same as a logged 0.
    pub load_kg: Option<f64>,
    pub reps: u16,
    pub rpe: Option<f64>,
    pub kind: SetKind,
    pub unit: Unit,
}

/// A line of a training log as it is written.
#[derive(Debug, Deserialize)]
pub struct Line {
    user: String,
    session: u32,
    /// Local time, to the minute.
    start: DateTime,
    template: String,
    exercise: String,
    set_type: String,
    weight_kg: Option<f64>,
    logged_unit: String,
    reps: Option<f64>,
    rpe: Option<f64>,
}

impl TryFrom<Line> for Row {
    type Error = String;

    /// # Errors
    /// What is not understood, to be told with its line: nothing is guessed.
    fn try_from(line: Line) -> Result<Self, String> {
        let kind = match line.set_type.trim().to_ascii_lowercase().as_str() {
            "" | "normal" | "working" => SetKind::Working,
            "warmup" | "warm-up" => SetKind::Warmup,
            "failure" => SetKind::Failure,
            "drop" | "dropset" => SetKind::Drop,
            other => return Err(format!("`{other}` is no set_type: normal, warmup, failure or drop")),
        };
        let unit = match line.logged_unit.trim().to_ascii_lowercase().as_str() {
            "kg" | "kgs" | "kilogram" | "kilograms" => Unit::Kg,
            "lb" | "lbs" | "pound" | "pounds" => Unit::Lb,
            "" if line.weight_kg.is_none() => Unit::Kg,
            other => return Err(format!("`{other}` is no logged_unit: kg or lb")),
        };
        let is_in = |number: Option<f64>, most: f64| number.is_none_or(|number| (0.0..=most).contains(&number));
        if !is_in(line.weight_kg, f64::from(u16::MAX)) {
            return Err(format!("{} is no weight_kg", line.weight_kg.unwrap_or_default()));
        }
        if !is_in(line.reps, f64::from(u16::MAX)) {
            return Err(format!("{} is no number of reps", line.reps.unwrap_or_default()));
        }
        Ok(Self {
            user: line.user,
            session: line.session,
            start: line.start,
            routine: line.template,
            exercise: line.exercise,
            load_kg: line.weight_kg,
            // What is in range but beyond what people do is no work, and teaches nothing.
            reps: line.reps.unwrap_or(0.0) as u16,
            rpe: line.rpe,
            kind,
            unit,
        })
    }
}

impl Row {
    /// As the mind learns from it, to whom a set without a load is one of the body alone.
    fn set(&self) -> Set {
        Set { load_kg: self.load_kg.unwrap_or(0.0), reps: self.reps, rpe: self.rpe, kind: self.kind }
    }
}

/// A person with all workouts, in order of time.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub workouts: Vec<Workout>,
}

/// The exercises of a log: what the catalogue takes a name for without asking, under the log's own name. Two names of one
/// exercise stay two, since whoever has two names means two machines.
pub fn exercises(rows: &[Row]) -> Exercises {
    let names: BTreeSet<&str> = rows.iter().map(|row| row.exercise.as_str()).collect();
    let known = names.into_iter().filter_map(|name| {
        let found = Catalogue::get().resolve(name)?;
        let names = Names { en: name.into(), de: name.into(), es: name.into() };
        Some(Exercise { slug: slug_of(name), names, ..Exercise::from(found.exercise) })
    });
    known.collect()
}

/// The people of a log, by name.
pub fn people(rows: &[Row]) -> Vec<Person> {
    let mut people: BTreeMap<&str, BTreeMap<u32, Workout>> = BTreeMap::new();
    for row in rows {
        let slug = slug_of(&row.exercise);
        let workout = people.entry(&row.user).or_default().entry(row.session).or_insert_with(|| first_of(row));
        match workout.exercises.iter_mut().find(|performed| performed.exercise == slug) {
            Some(performed) => performed.sets.push(row.set()),
            None => workout.exercises.push(Performed { exercise: slug, sets: vec![row.set()], planned: None }),
        }
    }
    let person = |(name, workouts): (&str, BTreeMap<u32, Workout>)| Person {
        name: name.to_owned(),
        workouts: workouts.into_values().collect(),
    };
    people.into_iter().map(person).collect()
}

/// A name as a slug: its letters and digits, words joined by `-`, at most 64 characters.
pub(super) fn slug_of(name: &str) -> ExerciseSlug {
    let spaced: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let mut slug = spaced.split_whitespace().collect::<Vec<_>>().join("-");
    slug.truncate(64);
    if slug.is_empty() {
        // A name without a Latin letter still has to be told from others.
        slug = name.bytes().take(30).map(|byte| format!("{byte:02x}")).collect();
    }
    let fallback = || ExerciseSlug::try_from("unnamed".to_owned());
    ExerciseSlug::try_from(slug).or_else(|_| fallback()).unwrap_or_else(|_| unreachable!("`unnamed` is a slug"))
}

fn first_of(row: &Row) -> Workout {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}/{}", row.user, row.session).as_bytes());
    Workout {
        id: WorkoutId::new(id),
        event: EventId::derive(id, "completed"),
        start: row.start,
        minutes: None,
        heart: None,
        routine: (!row.routine.is_empty()).then(|| row.routine.as_str().into()),
        unit: row.unit,
        exercises: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::exercise::Pattern;

    fn row(change: impl Fn(&mut serde_json::Value)) -> Result<Row, String> {
        let mut line = json!({
            "user": "u", "session": 1, "start": "2026-01-05T18:00", "template": "", "exercise": "Pull Up",
            "set_type": "normal", "weight_kg": 20.0, "logged_unit": "kg", "reps": 5.0, "rpe": null
        });
        change(&mut line);
        serde_json::from_value::<Line>(line).map_err(|error| error.to_string())?.try_into()
    }

    #[test]
    fn a_unit_or_a_set_type_that_is_not_understood_is_refused_and_not_guessed() {
        for (unit, meant) in [("lb", Unit::Lb), ("lbs", Unit::Lb), ("Pounds", Unit::Lb), (" KG ", Unit::Kg)] {
            assert_eq!(row(|line| line["logged_unit"] = json!(unit)).unwrap().unit, meant, "{unit}");
        }
        for unit in ["stone", "st", "kg/lb", "g", ""] {
            let refused = row(|line| line["logged_unit"] = json!(unit)).unwrap_err();
            assert!(refused.contains(&format!("`{unit}` is no logged_unit")), "{refused}");
        }
        for kind in ["rest-pause", "warm", "0"] {
            let refused = row(|line| line["set_type"] = json!(kind)).unwrap_err();
            assert!(refused.contains(&format!("`{kind}` is no set_type")), "{refused}");
        }
        for (field, number) in [("weight_kg", -5.0), ("weight_kg", 1e9), ("reps", -1.0), ("reps", 1e9)] {
            assert!(row(|line| line[field] = json!(number)).is_err(), "{field} {number}");
        }
    }

    #[test]
    fn a_weight_that_is_absent_is_not_zero() {
        let absent = row(|line| (line["weight_kg"], line["logged_unit"]) = (json!(null), json!(""))).unwrap();
        assert_eq!(absent.load_kg, None, "and needs no unit");
        assert_eq!(row(|line| line["weight_kg"] = json!(0.0)).unwrap().load_kg, Some(0.0));
    }

    #[test]
    fn names_are_read_by_the_catalogue_and_for_one_that_is_not_taken_nothing_is_known() {
        let named = |name: &str| Row { exercise: name.to_owned(), ..row(|_| ()).unwrap() };
        let rows = ["Bench Press (Barbell)", "Squat (Barbell)", "Moonwalk", "Reverse Bench Press"].map(named);
        assert_eq!(people(&rows)[0].workouts[0].exercises.len(), 4);
        let known = exercises(&rows);
        let slugs: Vec<&str> = known.iter().map(|one| one.slug.as_str()).collect();
        assert_eq!(slugs, ["bench-press-barbell", "squat-barbell"]);
        let squat = known.get(&slug_of("Squat (Barbell)")).unwrap();
        assert_eq!((&*squat.names.en, squat.pattern), ("Squat (Barbell)", Pattern::Squat));
    }

    #[test]
    fn every_name_has_a_slug_even_one_without_a_latin_letter() {
        assert_ne!(slug_of("深蹲"), slug_of("硬拉"));
        assert_eq!(slug_of(""), slug_of(""));
        assert!(slug_of(&"x".repeat(300)).as_str().len() <= 64);
    }
}
