//! What is known of a table is what is in it.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::{super::stored::MemoryTables, *};
use crate::row;

row! {
    struct Kept: "kept" {
        [key: u32]
        value: u32,
    }
}

row! {
    struct Passing: "passing" (forgotten) {
        [key: u32]
        value: u32,
    }
}

fn read<R: Row>(rows: &mut Rows<R>, stored: &MemoryTables, keys: impl IntoIterator<Item = R::Key>) {
    rows.forget_wants();
    keys.into_iter().for_each(|key| rows.want(key));
    rows.take_from(stored);
}

fn commit<R: Row>(rows: &mut Rows<R>, stored: &mut MemoryTables) {
    rows.write_to(stored);
    rows.committed();
}

#[test]
#[should_panic(expected = "`needs` did not ask for kept (1,)")]
fn what_nobody_wanted_must_not_pass_for_absent() {
    let mut rows = Rows::<Kept>::default();
    read(&mut rows, &MemoryTables::default(), [(2,)]);
    rows.get(&(1,));
}

#[test]
#[should_panic(expected = "`needs` did not ask for kept (1,)")]
fn what_is_wanted_and_not_read_yet_must_not_pass_for_absent() {
    let mut rows = Rows::<Kept>::default();
    rows.want((1,));
    assert_eq!(rows.peek(&(1,)), None, "to look is allowed");
    rows.get(&(1,));
}

#[test]
fn only_a_read_or_a_removal_says_that_there_is_no_row() {
    let (mut rows, mut stored) = (Rows::<Kept>::default(), MemoryTables::default());
    rows.want((1,));
    assert!(rows.wants());
    read(&mut rows, &stored, [(1,)]);
    assert_eq!(rows.get(&(1,)), None);
    rows.put(Kept { key: 2, value: 20 });
    rows.remove(&(2,));
    commit(&mut rows, &mut stored);
    [1, 2].into_iter().for_each(|key| rows.want((key,)));
    assert!(!rows.wants(), "both are known to be absent");
    assert_eq!((rows.get(&(1,)), rows.get(&(2,)), stored.rows::<Kept>().count()), (None, None, 0));
}

#[test]
fn what_was_put_needs_no_read_and_is_remembered() {
    let (mut rows, mut stored) = (Rows::<Kept>::default(), MemoryTables::default());
    let row = Kept { key: 1, value: 10 };
    rows.put(row.clone());
    assert!(rows.is_changed());
    commit(&mut rows, &mut stored);
    rows.want((1,));
    assert!(!rows.wants() && !rows.is_changed());
    assert_eq!((rows.get(&(1,)), stored.row(&(1,))), (Some(&row), Some(&row)));
}

#[test]
fn a_row_that_passes_is_read_for_each_batch() {
    let (mut rows, mut stored) = (Rows::<Passing>::default(), MemoryTables::default());
    rows.put(Passing { key: 1, value: 10 });
    read(&mut rows, &stored, [(1,), (2,)]);
    assert_eq!(rows.get(&(1,)).map(|row| row.value), Some(10), "within the batch it is there");
    commit(&mut rows, &mut stored);
    for key in [1, 2] {
        rows.forget_wants();
        rows.want((key,));
        assert!(rows.wants());
    }
    assert_eq!(rows.bytes(), 0);
}

#[derive(Clone, Debug)]
enum Change {
    Put(u32, u32),
    Remove(u32),
    Look(u32),
}

proptest! {
    #[test]
    fn whatever_is_remembered_and_forgotten_a_batch_sees_what_is_stored(
        batches in vec((vec(changes(), 0..8), 0..600_usize), 0..40),
    ) {
        let (mut rows, mut stored, mut truth) = (Rows::<Kept>::default(), MemoryTables::default(), BTreeMap::new());
        for (batch, bound) in batches {
            let key = |change: &Change| match change {
                Change::Put(key, _) | Change::Remove(key) | Change::Look(key) => *key,
            };
            read(&mut rows, &stored, batch.iter().map(|change| (key(change),)));
            for change in batch {
                let seen = rows.get(&(key(&change),)).map(|row| row.value);
                prop_assert_eq!(seen, truth.get(&key(&change)).copied());
                match change {
                    Change::Put(key, value) => {
                        rows.put(Kept { key, value });
                        truth.insert(key, value);
                    }
                    Change::Remove(key) => {
                        rows.remove(&(key,));
                        truth.remove(&key);
                    }
                    Change::Look(_) => {}
                }
            }
            commit(&mut rows, &mut stored);
            rows.shrink(bound);
            let there: BTreeMap<u32, u32> = stored.rows::<Kept>().map(|row| (row.key, row.value)).collect();
            prop_assert_eq!(&there, &truth);
        }
    }
}

fn changes() -> impl Strategy<Value = Change> {
    let key = 0..10_u32;
    prop_oneof![
        (key.clone(), 0..100_u32).prop_map(|(key, value)| Change::Put(key, value)),
        key.clone().prop_map(Change::Remove),
        key.prop_map(Change::Look),
    ]
}
