//! Facts about an exercise out of its English name: the words of the name decide, the first rule that fits wins. For
//! training logs and tests; the running coach is given the catalogue's facts, which people have checked.

use plyo_events::training::ExerciseSlug;

use super::{
    Equipment, Exercise, Loading, Mechanic, Muscle,
    Muscle::{
        Abdominals, Abductors, Adductors, Biceps, Calves, Chest, Forearms, Glutes, Hamstrings, Lats, LowerBack,
        MiddleBack, Quadriceps, Shoulders, Traps, Triceps,
    },
    Names, Pattern,
};

/// The slug of a name: its letters and digits, words joined by `-`, at most 64 characters.
pub fn slug_of(name: &str) -> ExerciseSlug {
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

impl Exercise {
    /// What a name tells. A name that no rule knows has no muscles, moves every joint and is never loaded.
    pub fn from_name(name: &str) -> Self {
        let text = format!(" {} ", slug_of(name).as_str().replace('-', " "));
        let rule = RULES.iter().find(|rule| rule.words.iter().any(|words| has_all(&text, words)));
        let (pattern, primary, secondary) = match rule {
            Some(rule) => (rule.pattern, rule.primary.to_vec(), rule.secondary.to_vec()),
            None => (Pattern::Other, Vec::new(), Vec::new()),
        };
        let is_isolation = matches!(pattern, Pattern::Isolation | Pattern::Trunk | Pattern::Other);
        let equipment = equipment(&text, pattern);
        Self {
            slug: slug_of(name),
            names: Names { en: name.into(), de: name.into(), es: name.into() },
            primary,
            secondary,
            loading: loading(&text, &equipment, rule.is_some()),
            equipment,
            pattern,
            mechanic: if is_isolation { Mechanic::Isolation } else { Mechanic::Compound },
            reps: if is_isolation { (8, 15) } else { (5, 12) },
            for_beginners: !["deadlift", "pendlay", "jm press", "dragon flag", "good morning"]
                .iter()
                .any(|w| text.contains(w)),
        }
    }
}

/// Names that contain all words of one of the phrases are such an exercise.
struct Rule {
    words: &'static [&'static str],
    pattern: Pattern,
    primary: &'static [Muscle],
    secondary: &'static [Muscle],
}

const fn rule(
    words: &'static [&'static str],
    pattern: Pattern,
    primary: &'static [Muscle],
    secondary: &'static [Muscle],
) -> Rule {
    Rule { words, pattern, primary, secondary }
}

/// From the particular to the general.
const RULES: &[Rule] = &[
    rule(&["wrist"], Pattern::Isolation, &[Forearms], &[]),
    rule(&["reverse curl"], Pattern::Isolation, &[Forearms, Biceps], &[]),
    rule(&["leg curl", "nordic", "glute ham"], Pattern::Isolation, &[Hamstrings], &[Calves]),
    rule(&["hammer curl"], Pattern::Isolation, &[Biceps], &[Forearms]),
    rule(&["curl"], Pattern::Isolation, &[Biceps], &[Forearms]),
    rule(&["leg extension"], Pattern::Isolation, &[Quadriceps], &[]),
    rule(&["calf", "calves"], Pattern::Isolation, &[Calves], &[]),
    rule(&["hip adduction", "adductor"], Pattern::Isolation, &[Adductors], &[]),
    rule(&["hip abduction", "abductor"], Pattern::Isolation, &[Abductors], &[Glutes]),
    rule(&["hip thrust", "glute bridge", "kickback glute"], Pattern::Hinge, &[Glutes], &[Hamstrings]),
    rule(
        &["back extension", "hyperextension", "lower back", "good morning"],
        Pattern::Hinge,
        &[LowerBack],
        &[Glutes, Hamstrings],
    ),
    rule(&["romanian", "straight leg deadlift", "stiff leg"], Pattern::Hinge, &[Hamstrings], &[Glutes, LowerBack]),
    rule(&["deadlift"], Pattern::Hinge, &[Glutes, Hamstrings], &[LowerBack, Quadriceps, Traps]),
    rule(&["split squat", "lunge", "step up"], Pattern::Lunge, &[Quadriceps, Glutes], &[Hamstrings]),
    rule(&["leg press"], Pattern::Squat, &[Quadriceps], &[Glutes]),
    rule(&["squat"], Pattern::Squat, &[Quadriceps, Glutes], &[Hamstrings, LowerBack]),
    rule(&["upright row", "lateral raise", "front raise"], Pattern::Isolation, &[Shoulders], &[Traps]),
    rule(&["rear delt", "reverse fly", "back deltoid", "face pull"], Pattern::Isolation, &[Shoulders], &[MiddleBack]),
    rule(&["shrug"], Pattern::Isolation, &[Traps], &[]),
    rule(&["pullover", "straight arm pulldown"], Pattern::Isolation, &[Lats], &[Chest]),
    rule(
        &["crunch", "sit up", "leg raise", "knee raise", "ab wheel", "plank", "dragon flag"],
        Pattern::Trunk,
        &[Abdominals],
        &[],
    ),
    rule(&["russian twist", "side bend", "woodchop"], Pattern::Trunk, &[Abdominals], &[LowerBack]),
    rule(
        &["jm press", "close grip bench", "bench press close grip"],
        Pattern::HorizontalPush,
        &[Triceps],
        &[Chest, Shoulders],
    ),
    rule(&["tricep", "skullcrusher", "pushdown", "pressdown", "kickback"], Pattern::Isolation, &[Triceps], &[]),
    rule(&["dip"], Pattern::HorizontalPush, &[Chest, Triceps], &[Shoulders]),
    rule(&["fly", "flye", "crossover", "pec deck", "butterfly"], Pattern::Isolation, &[Chest], &[Shoulders]),
    rule(&["overhead", "shoulder press", "military", "arnold"], Pattern::VerticalPush, &[Shoulders], &[Triceps]),
    rule(
        &["bench press", "chest press", "push up", "floor press"],
        Pattern::HorizontalPush,
        &[Chest],
        &[Triceps, Shoulders],
    ),
    rule(&["pulldown", "pull down", "pull up", "chin up"], Pattern::VerticalPull, &[Lats], &[Biceps, MiddleBack]),
    rule(&["row", "rows"], Pattern::HorizontalPull, &[MiddleBack, Lats], &[Biceps]),
];

/// Whether a padded text holds a phrase, or all its words apart, each whole or in the plural.
fn has_all(text: &str, phrase: &str) -> bool {
    phrase.split(' ').all(|word| text.contains(&format!(" {word} ")) || text.contains(&format!(" {word}s ")))
}

fn equipment(text: &str, pattern: Pattern) -> Vec<Equipment> {
    let found = [
        ("smith", "smith-machine"),
        ("kettlebell", "kettlebell"),
        ("dumbbell", "dumbbell"),
        ("dumbell", "dumbbell"),
        (" db ", "dumbbell"),
        ("barbell", "barbell"),
        ("ez bar", "ez-bar"),
        ("cable", "cable"),
        ("rope", "cable"),
        ("pushdown", "cable"),
        ("pulldown", "cable"),
        ("band", "band"),
        ("ab wheel", "ab-wheel"),
        ("hyperextension", "roman-chair"),
        ("machine", "machine"),
        ("plate loaded", "machine"),
        ("iso lateral", "machine"),
        ("leg press", "machine"),
        ("hack squat", "machine"),
        ("assisted", "machine"),
        ("pec deck", "machine"),
        ("pull up", "pull-up-bar"),
        ("chin up", "pull-up-bar"),
        ("hanging", "pull-up-bar"),
        ("dip", "dip-bars"),
        ("deadlift", "barbell"),
        ("skullcrusher", "barbell"),
    ]
    .into_iter()
    .find(|(word, _)| text.contains(word));
    let mut all: Vec<Equipment> = found.map(|(_, slug)| slug.into()).into_iter().collect();
    let has_free_weight = matches!(found, Some((_, "barbell" | "dumbbell")));
    if has_free_weight && (text.contains("bench") || text.contains("incline")) && pattern != Pattern::HorizontalPull {
        all.push("bench".into());
    }
    if matches!(found, Some((_, "barbell"))) && (pattern == Pattern::Squat || text.contains("bench press")) {
        all.push("rack".into());
    }
    all
}

fn loading(text: &str, equipment: &[Equipment], is_known: bool) -> Loading {
    let holds = |slugs: &[&str]| equipment.iter().any(|one| slugs.contains(&&*one.0));
    if !is_known || holds(&["band"]) {
        Loading::Uncounted
    } else if text.contains("assisted") {
        Loading::Assisted
    } else if text.contains("bodyweight") {
        Loading::Uncounted
    } else if equipment.is_empty() || holds(&["pull-up-bar", "dip-bars", "roman-chair", "ab-wheel"]) {
        Loading::Added
    } else {
        Loading::External
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_particular_wins_over_the_general() {
        for (name, pattern, primary) in [
            ("Bench Press (Barbell)", Pattern::HorizontalPush, Chest),
            ("Bench Press - Close Grip (Barbell)", Pattern::HorizontalPush, Triceps),
            ("Seated Leg Curl (Machine)", Pattern::Isolation, Hamstrings),
            ("Standing Leg Curls", Pattern::Isolation, Hamstrings),
            ("Bicep Curl (Dumbbell)", Pattern::Isolation, Biceps),
            ("Rear Delt Reverse Fly (Machine)", Pattern::Isolation, Shoulders),
            ("Romanian Deadlift (Barbell)", Pattern::Hinge, Hamstrings),
            ("Calf Press on Seated Leg Press", Pattern::Isolation, Calves),
            ("Rope Straight Arm Pulldown", Pattern::Isolation, Lats),
            ("Chin Up", Pattern::VerticalPull, Lats),
        ] {
            let exercise = Exercise::from_name(name);
            assert_eq!((exercise.pattern, exercise.primary[0]), (pattern, primary), "{name}");
        }
    }

    #[test]
    fn a_name_tells_what_must_be_at_hand() {
        let gear = |name| Exercise::from_name(name).equipment.iter().map(|one| one.0.to_string()).collect::<Vec<_>>();
        assert_eq!(gear("Bench Press (Barbell)"), ["barbell", "bench", "rack"]);
        assert_eq!(gear("Squat (Smith Machine)"), ["smith-machine"]);
        assert_eq!(gear("Lat Pulldown (Cable)"), ["cable"]);
        assert!(gear("Push Up").is_empty());
    }

    #[test]
    fn what_the_load_means_is_told_apart() {
        assert_eq!(Exercise::from_name("Pull Up (Assisted)").loading, Loading::Assisted);
        assert_eq!(Exercise::from_name("Pull Up").loading, Loading::Added);
        assert_eq!(Exercise::from_name("Squat (Bodyweight)").loading, Loading::Uncounted);
        assert_eq!(Exercise::from_name("Leg Press (Machine)").loading, Loading::External);
    }

    #[test]
    fn every_name_has_a_slug_even_one_without_a_latin_letter() {
        assert_eq!(slug_of("Bench Press (Barbell)").as_str(), "bench-press-barbell");
        assert_ne!(slug_of("深蹲"), slug_of("硬拉"));
        assert_eq!(slug_of(""), slug_of(""));
        assert!(slug_of(&"x".repeat(300)).as_str().len() <= 64);
    }
}
