//! What the coach believes of a person and what it does not know, in words.

use plyo_events::{
    coach::{CoachStateView, LiftBelief, Target},
    training::ExerciseSlug,
};

use super::{Reader, name, plain};
use crate::{
    catalogue::knowledge,
    domain::{
        reasons::{RULES_VERSION, Versions},
        state::{Lift, stored},
        texts::{Language, load},
    },
    wire,
};

/// The most lifts that are told.
const MAX_LIFTS: usize = 20;
/// Of these so many in words.
const IN_WORDS: usize = 5;

pub(super) fn view(reader: &Reader) -> CoachStateView {
    let mut lifts: Vec<(&ExerciseSlug, &Lift)> = reader.training.lifts.iter().collect();
    lifts.sort_by_key(|(slug, lift)| (std::cmp::Reverse(lift.last().session), *slug));
    lifts.truncate(MAX_LIFTS);
    let belief = |(slug, lift): &(&ExerciseSlug, &Lift)| LiftBelief {
        exercise: (*slug).clone(),
        name: name(slug, reader.style),
        sessions: lift.sessions,
        last_load_kg: lift.last().load_kg,
        last_reps: u16::from(lift.last().reps),
        one_rep_max_kg: once(lift),
        usual_reps: u16::from(lift.usual_reps()[1]),
    };
    let versions = Versions {
        models: u16::from(stored::VERSION),
        global: u16::try_from(knowledge().global.version).unwrap_or(u16::MAX),
        rules: RULES_VERSION,
    };
    CoachStateView {
        believed: believed(reader, &lifts),
        unknown: unknown(reader),
        workouts: reader.known.workouts,
        lifts: lifts.iter().map(belief).collect(),
        goals: reader.known.goals.clone(),
        versions: wire::versions(versions),
    }
}

/// The load that would be possible once, in kilograms: an estimate from the logged effort.
fn once(lift: &Lift) -> f64 {
    let last = lift.last();
    let of_last = last.load_kg * (1.0 + f64::from(last.reps.saturating_sub(1)) / 30.0);
    let estimate = lift.strength.level().exp();
    if estimate.is_finite() { (estimate.max(of_last) * 10.0).round() / 10.0 } else { of_last }
}

fn believed(reader: &Reader, lifts: &[(&ExerciseSlug, &Lift)]) -> Vec<String> {
    let language = reader.style.language;
    let kg = |kg: f64| load(kg, reader.style);
    let mut said = Vec::new();
    if let Some((_, last)) = reader.training.span() {
        let (workouts, date) = (reader.known.workouts, last.date());
        said.push(match language {
            Language::En => format!("You have logged {workouts} workouts, the last on {date}."),
            Language::De => format!("Protokollierte Einheiten: {workouts}, die letzte am {date}."),
            Language::Es => format!("Entrenamientos registrados: {workouts}, el último el {date}."),
        });
    }
    for (slug, lift) in lifts.iter().take(IN_WORDS) {
        let (name, once) = (name(slug, reader.style), kg(rounded(once(lift))));
        let (last, reps) = (kg(lift.last().load_kg), lift.last().reps);
        said.push(match language {
            Language::En => format!("{name}: about {once} would be possible once; last time it was {last} × {reps}."),
            Language::De => format!("{name}: einmal wären etwa {once} möglich; zuletzt waren es {last} × {reps}."),
            Language::Es => {
                format!("{name}: una vez serían posibles unos {once}; la última vez fueron {last} × {reps}.")
            }
        });
    }
    said.extend(reader.known.goals.targets.iter().map(|target| aim(reader, target)));
    said.iter().map(|sentence| plain(sentence)).collect()
}

/// A goal beside what is believed possible.
fn aim(reader: &Reader, target: &Target) -> String {
    let goal_kg = target.load.grams() as f64 / 1000.0;
    let reps = target.reps.map_or(1, u32::from);
    let as_once = goal_kg * (1.0 + f64::from(reps.saturating_sub(1)) / 30.0);
    let (name, goal) = (name(&target.exercise, reader.style), load(goal_kg, reader.style));
    let lift = reader.training.lifts.get(&target.exercise);
    let missing = lift.map(|lift| (as_once - once(lift)).max(0.0));
    let language = reader.style.language;
    match missing {
        None => match language {
            Language::En => format!("You aim at {goal} × {reps} in {name}; it was not logged with a load yet."),
            Language::De => format!("Ziel bei {name}: {goal} × {reps}; mit Gewicht ist das noch nicht protokolliert."),
            Language::Es => format!("Objetivo en {name}: {goal} × {reps}; aún no se ha registrado con carga."),
        },
        Some(missing) if missing < 0.5 => match language {
            Language::En => format!("You aim at {goal} × {reps} in {name}: that should be possible now."),
            Language::De => format!("Ziel bei {name}: {goal} × {reps}, das sollte jetzt möglich sein."),
            Language::Es => format!("Objetivo en {name}: {goal} × {reps}; ya debería ser posible."),
        },
        Some(missing) => {
            let missing = load(rounded(missing).max(0.5), reader.style);
            match language {
                Language::En => format!("You aim at {goal} × {reps} in {name}: about {missing} to go."),
                Language::De => format!("Ziel bei {name}: {goal} × {reps}, dazu fehlen etwa {missing}."),
                Language::Es => format!("Objetivo en {name}: {goal} × {reps}; faltan unos {missing}."),
            }
        }
    }
}

/// To halves of a kilogram: more digits would belie an estimate.
fn rounded(kg: f64) -> f64 {
    (2.0 * kg).round() / 2.0
}

fn unknown(reader: &Reader) -> Vec<String> {
    let language = reader.style.language;
    let training = &reader.training;
    let mut said: Vec<&str> = Vec::new();
    let mut say = |en, de, es| {
        said.push(match language {
            Language::En => en,
            Language::De => de,
            Language::Es => es,
        });
    };
    if training.sessions == 0 {
        say(
            "No workout is logged yet, so nothing is known of your strength.",
            "Es ist noch kein Training protokolliert, über deine Kraft ist also nichts bekannt.",
            "Aún no hay ningún entrenamiento registrado, así que no se sabe nada de tu fuerza.",
        );
    } else if training.lifts.values().all(|lift| lift.effort.is_none()) {
        say(
            "How hard your sets felt (RPE) was never logged; two repetitions in reserve are assumed.",
            "Wie schwer die Sätze waren (RPE), wurde nie protokolliert; zwei Wiederholungen Reserve sind angenommen.",
            "Nunca se registró lo duras que fueron las series (RPE); se suponen dos repeticiones en reserva.",
        );
    }
    if reader.known.goals.is_empty() {
        say(
            "You have not said what you train for.",
            "Du hast nicht gesagt, wofür du trainierst.",
            "No has dicho para qué entrenas.",
        );
    }
    say(
        "Your age, injuries and equipment are not known: an adult without injuries is assumed who has what they logged.",
        "Alter, Verletzungen und Geräte sind nicht bekannt: angenommen ist ein unverletzter Erwachsener mit dem, was im Protokoll steht.",
        "No se conocen tu edad, tus lesiones ni tu material: se supone una persona adulta sin lesiones con lo que registró.",
    );
    said.into_iter().map(str::to_owned).collect()
}
