//! Words that lifters use for one another. A name is brought to one choice of words before it is compared with others,
//! so that "DB Military Press" and "Dumbbell shoulder press" have the same ones.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use super::kinds::Equipment;

/// What is said, in the words of [`super::normal`], and what it becomes; the longer phrase goes first.
const PHRASES: &[(&str, &str)] = &[
    // Abbreviations.
    ("bb", "barbell"),
    ("db", "dumbbell"),
    ("kb", "kettlebell"),
    ("bw", "bodyweight"),
    ("body weight", "bodyweight"),
    ("ohp", "shoulder press"),
    ("rdl", "romanian deadlift"),
    ("sldl", "stiff leg deadlift"),
    ("cgbp", "close grip bench press"),
    ("ghr", "glute ham raise"),
    ("ghd", "roman chair"),
    ("tgu", "turkish get up"),
    ("ssb", "safety bar"),
    ("trx", "suspension"),
    ("lh", "langhantel"),
    ("kh", "kurzhantel"),
    ("sz", "ez bar"),
    // Misspellings that export files are full of.
    ("dumbell", "dumbbell"),
    ("dumbel", "dumbbell"),
    ("palloff", "pallof"),
    // Equipment.
    ("ez bar", "ezbar"),
    ("ez", "ezbar"),
    ("curl bar", "ezbar"),
    ("hex bar", "trap bar"),
    ("smith machine", "smith"),
    ("multipresse", "smith"),
    ("lever", "machine"),
    ("hammer strength", "machine"),
    ("hammerstrength", "machine"),
    ("plate loaded", "machine"),
    ("technogym", "machine"),
    ("panatta", "machine"),
    ("life fitness", "machine"),
    ("lifefitness", "machine"),
    ("swiss ball", "stability ball"),
    ("exercise ball", "stability ball"),
    ("gym ball", "stability ball"),
    ("assault bike", "air bike"),
    ("stair machine", "stair climber"),
    ("stairmaster", "stair climber"),
    ("langhantel", "barbell"),
    ("kurzhantel", "dumbbell"),
    ("barre", "barbell"),
    ("bilanciere", "barbell"),
    ("stang", "barbell"),
    ("manubrio", "dumbbell"),
    ("manubri", "dumbbell"),
    ("haltere", "dumbbell"),
    ("dambil", "dumbbell"),
    ("cabo", "cable"),
    ("cavo", "cable"),
    ("cavi", "cable"),
    ("poulie", "cable"),
    ("polia", "cable"),
    ("kablo", "cable"),
    ("macchina", "machine"),
    ("makine", "machine"),
    ("kabelzug", "cable"),
    ("kabel", "cable"),
    ("seilzug", "cable"),
    ("maschine", "machine"),
    ("maquina", "machine"),
    ("mancuerna", "dumbbell"),
    ("polea", "cable"),
    ("pesa rusa", "kettlebell"),
    // One side.
    ("one arm", "single arm"),
    ("1 arm", "single arm"),
    ("one leg", "single leg"),
    ("1 leg", "single leg"),
    ("one legged", "single leg"),
    ("single legged", "single leg"),
    ("unilateral", "single"),
    ("einarmig", "single arm"),
    ("einarmige", "single arm"),
    ("einarmiges", "single arm"),
    ("einbeinig", "single leg"),
    ("einbeinige", "single leg"),
    ("einbeiniges", "single leg"),
    ("einseitig", "single"),
    ("one side", "single"),
    ("one sided", "single"),
    ("single side", "single"),
    ("un brazo", "single arm"),
    ("una mano", "single arm"),
    ("una pierna", "single leg"),
    // Grips and positions.
    ("sitting", "seated"),
    ("sitzend", "seated"),
    ("sitzende", "seated"),
    ("sitzendes", "seated"),
    ("sitzen", "seated"),
    ("sentado", "seated"),
    ("sentada", "seated"),
    ("stehend", "standing"),
    ("stehende", "standing"),
    ("stehendes", "standing"),
    ("stehen", "standing"),
    ("pie", "standing"),
    ("liegend", "lying"),
    ("liegende", "lying"),
    ("liegendes", "lying"),
    ("liegen", "lying"),
    ("tumbado", "lying"),
    ("tumbada", "lying"),
    ("acostado", "lying"),
    ("negativ", "decline"),
    ("negative", "decline"),
    ("declinado", "decline"),
    ("declinada", "decline"),
    ("schrag", "incline"),
    ("inclinado", "incline"),
    ("inclinada", "incline"),
    ("umgekehrt", "reverse"),
    ("umgekehrte", "reverse"),
    ("umgekehrter", "reverse"),
    ("umgekehrtes", "reverse"),
    ("inverso", "reverse"),
    ("inversa", "reverse"),
    ("invertido", "reverse"),
    ("invertida", "reverse"),
    ("martillo", "hammer"),
    ("cruzado", "crossover"),
    ("cruzada", "crossover"),
    ("reverse grip", "underhand"),
    ("supinated", "underhand"),
    ("v grip", "close grip"),
    ("v bar", "close grip"),
    ("narrow grip", "close grip"),
    ("stiff legged", "stiff leg"),
    ("straight legged", "stiff leg"),
    ("straight leg", "stiff leg"),
    ("palm up wrist curl", "wrist curl"),
    ("palm down wrist curl", "wrist extension"),
    ("reverse wrist curl", "wrist extension"),
    ("iso lateral", "isolateral"),
    ("crossed", "cross"),
    // Movements.
    ("pull up", "pullup"),
    ("chin up", "chinup"),
    ("push up", "pushup"),
    ("press up", "pushup"),
    ("sit up", "situp"),
    ("step up", "stepup"),
    ("muscle up", "muscleup"),
    ("pull down", "pulldown"),
    ("push down", "pushdown"),
    ("press down", "pushdown"),
    ("pressdown", "pushdown"),
    ("pull over", "pullover"),
    ("kick back", "kickback"),
    ("dead lift", "deadlift"),
    ("roll out", "rollout"),
    ("skull crusher", "lying tricep extension"),
    ("skullcrusher", "lying tricep extension"),
    ("military press", "shoulder press"),
    ("overhead press", "shoulder press"),
    ("flye", "fly"),
    ("flys", "fly"),
    ("pec deck", "machine chest fly"),
    ("butterfly pec deck", "machine chest fly"),
    ("pec deck butterfly", "machine chest fly"),
    ("pec fly", "chest fly"),
    ("fly crossover", "fly"),
    ("cable crossover", "cable fly"),
    ("reverse pec deck", "machine rear delt fly"),
    ("rear delt reverse fly", "rear delt fly"),
    ("reverse fly", "rear delt fly"),
    ("back deltoid", "rear delt fly"),
    ("rear deltoid", "rear delt"),
    ("deltoid", "delt"),
    ("hyperextension", "back extension"),
    ("back extension back extension", "back extension"),
    ("knee raise parallel bar", "captain chair knee raise"),
    ("leg raise parallel bar", "captain chair leg raise"),
    ("romanian chair", "roman chair"),
    ("rear foot elevated split squat", "bulgarian split squat"),
    ("abductor", "abduction"),
    ("adductor", "adduction"),
    ("carry", "walk"),
    ("swimming", "swim"),
    ("running", "run"),
    ("walking", "walk"),
    ("jogging", "jog"),
];

/// The word that stands for a piece of equipment in the names of exercises, and the equipment that it can mean.
const EQUIPMENT: &[(&str, &[Equipment])] = &[
    ("bodyweight", &[Equipment::Bodyweight]),
    ("barbell", &[Equipment::Barbell, Equipment::EzBar, Equipment::Landmine]),
    ("bar", &[Equipment::Barbell, Equipment::EzBar, Equipment::TrapBar, Equipment::PullUpBar, Equipment::DipBars]),
    ("barra", &[Equipment::Barbell, Equipment::EzBar, Equipment::PullUpBar]),
    ("dumbbell", &[Equipment::Dumbbell]),
    ("kettlebell", &[Equipment::Kettlebell]),
    ("ezbar", &[Equipment::EzBar]),
    ("cable", &[Equipment::Cable]),
    ("rope", &[Equipment::Cable, Equipment::BattleRopes, Equipment::ClimbingRope, Equipment::JumpRope]),
    ("machine", &[Equipment::Machine, Equipment::SmithMachine, Equipment::RowingMachine, Equipment::StairClimber]),
    ("smith", &[Equipment::SmithMachine]),
    ("band", &[Equipment::Band]),
    ("plate", &[Equipment::Plate]),
    ("landmine", &[Equipment::Landmine]),
    ("suspension", &[Equipment::SuspensionTrainer, Equipment::Rings]),
    ("ring", &[Equipment::Rings]),
    ("sled", &[Equipment::Sled]),
    ("sandbag", &[Equipment::Sandbag]),
];

/// They tell no exercise from another.
const FILLERS: [&str; 20] = [
    "the", "a", "an", "on", "in", "with", "of", "and", "mit", "der", "die", "das", "dem", "am", "im", "de", "con",
    "la", "el", "en",
];

/// How an exercise is done when nobody says how.
const USUAL: [&str; 7] = ["standing", "seated", "flat", "bar", "single", "arm", "isolateral"];

/// They make no other exercise of one whose names do not say them.
const IDLE: [&str; 4] = ["standing", "flat", "bar", "isolateral"];

/// They make another exercise of one whose name says them.
const TELLING: [&str; 14] = [
    "decline",
    "incline",
    "reverse",
    "hammer",
    "lying",
    "kneeling",
    "overhead",
    "underhand",
    "high",
    "low",
    "wrist",
    "preacher",
    "sumo",
    "stretch",
];

/// German compounds begin with these.
const PREFIXES: [&str; 10] = [
    "langhantel",
    "kurzhantel",
    "kettlebell",
    "maschinen",
    "kabel",
    "rumanisch",
    "negativ",
    "schrag",
    "hammer",
    "flach",
];

type Rewrites = HashMap<&'static str, Vec<(Vec<&'static str>, Vec<&'static str>)>>;

static REWRITES: LazyLock<Rewrites> = LazyLock::new(|| {
    let mut rewrites = Rewrites::new();
    for (said, meant) in PHRASES {
        let said: Vec<&str> = said.split(' ').collect();
        let meant = meant.split(' ').filter(|word| !word.is_empty()).collect();
        rewrites.entry(said[0]).or_default().push((said, meant));
    }
    rewrites.values_mut().for_each(|phrases| phrases.sort_by_key(|(said, _)| std::cmp::Reverse(said.len())));
    rewrites
});

/// The words of a name, as [`super::normal::words`] gives them, in the one choice of words.
pub(super) fn canonical(words: &[String]) -> Vec<Cow<'_, str>> {
    let telling = words.iter().filter(|word| !FILLERS.contains(&word.as_str()));
    let mut words: Vec<Cow<'_, str>> = Vec::with_capacity(words.len() + 1);
    for word in telling {
        let (prefix, rest) = split_compound(word);
        words.extend(prefix.map(Cow::Borrowed));
        words.push(Cow::Borrowed(rest));
    }
    // Twice, for a phrase may hold the abbreviation of a word of another.
    for _ in 0..2 {
        words = rewritten(words);
    }
    words
}

/// The words of names that can mean a piece of equipment.
pub(super) fn spoken(equipment: Equipment) -> impl Iterator<Item = &'static str> {
    EQUIPMENT.iter().filter(move |(_, meant)| meant.contains(&equipment)).map(|(word, _)| *word)
}

/// Whether names leave a word out as often as not, because it is the usual way.
pub(super) fn often_goes_without(word: &str) -> bool {
    USUAL.contains(&word)
}

/// Whether a word that an exercise's names do not say may still be said of it.
pub(super) fn is_idle(word: &str) -> bool {
    IDLE.contains(&word)
}

/// Whether an exercise that says a word is another than one that does not.
pub(super) fn is_telling(word: &str) -> bool {
    TELLING.contains(&word)
}

/// The equipment that a word of a name can mean.
pub(super) fn equipment(word: &str) -> Option<&'static [Equipment]> {
    EQUIPMENT.iter().find(|(name, _)| *name == word).map(|(_, equipment)| *equipment)
}

fn rewritten(words: Vec<Cow<'_, str>>) -> Vec<Cow<'_, str>> {
    if !words.iter().any(|word| REWRITES.contains_key(word.as_ref())) {
        return words;
    }
    let mut result = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let [first, following @ ..] = rest {
        let fits = |(said, _): &&(Vec<&str>, Vec<&'static str>)| {
            rest.len() >= said.len() && said.iter().zip(rest).all(|(one, other)| one == other)
        };
        if let Some((said, meant)) = REWRITES.get(first.as_ref()).and_then(|phrases| phrases.iter().find(fits)) {
            result.extend(meant.iter().copied().map(Cow::Borrowed));
            rest = &rest[said.len()..];
        } else {
            result.push(first.clone());
            rest = following;
        }
    }
    result
}

/// The first part of a German compound, if it is one of equipment, and the rest.
fn split_compound(word: &str) -> (Option<&str>, &str) {
    let cut = PREFIXES.iter().find_map(|prefix| {
        word.strip_prefix(prefix).filter(|rest| rest.len() > 3).map(|rest| (prefix.trim_end_matches('n'), rest))
    });
    cut.map_or((None, word), |(prefix, rest)| (Some(prefix), rest))
}
