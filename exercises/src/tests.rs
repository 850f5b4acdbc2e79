//! The catalogue as it is: what it holds, what it understands, and that nothing makes it panic.

mod bad_files;
mod files;
mod fuzz;
mod own;

use std::{collections::BTreeMap, env, fs, path::Path, time::Instant};

use super::{
    evaluation::{Case, evaluate, read_cases},
    *,
};

/// Names of exercises as Hevy and Strong ship them, with what they mean.
const APP_NAMES: &str = include_str!("../data/app-names.csv");
/// The same in languages that the catalogue has no texts in, with the language first.
const APP_NAMES_ELSEWHERE: &str = include_str!("../data/app-names-elsewhere.csv");

fn catalogue() -> &'static Catalogue {
    Catalogue::get()
}

fn best(name: &str) -> &'static str {
    catalogue().matches(name, 1).first().map_or("nothing", |found| found.exercise.slug.as_str())
}

fn slugs<'a>(hits: &[Hit<'a>]) -> Vec<&'a str> {
    hits.iter().map(|hit| hit.exercise.slug.as_str()).collect()
}

fn search(text: &str) -> Search<'_> {
    Search { text, ..Search::default() }
}

#[test]
fn it_holds_what_a_training_log_needs() {
    let count = |categories: &[Category]| {
        catalogue().all().iter().filter(|exercise| categories.contains(&exercise.category)).count()
    };
    assert!(catalogue().all().len() >= 450);
    assert!(count(&[Category::Strength]) >= 250);
    assert!(count(&[Category::Olympic, Category::Powerlifting]) >= 40);
    assert!(count(&[Category::Plyometric, Category::Conditioning]) >= 40);
    assert!(count(&[Category::Cardio]) >= 30);
    assert!(count(&[Category::Mobility, Category::Stretching]) >= 60);
    assert!(count(&[Category::Strongman]) >= 20);
}

#[test]
fn an_exercise_is_found_by_slug_id_and_every_name() {
    for exercise in catalogue().all() {
        assert_eq!(catalogue().by_slug(exercise.slug.as_str()), Some(exercise));
        assert_eq!(catalogue().by_id(exercise.id), Some(exercise));
        for former in &exercise.former_slugs {
            assert_eq!(catalogue().by_slug(former.as_str()), Some(exercise));
        }
        for &language in Language::VARIANTS {
            let Text { name, aliases, .. } = exercise.text(language);
            for name in [name].into_iter().chain(aliases) {
                assert_eq!(catalogue().by_name(&name.to_uppercase()), Some(exercise), "{name}");
                let found = catalogue().resolve(name).unwrap();
                assert_eq!((found.exercise, found.score), (exercise, 1.0), "{name}: {}", found.reason);
            }
        }
    }
    assert!(catalogue().by_slug("moonwalk").is_none());
    assert!(catalogue().by_name("").is_none());
}

#[test]
fn a_share_of_the_body_has_a_source_and_an_exercise_that_moves_it() {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        share: f64,
        source: String,
        exercises: Vec<String>,
    }
    let file: BTreeMap<String, Vec<Row>> = toml::from_str(include_str!("../data/body-shares.toml")).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for Row { share, source, exercises } in file.values().flatten() {
        assert!((0.1..=1.0).contains(share) && source.len() > 40, "{source}");
        for slug in exercises {
            assert!(seen.insert(slug), "{slug} has two");
            let exercise = catalogue().all().iter().find(|exercise| exercise.slug.as_str() == slug);
            let exercise = exercise.unwrap_or_else(|| panic!("{slug} is no exercise"));
            assert!(exercise.measure.to_string().contains("bodyweight"), "{slug} is measured in {}", exercise.measure);
            assert_eq!(exercise.body_share.as_ref().map(|share| &share.source), Some(source));
        }
    }
    assert_eq!(catalogue().all().iter().filter(|exercise| exercise.body_share.is_some()).count(), seen.len());
}

#[test]
fn a_former_slug_is_read_as_the_one_of_now() {
    let mut former: Vec<(&str, &str)> = Vec::new();
    for exercise in catalogue().all() {
        former.extend(exercise.former_slugs.iter().map(|former| (former.as_str(), exercise.slug.as_str())));
    }
    former.sort_unstable();
    let mut read = plyo_events::training::FORMER_SLUGS.to_vec();
    read.sort_unstable();
    assert_eq!(read, former, "`FORMER_SLUGS` of events/src/training/slug.rs");
}

#[test]
fn the_id_of_an_exercise_never_changes() {
    for (slug, id) in [
        ("barbell-bench-press", "751fa647-f45a-55b7-9c13-b18f61d9c61c"),
        ("dumbbell-incline-bench-press", "20e3e68f-7b0f-58ce-a0f3-8ea05234f8ec"),
    ] {
        assert_eq!(catalogue().by_slug(slug).unwrap().id.0.to_string(), id, "{slug}");
    }
    let renamed = catalogue().by_slug("dumbbell-incline-bench-press").unwrap();
    assert_eq!(renamed.id, ExerciseId::of("incline-dumbbell-press"), "the slug that it was published with");
}

#[test]
fn the_names_that_hevy_and_strong_ship_are_known_and_would_be_understood_if_they_were_not() {
    let cases = read_cases(APP_NAMES);
    assert!(cases.len() >= 300 && cases.iter().all(|case| case.slug.is_some()));
    let evaluation = evaluate(&cases);
    assert_eq!(evaluation.resolved, 1.0, "{:?}", evaluation.misses);
    assert!(evaluation.top1 >= 0.90, "{}", evaluation.top1);
    assert!(evaluation.top3 >= 0.97, "{}", evaluation.top3);
    // What `MATCHES_FROM` promises.
    assert!(evaluation.taken_right >= 0.97, "{}", evaluation.taken_right);
    assert!(evaluation.taken as f64 >= 0.8 * evaluation.names as f64, "{}", evaluation.taken);
}

#[test]
fn names_of_the_apps_in_five_more_languages_are_known() {
    let mut languages: BTreeMap<&str, u32> = BTreeMap::new();
    let evaluation = evaluate(&read_cases(APP_NAMES_ELSEWHERE));
    assert!(evaluation.taken_right >= 0.97, "{}", evaluation.taken_right);
    for line in APP_NAMES_ELSEWHERE.lines().skip(1) {
        let [language, name, slug] = line.splitn(3, ',').collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(catalogue().by_name(name).map(|exercise| exercise.slug.as_str()), Some(slug), "{name}");
        *languages.entry(language).or_default() += 1;
    }
    assert_eq!(languages.keys().copied().collect::<Vec<_>>(), ["fr", "it", "nl", "pt", "tr"]);
    assert!(languages.values().all(|names| *names >= 15), "{languages:?}");
}

#[test]
fn an_evaluation_tells_what_was_not_understood() {
    let cases =
        read_cases("exercise,slug\n\"Bench Press (Barbell)\",barbell-bench-press\nUnheard Of Special,barbell-curl\n");
    let evaluation = evaluate(&cases);
    assert_eq!((evaluation.names, evaluation.resolved, evaluation.top1, evaluation.top3), (2, 0.5, 0.5, 0.5));
    assert!(
        evaluation
            .misses
            .iter()
            .all(|miss| miss.name == "Unheard Of Special" && miss.meant.as_deref() == Some("barbell-curl"))
    );
    assert_eq!(evaluation.misses.len(), 2, "unknown with aliases and without");
    assert_eq!(evaluate(&[]).resolved, 0.0);
}

#[test]
fn names_are_read_from_a_csv_or_from_lines() {
    let case = |name: &str, slug: Option<&str>| Case { name: name.to_owned(), slug: slug.map(str::to_owned) };
    assert_eq!(read_cases("Squat\r\n\n  Row \nSquat\n"), [case("Row", None), case("Squat", None)]);
    assert_eq!(
        read_cases("\u{feff}user,exercise,slug\nu1,\"Fly, \"\"flat\"\"\",dumbbell-fly\nu1,Dip,\nu1\n"),
        [case("Dip", None), case("Fly, \"flat\"", Some("dumbbell-fly"))]
    );
    assert_eq!(read_cases(""), []);
}

#[test]
fn a_name_in_other_words_or_another_language_is_understood() {
    for (name, slug) in [
        ("Incline Bench Press (Dumbbell)", "dumbbell-incline-bench-press"),
        ("Bankdrücken LH", "barbell-bench-press"),
        ("DB military press", "dumbbell-shoulder-press"),
        ("BB Benchpress flat", "barbell-bench-press"),
        ("One-arm lat pulldown", "cable-single-arm-lat-pulldown"),
        ("Dumbell latral raise", "dumbbell-lateral-raise"),
        ("Trizepsdrücken am Kabelzug", "triceps-pushdown"),
        ("Sentadilla con barra", "barbell-back-squat"),
    ] {
        assert_eq!(best(name), slug, "{name}");
    }
    let found = catalogue().resolve("Dumbell latral raise").unwrap();
    assert!(found.score < 1.0 && found.score >= MATCHES_FROM);
    assert!(found.reason.to_string().contains("shares dumbbell, latral, raise"), "{}", found.reason);
}

#[test]
fn what_is_too_uncertain_is_offered_but_not_taken() {
    for name in ["Moonwalk", "Unheard Of Special", "Press", "Chest", "Leg day", "Machine 7", "Arms", "🏋️", ""] {
        let taken = catalogue().resolve(name);
        assert!(taken.is_none(), "{name}: {:?}", taken.map(|found| (found.exercise.slug.as_str(), found.score)));
    }
    let offered = catalogue().matches("Leg press day", 3);
    assert_eq!(offered[0].exercise.slug.as_str(), "leg-press");
    assert!(offered[0].reason.to_string().contains("missing: day"), "{}", offered[0].reason);
}

/// The names are none of the catalogue's, so that a word decides.
#[test]
fn a_word_that_makes_it_another_exercise_is_asked_about() {
    for name in [
        "Decline Bench Press (Smith Machine)",
        "Negativbankdrücken Multipresse",
        "Press de banca declinado en multipower",
        "Reverse Bench Press",
        "Umgekehrtes Bankdrücken",
        "Press de banca inverso",
        "Hammer Row",
        "Bankdrücken sitzend",
        "Press de banca sentado con barra",
        "Seated Bicep Curl (Dumbbell)",
        "Seated Dumbbell Curl",
        "One side hip thrust",
        "Single Leg Hip Thrust",
        "Hip Thrust einbeinig",
        "Hip thrust a una pierna",
        "Toe Touchers",
    ] {
        let taken = catalogue().resolve(name);
        assert!(taken.is_none(), "{name}: {:?}", taken.map(|found| (found.exercise.slug.as_str(), found.score)));
        assert!(!catalogue().matches(name, 3).is_empty(), "{name}: nothing to choose from");
    }
    assert_eq!(best("cables cruzados"), "cable-fly", "no triceps extension");
    assert_eq!(best("Single Leg Kickback"), "machine-glute-kickback", "a leg, not an arm");
    assert_eq!(best("Bench Press (Bar)"), "barbell-bench-press", "bars are no dumbbells");
}

#[test]
fn of_names_that_fit_alike_the_plainer_one_is_meant() {
    let catalogue = Catalogue::without_aliases();
    for name in ["Dumbbell press", "Leg raise machine", "Barbell row", "Cable curl machine"] {
        let found = catalogue.matches(name, 5);
        let plain = |slug: &str| catalogue.by_slug(slug).unwrap().texts.en.name.split([' ', '-']).count();
        let alike = found.iter().filter(|other| other.score == found[0].score);
        let words: Vec<usize> = alike.map(|one| plain(one.exercise.slug.as_str())).collect();
        assert!(words.is_sorted(), "{name}: {found:?}");
    }
}

#[test]
fn equipment_decides_between_exercises_of_one_name() {
    for (name, slug) in [
        ("Curl (Cable)", "cable-curl"),
        ("Curl KH", "dumbbell-curl"),
        ("Row (Dumbbell)", "dumbbell-row"),
        ("Bench press smith machine", "smith-machine-bench-press"),
    ] {
        assert_eq!(best(name), slug, "{name}");
    }
}

#[test]
fn search_follows_the_fingers() {
    for text in ["bench pr", "benchpr", "bnech press", "BENCH-PRESS", "press bench", "bankdr", "press banca"] {
        let found = catalogue().search(&search(text), 10);
        assert!(slugs(&found).contains(&"barbell-bench-press"), "{text}: {:?}", slugs(&found));
    }
    assert_eq!(slugs(&catalogue().search(&search("pullup"), 1)), ["pull-up"]);
    assert_eq!(slugs(&catalogue().search(&search("squta"), 1)), ["barbell-back-squat"], "its alias is just “Squat”");
    let spanish = Search { language: Some(Language::Es), ..search("bankdrucken") };
    assert!(catalogue().search(&spanish, 10).is_empty(), "that is German");
}

#[test]
fn search_filters_by_every_fact() {
    let everything = catalogue().search(&search(""), usize::MAX);
    assert_eq!(everything.len(), catalogue().all().len());
    let filtered = Search {
        muscle: Some(Muscle::Chest),
        equipment: Some(Equipment::Dumbbell),
        pattern: Some(Pattern::HorizontalPush),
        measure: Some(Measure::WeightReps),
        ..search("press")
    };
    let found = catalogue().search(&filtered, 100);
    assert!(slugs(&found).contains(&"dumbbell-bench-press"));
    for hit in found {
        let exercise = hit.exercise;
        assert!(exercise.trains(Muscle::Chest) && exercise.equipment.contains(&Equipment::Dumbbell));
        assert_eq!((exercise.pattern, exercise.measure), (Pattern::HorizontalPush, Measure::WeightReps));
    }
    let stretches = Search { category: Some(Category::Stretching), level: Some(Level::Beginner), ..search("") };
    let found = catalogue().search(&stretches, 500);
    assert!(found.len() > 10);
    assert!(
        found.iter().all(|hit| hit.exercise.category == Category::Stretching && hit.exercise.level == Level::Beginner)
    );
}

#[test]
fn a_substitute_trains_the_same_and_needs_only_what_is_at_hand() {
    let bench = catalogue().by_slug("barbell-bench-press").unwrap();
    let substitutes = catalogue().substitutes(bench, None, 5);
    assert_eq!(substitutes.len(), 5);
    assert!(substitutes.windows(2).all(|pair| pair[0].score >= pair[1].score));
    for substitute in &substitutes {
        assert!(substitute.exercise.primary.contains(&Muscle::Chest), "{}", substitute.exercise.slug.as_str());
        assert!(substitute.likeness.iter().any(|likeness| likeness.to_string() == "trains chest as primary"));
    }
    let at_home = catalogue().substitutes(bench, Some(&[Equipment::Dumbbell]), 20);
    assert!(at_home.iter().any(|substitute| substitute.exercise.slug.as_str() == "push-up"), "needs nothing");
    for Substitute { exercise, .. } in &at_home {
        assert!(exercise.equipment.iter().all(|one| [Equipment::Dumbbell, Equipment::Bodyweight].contains(one)));
        assert_ne!(exercise.slug, bench.slug);
    }
}

#[test]
fn every_exercise_has_a_substitute() {
    for exercise in catalogue().all() {
        let found = catalogue().substitutes(exercise, None, 3);
        assert_eq!(found.len(), 3, "{}", exercise.slug.as_str());
        assert!(found.iter().all(|substitute| !substitute.likeness.is_empty() && substitute.score <= 1.0));
    }
}

#[test]
fn the_readme_counts_what_is_there() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let told = with_section(&with_section(&readme, "muscles", &muscles()), "counts", &counts());
    if env::var_os("PLYO_WRITE_COUNTS").is_some() {
        fs::write(&path, told).unwrap();
        return;
    }
    assert!(readme == told, "stale: PLYO_WRITE_COUNTS=1 cargo test -p plyo-exercises the_readme");
}

/// A document whose section between two comments is another.
fn with_section(document: &str, name: &str, section: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = document.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}{section}{end}{after}")
}

/// The table of muscles.
fn muscles() -> String {
    let row = |muscle: &Muscle| {
        format!("| `{muscle}` | {} | {} |\n", muscle.free_exercise_db(), muscle.wger().unwrap_or("–"))
    };
    let rows: String = Muscle::VARIANTS.iter().map(row).collect();
    format!("\n| muscle | free-exercise-db | wger |\n|---|---|---|\n{rows}\n")
}

/// The tables of counts.
fn counts() -> String {
    fn row<K: ToString>(title: &str, values: impl Iterator<Item = K>) -> String {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        values.for_each(|value| *counts.entry(value.to_string()).or_default() += 1);
        let told: Vec<String> = counts.into_iter().map(|(value, count)| format!("{value} {count}")).collect();
        format!("| {title} | {} |", told.join(" · "))
    }
    let all = || catalogue().all().iter();
    let names: usize = all()
        .map(|exercise| Language::VARIANTS.iter().map(|l| 1 + exercise.text(*l).aliases.len()).sum::<usize>())
        .sum();
    [
        format!("\n{} exercises with {names} names and aliases.\n", all().len()),
        "| by | count |\n|---|---|".to_owned(),
        row("category", all().map(|exercise| exercise.category)),
        row("primary muscle", all().flat_map(|exercise| &exercise.primary)),
        row("equipment", all().flat_map(|exercise| &exercise.equipment)),
        row("pattern", all().map(|exercise| exercise.pattern)),
        row("measure", all().map(|exercise| exercise.measure)),
        row("level", all().map(|exercise| exercise.level)),
    ]
    .join("\n")
        + "\n\n"
}

#[test]
fn it_is_read_at_once() {
    // The best of three: others use the machine, too.
    let time = |_| {
        let started = Instant::now();
        let read = Catalogue::new(embedded());
        assert_eq!(read.all().len(), catalogue().all().len());
        started.elapsed().as_secs_f64() * 1e3
    };
    let milliseconds = [0, 1, 2].map(time).into_iter().fold(f64::INFINITY, f64::min);
    // 20 ms are promised of an optimised build; one with checks takes some ten times as long.
    let most = if cfg!(debug_assertions) { 1_000.0 } else { 20.0 };
    assert!(milliseconds < most, "{milliseconds:.1} ms");
}
