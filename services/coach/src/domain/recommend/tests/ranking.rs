//! What is shown of everything that could be.

use super::*;

fn busy() -> (Lifter, i64) {
    let mut lifter = Lifter::new();
    let workout: [(&str, &[Done]); 4] = [
        (SQUAT, &three(80.0, 5, Some(7.0))),
        (BENCH, &three(60.0, 8, Some(7.0))),
        (ROW, &three(50.0, 10, Some(8.5))),
        (CURL, &three(12.5, 10, Some(8.5))),
    ];
    let last = lifter.trains_for(4, &workout);
    (lifter, last)
}

#[test]
fn at_most_three_are_shown_and_they_are_about_different_things() {
    let (lifter, last) = busy();
    let all = lifter.recommend(last);
    assert_eq!(all.len(), MAX_SHOWN);
    let mut subjects: Vec<_> = all.iter().map(|one| (one.kind, one.subject.clone())).collect();
    subjects.dedup();
    assert_eq!(subjects.len(), MAX_SHOWN);
}

#[test]
fn rarely_the_last_place_goes_to_something_else_and_its_probability_is_kept() {
    let (lifter, last) = busy();
    let shown = |seed| recommend(&Situation { seed, ..lifter.on(last) });
    let usual = shown(0);
    let others: Vec<_> = (0..2000).map(shown).filter(|one| one[2].subject != usual[2].subject).collect();
    // Two in a hundred, less what happens to be the same.
    assert!((15..60).contains(&others.len()), "{}", others.len());
    assert!(others.iter().all(|one| one[..2] == usual[..2] && one[2].propensity < 0.02));
    assert!(usual[2].propensity > 0.98 && usual[0].propensity == 1.0);
}

#[test]
fn what_was_welcome_before_comes_first() {
    let (mut lifter, last) = busy();
    let place = |lifter: &Lifter, kind| lifter.recommend(last).iter().position(|one| one.kind == Some(kind));
    let before = place(&lifter, Kind::NextSession);
    assert_eq!(before, Some(0));
    for day in 0..20 {
        // About something else each time, so that none is silenced.
        lifter.dismisses(day, Kind::NextSession, &format!("subject-{day}"), None);
    }
    assert_ne!(place(&lifter, Kind::NextSession), Some(0));
}
