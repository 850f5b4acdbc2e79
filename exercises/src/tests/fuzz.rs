//! Whatever is asked for, the answer is a list, perhaps an empty one.

use std::{
    env,
    time::{Duration, Instant},
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{catalogue, search, slugs};

#[test]
fn a_text_that_is_no_name_finds_nothing_and_breaks_nothing() {
    let long = "bench press ".repeat(900);
    for text in [
        "🏋️‍♀️",
        "\0",
        ".*",
        "^()+$",
        "[",
        "\\",
        "(((",
        ")))",
        "%_'\"; --",
        "\u{202e}\u{202d}",
        &long,
        &"x".repeat(10_240),
    ] {
        assert!(catalogue().search(&search(text), 10).is_empty(), "{text:?}");
        assert!(catalogue().resolve(text).is_none(), "{text:?}");
    }
    // What stands beside such characters is taken for what it is.
    for text in ["squat\0", "🏋️ squat", ".*squat.*", "\u{202e}squat", "(squat"] {
        assert!(slugs(&catalogue().search(&search(text), 10)).contains(&"barbell-back-squat"), "{text:?}");
    }
    for text in ["تمرين الضغط", "סקוואט", "深蹲", "Жим лёжа"] {
        assert!(catalogue().search(&search(text), 10).is_empty(), "{text:?} is in no language of the catalogue");
    }
}

/// Half a second, or as long as `PLYO_FUZZ_SECONDS` says.
#[test]
fn no_text_makes_the_catalogue_panic() {
    let seconds = env::var("PLYO_FUZZ_SECONDS").ok().map_or(0.5, |seconds| seconds.parse().unwrap());
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let words = prop::sample::select(vec![
        "bench",
        "press",
        "Bankdrücken",
        "(Barbell)",
        "1-arm",
        "pull",
        "up",
        "squat",
        "🏋️",
        "\0",
        ".*",
        "ß",
        "İ",
        "ﬁ",
        "(",
        ")",
        "'s",
    ]);
    let text = prop_oneof![
        any::<String>(),
        prop::collection::vec(words, 0..24).prop_map(|words| words.join(" ")),
        prop::collection::vec(any::<char>(), 0..64).prop_map(|characters| characters.into_iter().collect()),
        "[a-z .*+?()\\[\\]{}|^$\\\\-]{0,48}",
        (any::<char>(), 1_usize..10_240).prop_map(|(c, times)| c.to_string().repeat(times)),
    ];
    let mut asked = 0;
    while Instant::now() < until {
        let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
        runner
            .run(&text, |text| {
                let found = catalogue().search(&search(&text), 5);
                prop_assert!(found.len() <= 5 && found.iter().all(|hit| (0.0..=1.0).contains(&hit.score)));
                let matches = catalogue().matches(&text, 5);
                prop_assert!(matches.iter().all(|found| (0.0..=1.0).contains(&found.score)));
                prop_assert!(matches.windows(2).all(|pair| pair[0].score >= pair[1].score));
                let _ = (catalogue().by_name(&text), catalogue().by_slug(&text));
                Ok(())
            })
            .unwrap();
        asked += 16;
    }
    assert!(asked > 0);
}
