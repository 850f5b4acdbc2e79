//! Names and values as a language says them.

use super::{Language, Style, number};
use crate::domain::{
    exercise::{Exercise, Exercises, Joint, MuscleGroup},
    reasons::{Param, Value},
};

/// The name of a placeholder.
pub(super) fn param(name: &str) -> Option<Param> {
    Some(match name {
        "load" => Param::Load,
        "other-load" => Param::OtherLoad,
        "reps" => Param::Reps,
        "other-reps" => Param::OtherReps,
        "sets" => Param::Sets,
        "other-sets" => Param::OtherSets,
        "rpe" => Param::Rpe,
        "percent" => Param::Percent,
        "other-percent" => Param::OtherPercent,
        "days" => Param::Days,
        "other-days" => Param::OtherDays,
        "weeks" => Param::Weeks,
        "times" => Param::Times,
        "workouts" => Param::Workouts,
        "exercise" => Param::Exercise,
        "other" => Param::Other,
        "exercises" => Param::Exercises,
        "muscle" => Param::Muscle,
        "joint" => Param::Joint,
        "weekday" => Param::Weekday,
        _ => return None,
    })
}

pub(super) fn value(value: &Value, style: Style, exercises: &Exercises) -> String {
    let Style { language, unit } = style;
    match value {
        Value::Load(kg) => number::load(*kg, unit, language),
        Value::Count(count) => count.to_string(),
        Value::Number(number) => number::decimal(*number, 1, language),
        Value::Percent(percent) => number::percent(*percent, language),
        Value::Exercise(slug) => exercise(exercises.get(slug), slug.as_str(), language),
        Value::Exercises(slugs) => {
            let names = slugs.iter().map(|slug| exercise(exercises.get(slug), slug.as_str(), language));
            list(&names.collect::<Vec<_>>(), language)
        }
        Value::Muscle(muscle) => self::muscle(*muscle, language).to_owned(),
        Value::Joint(joint) => self::joint(*joint, language).to_owned(),
        Value::Weekday(day) => weekday(*day, language).to_owned(),
    }
}

/// The name of an exercise; of one that is not in the table, its slug in words.
pub(super) fn exercise(exercise: Option<&Exercise>, slug: &str, language: Language) -> String {
    let Some(exercise) = exercise else { return slug.replace('-', " ") };
    let name = match language {
        Language::En => &exercise.names.en,
        Language::De => &exercise.names.de,
        Language::Es => &exercise.names.es,
    };
    name.to_string()
}

fn list(names: &[String], language: Language) -> String {
    let and = match language {
        Language::En => "and",
        Language::De => "und",
        Language::Es => "y",
    };
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} {and} {last}", first.join(", ")),
        _ => names.concat(),
    }
}

const fn muscle(muscle: MuscleGroup, language: Language) -> &'static str {
    let [en, de, es] = match muscle {
        MuscleGroup::Chest => ["chest", "Brust", "pecho"],
        MuscleGroup::Shoulders => ["shoulders", "Schultern", "hombros"],
        MuscleGroup::Lats => ["lats", "Latissimus", "dorsales"],
        MuscleGroup::MiddleBack => ["middle back", "mittlerer Rücken", "espalda media"],
        MuscleGroup::Traps => ["traps", "Trapezmuskel", "trapecios"],
        MuscleGroup::LowerBack => ["lower back", "unterer Rücken", "zona lumbar"],
        MuscleGroup::Neck => ["neck", "Nacken", "cuello"],
        MuscleGroup::Biceps => ["biceps", "Bizeps", "bíceps"],
        MuscleGroup::Triceps => ["triceps", "Trizeps", "tríceps"],
        MuscleGroup::Forearms => ["forearms", "Unterarme", "antebrazos"],
        MuscleGroup::Abdominals => ["abs", "Bauch", "abdominales"],
        MuscleGroup::Quadriceps => ["quads", "Quadrizeps", "cuádriceps"],
        MuscleGroup::Glutes => ["glutes", "Gesäß", "glúteos"],
        MuscleGroup::Abductors => ["hip abductors", "Abduktoren", "abductores"],
        MuscleGroup::Adductors => ["hip adductors", "Adduktoren", "aductores"],
        MuscleGroup::Hamstrings => ["hamstrings", "Beinbeuger", "isquiotibiales"],
        MuscleGroup::Calves => ["calves", "Waden", "gemelos"],
    };
    pick(language, en, de, es)
}

const fn joint(joint: Joint, language: Language) -> &'static str {
    let [en, de, es] = match joint {
        Joint::Neck => ["neck", "Nacken", "cuello"],
        Joint::Shoulder => ["shoulder", "Schulter", "hombro"],
        Joint::Elbow => ["elbow", "Ellenbogen", "codo"],
        Joint::Wrist => ["wrist", "Handgelenk", "muñeca"],
        Joint::LowerBack => ["lower back", "unterer Rücken", "zona lumbar"],
        Joint::Hip => ["hip", "Hüfte", "cadera"],
        Joint::Knee => ["knee", "Knie", "rodilla"],
        Joint::Ankle => ["ankle", "Sprunggelenk", "tobillo"],
    };
    pick(language, en, de, es)
}

/// On such days; 0 is Monday.
const fn weekday(day: u8, language: Language) -> &'static str {
    let [en, de, es] = match day {
        0 => ["on Mondays", "montags", "los lunes"],
        1 => ["on Tuesdays", "dienstags", "los martes"],
        2 => ["on Wednesdays", "mittwochs", "los miércoles"],
        3 => ["on Thursdays", "donnerstags", "los jueves"],
        4 => ["on Fridays", "freitags", "los viernes"],
        5 => ["on Saturdays", "samstags", "los sábados"],
        _ => ["on Sundays", "sonntags", "los domingos"],
    };
    pick(language, en, de, es)
}

const fn pick(language: Language, en: &'static str, de: &'static str, es: &'static str) -> &'static str {
    match language {
        Language::En => en,
        Language::De => de,
        Language::Es => es,
    }
}
