//! The known best is the best of all rows.

use std::{cmp::Reverse, collections::BTreeMap};

use proptest::{collection::vec, option::weighted, prelude::*};

use super::{super::stored::MemoryTables, *};
use crate::row;

row! {
    /// An entry may compete by height, by weight, by both or by neither.
    struct Entry: "entry" {
        [class: u32, number: u32]
        height: Option<u32>,
        weight: Option<u32>,
    }
}

impl Ranked for Entry {
    type Group = (u32,);
    const GROUP_COLUMNS: usize = 1;
    const ORDERS: &'static [(&'static str, &'static str)] = &[("", ""), ("", "")];

    fn group(&self) -> (u32,) {
        (self.class,)
    }

    fn put_group(_: &(u32,), _: &mut [Column]) {}

    fn compare(order: usize, a: &Self, b: &Self) -> Option<Ordering> {
        let rank = |row: &Self| Some((Reverse(row.value(order)?), row.number));
        Some(rank(a)?.cmp(&rank(b)?))
    }

    fn competes(&self, order: usize) -> bool {
        self.value(order).is_some()
    }
}

impl Entry {
    fn value(&self, order: usize) -> Option<u32> {
        [self.height, self.weight][order]
    }
}

/// By height alone.
fn entry(number: u32, height: u32) -> Entry {
    Entry { class: 0, number, height: Some(height), weight: None }
}

/// A class of so many, number n of height n.
fn class(size: u32) -> MemoryTables {
    let (mut table, mut stored) = (Best::default(), MemoryTables::default());
    (1..=size).for_each(|number| table.put(entry(number, number)));
    commit(&mut table, &mut stored);
    stored
}

/// Asks for the class of [`entry`]; gives whether it had to be read.
fn want(table: &mut Best<Entry>, taken: usize, stored: &MemoryTables) -> bool {
    table.forget_wants();
    table.want((0,), taken);
    let is_read = table.wants();
    table.take_from(stored);
    is_read
}

fn commit(table: &mut Best<Entry>, stored: &mut MemoryTables) {
    table.write_to(stored);
    table.committed();
}

fn best(table: &Best<Entry>) -> Option<u32> {
    table.best(&(0,), 0, |_| false).map(|row| row.number)
}

#[test]
#[should_panic(expected = "`needs` did not ask for entry (0,)")]
fn the_best_of_a_group_that_nobody_wanted_is_a_panic() {
    Best::<Entry>::default().best(&(0,), 0, |_| false);
}

#[test]
#[should_panic(expected = "more of entry (0,) were removed than `needs` declared")]
fn more_removals_than_were_announced_are_a_panic() {
    let (mut table, stored) = (Best::default(), class(20));
    want(&mut table, 0, &stored);
    (0..=SPARE as u32).for_each(|gone| table.remove(&entry(20 - gone, 20 - gone)));
    best(&table);
}

#[test]
#[should_panic(expected = "more of entry (0,) were removed than `needs` declared")]
fn what_is_left_out_counts_as_gone() {
    let (mut table, stored) = (Best::default(), class(20));
    want(&mut table, 0, &stored);
    (0..SPARE as u32).for_each(|gone| table.remove(&entry(20 - gone, 20 - gone)));
    assert_eq!(best(&table), Some(17));
    table.best(&(0,), 0, |row| row.number == 17);
}

#[test]
fn a_group_is_read_again_only_when_its_spare_is_used_up() {
    let (mut table, mut stored) = (Best::default(), class(20));
    assert!(want(&mut table, 1, &stored));
    let mut reads = 0;
    for number in (5..=20).rev() {
        reads += usize::from(want(&mut table, 1, &stored));
        assert_eq!(best(&table), Some(number));
        table.remove(&entry(number, number));
        commit(&mut table, &mut stored);
    }
    assert_eq!(reads, 3, "16 went, by {} to a read", 1 + SPARE);
}

#[test]
fn a_group_that_is_known_whole_is_never_read_again() {
    let (mut table, mut stored) = (Best::default(), class(3));
    assert!(want(&mut table, 0, &stored));
    for number in [3, 2, 1] {
        assert!(!want(&mut table, 1, &stored));
        assert_eq!(best(&table), Some(number));
        table.remove(&entry(number, number));
        commit(&mut table, &mut stored);
    }
    assert!(!want(&mut table, 1, &stored));
    assert_eq!(best(&table), None);
}

#[test]
fn a_group_that_grows_is_cut_back_to_its_best() {
    let (mut table, mut stored) = (Best::default(), MemoryTables::default());
    for number in 1..=100 {
        want(&mut table, 0, &stored);
        table.put(entry(number, number));
        commit(&mut table, &mut stored);
        assert!(table.known.get(&(0,)).is_some_and(|known| known.rows.len() <= MAX_KEPT));
        assert_eq!(best(&table), Some(number));
    }
    assert_eq!(stored.rows::<Entry>().count(), 100);
}

/// What one message does to an entry.
#[derive(Clone, Debug)]
enum Change {
    Put(Entry),
    Remove { class: u32, number: u32 },
}

impl Change {
    fn key(&self) -> (u32, u32) {
        match self {
            Self::Put(row) => row.key(),
            Self::Remove { class, number } => (*class, *number),
        }
    }
}

/// Few values, so that entries tie; more numbers than a group is remembered by.
fn changes() -> impl Strategy<Value = Change> {
    let (class, number, value) = (0..2_u32, 0..40_u32, || weighted(0.8, 0..9_u32));
    let put = (class.clone(), number.clone(), value(), value())
        .prop_map(|(class, number, height, weight)| Change::Put(Entry { class, number, height, weight }));
    prop_oneof![2 => put, 1 => (class, number).prop_map(|(class, number)| Change::Remove { class, number })]
}

type All = BTreeMap<(u32, u32), Entry>;

/// The best of all rows, one by one.
fn by_hand(all: &All, class: u32, order: usize, left_out: Option<u32>) -> Option<Entry> {
    let rows = all.values().filter(|row| row.class == class && Some(row.number) != left_out && row.competes(order));
    rows.min_by_key(|row| (Reverse(row.value(order)), row.number)).cloned()
}

fn check(table: &Best<Entry>, all: &All, class: u32, left_out: Option<u32>) -> Result<(), TestCaseError> {
    for order in 0..Entry::ORDERS.len() {
        let best = table.best(&(class,), order, |row| Some(row.number) == left_out);
        prop_assert_eq!(best.cloned(), by_hand(all, class, order, left_out), "order {}", order);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_best_that_is_known_is_the_best_of_all(
        batches in vec((vec(changes(), 1..14), 0..4_000_usize, prop::bool::weighted(0.1)), 1..40),
    ) {
        let (mut table, mut stored, mut all) = (Best::default(), MemoryTables::default(), All::new());
        for (batch, bound, is_lost) in batches {
            table.forget_wants();
            for change in &batch {
                // A row that is stored may be taken away; one that comes takes nothing.
                table.want((change.key().0,), usize::from(all.contains_key(&change.key())));
            }
            table.take_from(&stored);
            for change in batch {
                let (class, number) = change.key();
                check(&table, &all, class, None)?;
                check(&table, &all, class, Some(number))?;
                match change {
                    Change::Put(row) => {
                        table.put(row.clone());
                        all.insert(row.key(), row);
                    }
                    Change::Remove { .. } => {
                        if let Some(row) = all.remove(&(class, number)) {
                            table.remove(&row);
                        }
                    }
                }
                check(&table, &all, class, None)?;
            }
            commit(&mut table, &mut stored);
            table.shrink(bound);
            if is_lost {
                table = Best::default();
            }
            let there: All = stored.rows::<Entry>().map(|row| (row.key(), row.clone())).collect();
            prop_assert_eq!(&there, &all);
        }
    }
}
