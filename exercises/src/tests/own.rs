//! What the catalogue has to do with exercises of people's own.

use super::*;

#[test]
fn no_slug_is_like_those_of_peoples_own_exercises() {
    for exercise in catalogue().all() {
        let slugs = [exercise.slug.as_str()].into_iter().chain(exercise.former_slugs.iter().map(String::as_str));
        assert!(slugs.into_iter().all(|slug| !slug.starts_with("custom-")), "{}", exercise.slug.as_str());
    }
}

#[test]
fn the_names_of_others_are_searched_as_those_of_the_catalogue() {
    let names = ["Sandbag bear hug", "Bear crawl", "Zercher-Kniebeuge"];
    let found = |text: &str| names_with(text, names.into_iter()).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(found("bear"), [1, 0], "the more of the name it is, the better");
    assert_eq!(found("huG sandb"), [0]);
    assert_eq!(found("kniebuege"), [2]);
    assert_eq!(found(" "), [0, 1, 2]);
    assert!(found("🏋️").is_empty() && found("bear squat").is_empty());
}
