//! Logs that no person writes, of values that are all valid: nothing panics, and what stands is the fold of it.
//! A million once: `PLYO_COACH_LOGS=1000000 cargo test --release -p plyo-coach nonsense`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plyo_exercises::Catalogue;
use plyo_nats::testing::Delivery;
use rand::{RngExt as _, SeedableRng as _, rngs::ChaCha8Rng};

use super::*;

fn logs() -> u64 {
    std::env::var("PLYO_COACH_LOGS").ok().and_then(|count| count.parse().ok()).unwrap_or(500)
}

fn any<T: Clone>(random: &mut ChaCha8Rng, of: &[T]) -> T {
    of[random.random_range(0..of.len())].clone()
}

fn load(random: &mut ChaCha8Rng) -> serde_json::Value {
    let number = any(random, &[0.0, 0.01, 20.0, 42.5, 60.0, 62.5, 100.0, 1999.99, 2000.0]);
    if random.random_bool(0.2) { json!({ "lb": number }) } else { json!({ "kg": number }) }
}

fn set(random: &mut ChaCha8Rng) -> serde_json::Value {
    let mut set = json!({ "reps": any(random, &[1, 2, 5, 5, 8, 12, 200, 1000]) });
    if random.random_bool(0.8) {
        set["load"] = load(random);
    }
    if random.random_bool(0.3) {
        set["rpe"] = json!(any(random, &[1.0, 5.0, 7.5, 9.5, 10.0]));
    }
    if random.random_bool(0.1) {
        set["duration_s"] = json!(any(random, &[1, 60, 86_400]));
    }
    set
}

fn nonsense(random: &mut ChaCha8Rng, slugs: &[&str]) -> Workout {
    let start = any(
        random,
        &[
            "1970-01-01T00:00:00+14:00",
            "2026-02-28T23:59:59Z",
            "2026-03-01T00:00:00-11:00",
            "2026-03-02T18:00:00+01:00",
            "2026-03-02T18:00:00+01:00",
            "2026-03-04T18:00:00+01:00",
            "2026-07-04T06:00:00+01:00",
            "2199-12-31T23:59:59-12:00",
        ],
    );
    let exercises: Vec<serde_json::Value> = (0..random.random_range(1..4))
        .map(|_| {
            let sets: Vec<_> = (0..random.random_range(1..6)).map(|_| set(random)).collect();
            let mut entry = json!({ "exercise": any(random, slugs), "sets": sets });
            if random.random_bool(0.3) {
                entry["planned"] = json!({ "load": load(random), "reps": any(random, &[1, 5, 1000]) });
                if random.random_bool(0.5) {
                    entry["planned"]["recommendation_id"] = json!(id(1));
                }
            }
            entry
        })
        .collect();
    serde_json::from_value(json!({ "started_at": start, "exercises": exercises })).unwrap()
}

fn tell(seed: u64, all: &[&str]) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let slugs: Vec<&str> = (0..4).map(|_| any(&mut random, all)).collect();
    let mut lane = lane();
    for number in 0..random.random_range(1..12) {
        let before = random.random_range(0..=number);
        let body: Event = match random.random_range(0..10) {
            0 => deleted(before).into(),
            1 => corrected(before, nonsense(&mut random, &slugs)).into(),
            _ => completed(number, nonsense(&mut random, &slugs)).into(),
        };
        for ready in lane.when(event(number, body)).bodies().into_iter().filter_map(ready) {
            assert!(ready.all().all(|one| one.lifts.iter().all(|lift| lift.load_kg.is_none_or(f64::is_finite))));
        }
    }
    if seed.is_multiple_of(50) {
        assert_eq!(lane.replayed(&Delivery::in_batches(3)).tables(), lane.tables());
    }
}

#[test]
fn no_log_makes_the_coach_panic() {
    let of_catalogue = Catalogue::get().all().iter().map(|one| one.slug.as_str());
    // Of people's own exercises it knows nothing.
    let all: Vec<&str> = of_catalogue.chain(["custom-0199d1f0-3c2a-7b10-9d51-6a2f80c4e101"; 200]).collect();
    for seed in 0..logs() {
        let told = catch_unwind(AssertUnwindSafe(|| tell(seed, &all)));
        assert!(told.is_ok(), "seed {seed}");
    }
}
