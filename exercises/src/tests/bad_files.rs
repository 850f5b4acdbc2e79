//! A mistake in a catalogue file is told with file, line and what was probably meant.

use super::super::{
    checks,
    source::{Mistake, Source, read_activities},
};

const ACTIVITIES: &str = "[[activity]]\ncode = \"02054\"\nmet = 3.5\nwhat = \"Weight training\"\n";

/// A file of two exercises without a mistake.
fn good() -> String {
    let text = |language: &str, name: &str, other: &str| {
        let step = |n: usize| format!("{name}, instruction {n} in {language}: {other} is long enough to be one.");
        format!(
            "[exercise.{language}]\nname = \"{name} {language}\"\naliases = [\"{other} {language}\"]\nsteps = [\n    \"{}\",\n    \"{}\",\n]\n\
             safety = \"Mind what the {name} does to your {other}, in {language}.\"\n",
            step(1),
            step(2)
        )
    };
    let exercise = |slug: &str, substitutes: &str, words: [&str; 2]| {
        let texts: Vec<String> = ["en", "de", "es"].iter().map(|language| text(language, words[0], words[1])).collect();
        format!(
            "[[exercise]]\nslug = \"{slug}\"\ncategory = \"strength\"\nprimary = [\"chest\"]\nsecondary = []\n\
             equipment = [\"barbell\"]\npattern = \"squat\"\nforce = \"push\"\nmechanic = \"compound\"\nunilateral = false\n\
             measure = \"weight-reps\"\nlevel = \"beginner\"\ncompendium = \"02054\"\nrest_seconds = 60\nband = [5, 8]\n\
             substitutes = {substitutes}\n{}",
            texts.concat()
        )
    };
    exercise("alpha", r#"["beta", "gamma"]"#, ["Alpha", "anaconda"])
        + &exercise("beta", r#"["alpha", "gamma"]"#, ["Beta swinging quickly over wide fields", "boa"])
        + &exercise("gamma", r#"["alpha", "beta"]"#, ["Gamma", "grass snakes creeping under many old stones"])
}

/// What is said about a text.
fn mistakes(text: &str) -> Vec<Mistake> {
    let activities = read_activities("compendium.toml", ACTIVITIES).unwrap();
    match Source::read("chest.toml", text) {
        Ok(source) => checks::check(&[source], &activities),
        Err(mistake) => vec![mistake],
    }
}

/// What is said when one place of the good file is another, and the line of that place.
fn mended(from: &str, to: &str) -> (Vec<Mistake>, usize) {
    let good = good();
    let at = good.find(from).unwrap_or_else(|| panic!("{from} is not in the file"));
    (mistakes(&good.replacen(from, to, 1)), good[..at].lines().count() + usize::from(good[..at].ends_with('\n')))
}

#[test]
fn a_good_file_has_no_mistake() {
    assert_eq!(mistakes(&good()), []);
}

#[test]
fn a_mistake_has_a_file_a_line_and_the_nearest_valid_value() {
    for (from, to, what, nearest) in [
        ("primary = [\"chest\"]", "primary = [\"chst\"]", "unknown variant `chst`", Some("chest")),
        ("pattern = \"squat\"", "pattern = \"squad\"", "unknown variant `squad`", Some("squat")),
        ("equipment = [\"barbell\"]", "equipment = [\"dumbell\"]", "unknown variant `dumbell`", Some("dumbbell")),
        ("measure = \"weight-reps\"", "measure = \"weight-rep\"", "unknown variant `weight-rep`", Some("weight-reps")),
        ("secondary = []", "secundary = []", "unknown field `secundary`", Some("secondary")),
        ("compendium = \"02054\"", "compendium = \"02055\"", "unknown activity `02055`", Some("02054")),
        ("[\"beta\", \"gamma\"]", "[\"betta\", \"gamma\"]", "unknown substitute `betta`", Some("beta")),
        ("band = [5, 8]", "band = [8, 5]", "a rep range must start at 1", None),
        ("band = [5, 8]", "band = \"5 to 8\"", "invalid type", None),
        ("rest_seconds = 60", "rest_seconds = 61", "rest must be up to 300 seconds", None),
        ("unilateral = false", "unilateral = no", "", None),
        ("secondary = []", "secondary = [\"chest\"]", "no duplicates", None),
        (
            "equipment = [\"barbell\"]",
            "equipment = [\"barbell\", \"bodyweight\"]",
            "`bodyweight` excludes other equipment",
            None,
        ),
        ("aliases = [\"boa en\"]", "aliases = [\"ANACONDA-en\"]", "is already a name of `", None),
        ("aliases = [\"anaconda en\"]", "aliases = [\"…\"]", "`…` is not a valid name", None),
        ("aliases = [\"anaconda en\"]", "aliases = [\"x\", \"x\"]", "`x` is listed twice", None),
        ("slug = \"beta\"", "slug = \"Beta\"", "a slug must be 1 to 64", None),
        ("slug = \"beta\"", "slug = \"alpha\"", "the slug `alpha` is already in chest.toml", None),
        ("slug = \"gamma\"", "slug = \"aardvark\"", "must come before", None),
    ] {
        let (told, line) = mended(from, to);
        let mistake = told.iter().find(|mistake| mistake.what.contains(what));
        let mistake = mistake.unwrap_or_else(|| panic!("{to}: {told:?}"));
        assert_eq!(mistake.nearest.as_deref(), nearest, "{to}");
        assert!(mistake.to_string().starts_with("chest.toml:"), "{mistake}");
        // Facts are told at the slug of their exercise; what has a place of its own, there.
        assert!(mistake.line.abs_diff(line) <= 20 && mistake.line > 1, "{to}: line {} of {line}", mistake.line);
    }
    let (told, line) = mended("pattern = \"squat\"", "pattern = \"squad\"");
    assert_eq!(told[0].to_string().split(';').next_back(), Some(" the nearest is `squat`"));
    assert_eq!(told[0].line, line);
}

#[test]
fn texts_are_long_enough_in_every_language_and_differ() {
    let step = "\"Alpha, instruction 1 in de: anaconda is long enough to be one.\"";
    for (to, what) in [
        ("\"\"", "0 characters"),
        ("\"Too short.\"", "10 characters"),
        (&format!("\"{}\"", "x".repeat(401)), "401 characters"),
    ] {
        let (told, line) = mended(step, to);
        assert!(told.iter().any(|mistake| mistake.what.contains(what) && mistake.line == line), "{to}: {told:?}");
    }
    let (told, _) = mended(&format!("    {step},\n"), "");
    assert!(told.iter().any(|mistake| mistake.what.contains("as many as in English")), "{told:?}");
    let good = good();
    let (spanish, _) = good.split_once("[exercise.es]").unwrap();
    assert!(mistakes(spanish)[0].what.contains("missing field `es`"));
    let alike = good.replace("Gamma", "Alpha").replace("grass snakes creeping under many old stones", "anaconda");
    assert!(mistakes(&alike).iter().any(|mistake| mistake.what.contains("% of the steps of `")));
}

#[test]
fn what_no_exercise_uses_is_told() {
    let source = Source::read("chest.toml", &good()).unwrap();
    let activities =
        read_activities("compendium.toml", &format!("{ACTIVITIES}{}", ACTIVITIES.replace("02054", "99999"))).unwrap();
    let unused = checks::unused(&[source], &activities);
    assert!(unused.contains(&"activity `99999`".to_owned()) && unused.contains(&"value `ab-wheel`".to_owned()));
    assert!(!unused.contains(&"value `barbell`".to_owned()) && !unused.contains(&"activity `02054`".to_owned()));
    let mistake = read_activities("compendium.toml", "[[activity]]\nkode = \"1\"\n").err().unwrap();
    assert_eq!((mistake.line, mistake.nearest.as_deref()), (2, Some("code")));
}

#[test]
fn an_impossible_energy_cost_is_told() {
    let activities = read_activities("compendium.toml", &ACTIVITIES.replace("3.5", "35")).unwrap();
    let source = Source::read("chest.toml", &good()).unwrap();
    assert!(checks::check(&[source], &activities)[0].what.contains("a MET of 35 is not between 1 and 23"));
}
