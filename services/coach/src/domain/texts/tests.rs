//! Every sentence in every language.

use proptest::prelude::*;

use super::*;
use crate::domain::{
    exercise::{
        Joint, MuscleGroup,
        named::{self, slug_of},
    },
    reasons::{Confidence, Counterfactual, Evidence, Reason},
};

fn table() -> Exercises {
    ["Bench Press (Barbell)", "Squat (Barbell)", "Push Up"].map(named::exercise).into_iter().collect()
}

/// A value for every placeholder.
fn params(kg: f64, count: u32) -> Params {
    let exercise = || Value::Exercise(slug_of("Bench Press (Barbell)"));
    Params::from([
        (Param::Load, Value::Load(kg)),
        (Param::OtherLoad, Value::Load(kg + 2.5)),
        (Param::Reps, Value::Count(count)),
        (Param::OtherReps, Value::Count(count)),
        (Param::Sets, Value::Number(f64::from(count) / 2.0)),
        (Param::OtherSets, Value::Count(count)),
        (Param::Rpe, Value::Number(7.5)),
        (Param::Percent, Value::Percent(12.0)),
        (Param::OtherPercent, Value::Percent(90.0)),
        (Param::Days, Value::Count(count)),
        (Param::OtherDays, Value::Count(count)),
        (Param::Weeks, Value::Count(count)),
        (Param::Times, Value::Count(count)),
        (Param::Workouts, Value::Count(count)),
        (Param::Exercise, exercise()),
        (Param::Other, Value::Exercise(slug_of("Squat (Barbell)"))),
        (
            Param::Exercises,
            Value::Exercises(vec![slug_of("Bench Press (Barbell)"), slug_of("Squat (Barbell)"), slug_of("Push Up")]),
        ),
        (Param::Muscle, Value::Muscle(MuscleGroup::Chest)),
        (Param::Joint, Value::Joint(Joint::Knee)),
        (Param::Weekday, Value::Weekday(0)),
    ])
}

#[test]
fn every_sentence_is_there_in_all_three_languages_and_leaves_no_placeholder() {
    let all = params(62.5, 3);
    for key in Key::all() {
        for language in Language::ALL {
            let said = say(key, &all, Style { language, unit: Unit::Kg }, &table()).unwrap();
            assert!(said.chars().count() > 8 && !said.contains(['{', '}', '|']), "{key:?} in {language:?}: {said}");
        }
        let [en, de, es] = Language::ALL.map(|language| key.template(language));
        assert!(
            en != de && de != es && en != es || key == Key::Headline(Headline::NextLoad),
            "{key:?} is the same twice"
        );
    }
}

#[test]
fn the_languages_tell_the_same_facts() {
    for key in Key::all() {
        let mut told = Language::ALL.map(|language| {
            let names = key.template(language).split('{').skip(1).filter_map(|part| part.split(['}', '|']).next());
            let mut names: Vec<&str> = names.collect();
            names.sort_unstable();
            names
        });
        told.as_mut_slice().sort();
        assert_eq!(told[0], told[2], "{key:?}");
    }
}

#[test]
fn a_placeholder_without_a_value_is_an_error_and_not_a_text() {
    let said = say(Key::Headline(Headline::NextLoad), &Params::new(), Style::default(), &table());
    assert_eq!(said, Err(Unfilled("exercise".into())));
}

#[test]
fn words_agree_with_their_number() {
    let days = |count, language| {
        let params = Params::from([(Param::Days, Value::Count(count))]);
        let style = Style { language, unit: Unit::Kg };
        say(Key::Reason(Code::LayoffDays), &params, style, &table()).unwrap().replace('\u{a0}', " ")
    };
    assert_eq!(days(1, Language::En), "The last time was 1 day ago.");
    assert_eq!(days(20, Language::De), "Das letzte Mal ist 20 Tage her.");
    assert_eq!(days(1, Language::Es), "La última vez fue hace 1 día.");
}

#[test]
fn a_range_is_told_in_whole_units() {
    assert_eq!(outwards((254.24, 265.89), Unit::Kg), (254.0, 266.0));
    assert_eq!(outwards((60.0, 65.0), Unit::Kg), (60.0, 65.0));
    assert_eq!(outwards((11.26, 12.6), Unit::Kg), (11.0, 13.0));
    let (low, high) = outwards((100.0 * POUND_KG, 110.2 * POUND_KG), Unit::Lb);
    assert!((low / POUND_KG - 100.0).abs() < 1e-9 && (high / POUND_KG - 111.0).abs() < 1e-9);
}

#[test]
fn an_explanation_is_told_sentence_by_sentence() {
    let all = params(62.5, 8);
    let explanation = Explanation {
        range80_kg: Some((60.0, 65.0)),
        safety: vec![Rule::Jump],
        confidence: Confidence::High,
        counterfactual: Some(Counterfactual { code: Otherwise::UpIfAllReps, params: all.clone() }),
        ..Explanation::of(vec![Reason::new(Code::RepsTargetMet, 0.8, all, Evidence::default())])
    };
    let told = explain(&explanation, Style { language: Language::De, unit: Unit::Kg }, &table()).unwrap();
    let told: Vec<String> = told.iter().map(|sentence| sentence.replace('\u{a0}', " ")).collect();
    assert_eq!(
        told,
        [
            "Du hast mit 62,5 kg in jedem Satz mindestens 8 Wiederholungen geschafft.",
            "Ein Schritt nach dem anderen.",
            "In 8 von 10 Fällen werden es 60 kg bis 65 kg.",
            "Nächstes Mal 62,5 kg, wenn jeder Satz 8 Wiederholungen erreicht.",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_a_template_says_passes_the_check_for_rephrased_texts(kg in 1.0..300.0f64, count in 1..60u32, pounds: bool) {
        let unit = if pounds { Unit::Lb } else { Unit::Kg };
        for key in Key::all() {
            for language in Language::ALL {
                let style = Style { language, unit };
                let said = say(key, &params(kg, count), style, &table()).unwrap();
                prop_assert_eq!(rephrased(&said, std::slice::from_ref(&said), style, &table()), []);
            }
        }
    }

    #[test]
    fn a_changed_digit_never_passes(kg in 1.0..300.0f64, digit in 0..10u32) {
        let style = Style::default();
        let said = say(Key::Headline(Headline::NextLoad), &params(kg, 3), style, &table()).unwrap();
        let load = words::value(&Value::Load(kg), style, &table());
        let other = format!("{digit}{load}");
        let changed = said.replace(&load, &other);
        let same = number::parse(other.split('\u{a0}').next().unwrap_or_default(), Language::En)
            == number::parse(load.split('\u{a0}').next().unwrap_or_default(), Language::En);
        prop_assert_eq!(rephrased(&changed, std::slice::from_ref(&said), style, &table()).is_empty(), same);
    }
}
