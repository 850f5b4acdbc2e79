//! A table that is read by its best rows: the first of a group in one or more orders, however large the group.

use std::{cmp::Ordering, hash::Hash};

use rustc_hash::FxHashMap;

use super::{
    memory::Memory,
    row::{ColumnType, Row},
    rows::heap_of,
    statement::{Found, Statement, columns, names, record, write_changes},
    tables::Table,
    value::{Codec, Column, Plain},
};
use crate::failure::Failure;

/// A row that competes with others of its group.
pub trait Ranked: Row {
    /// A tuple of the first columns of the key.
    type Group: Clone + std::fmt::Debug + Eq + Hash + Send + Sync + 'static;
    const GROUP_COLUMNS: usize;
    /// The orders in which rows compete, each as a condition and an `ORDER BY`.
    const ORDERS: &'static [(&'static str, &'static str)];

    fn group(&self) -> Self::Group;

    fn put_group(group: &Self::Group, columns: &mut [Column]);

    /// The sort key in this order; `None` if the row does not compete in it.
    fn compare(order: usize, a: &Self, b: &Self) -> Option<Ordering>;

    /// Whether the row competes in that order.
    fn competes(&self, order: usize) -> bool;
}

/// More rows of a group are read than needed, so that a few can be removed before it is read again.
const SPARE: usize = 3;
/// A group larger than this is truncated to its best.
const MAX_KEPT: usize = 16;

/// The best rows of the groups that a batch asked for.
#[derive(Debug)]
pub struct Best<R: Ranked> {
    known: Memory<R::Group, Known<R>>,
    /// How many of a group's rows this batch may remove.
    wanted: FxHashMap<R::Group, usize>,
    part: Option<usize>,
    asked: Vec<(R::Group, usize)>,
    changed: FxHashMap<R::Key, Option<R>>,
    touched: Vec<R::Group>,
}

/// The rows of a group that are known.
#[derive(Debug)]
struct Known<R> {
    rows: Vec<Candidate<R>>,
    /// In each order, at least this many of the read rows precede every unknown row.
    depth: usize,
}

#[derive(Debug)]
struct Candidate<R> {
    row: R,
    /// Whether it was read and not put since: one that was put may come after unknown rows.
    is_read: bool,
}

impl<R: Ranked> Default for Best<R> {
    fn default() -> Self {
        Self {
            known: Memory::default(),
            wanted: FxHashMap::default(),
            part: None,
            asked: Vec::new(),
            changed: FxHashMap::default(),
            touched: Vec::new(),
        }
    }
}

impl<R: Ranked> Best<R> {
    /// Asks for the best of a group. This message may remove `taken` of its rows.
    pub fn want(&mut self, group: R::Group, taken: usize) {
        *self.wanted.entry(group).or_default() += taken;
    }

    /// The best of a group in one order, except those that `is_out`.
    ///
    /// # Panics
    /// When `needs` did not ask for the group, or declared fewer removals than there were.
    pub fn best(&self, group: &R::Group, order: usize, is_out: impl Fn(&R) -> bool) -> Option<&R> {
        let Some(known) = self.known.get(group) else { panic!("`needs` did not ask for {} {group:?}", R::TABLE) };
        let out = known.rows.iter().filter(|known| known.is_read && is_out(&known.row)).count();
        assert!(known.depth > out, "more of {} {group:?} were removed than `needs` declared", R::TABLE);
        let rows = known.rows.iter().map(|known| &known.row).filter(|row| row.competes(order) && !is_out(row));
        rows.min_by(|a, b| R::compare(order, a, b).unwrap_or(Ordering::Equal))
    }

    /// Inserts or replaces a row. A replay, which asks for no group, only writes it.
    pub fn put(&mut self, row: R) {
        let group = row.group();
        if let Some(known) = self.known.touch(&group) {
            known.take_out(&row.key());
            known.rows.push(Candidate { row: row.clone(), is_read: false });
            self.touched.push(group);
        }
        self.changed.insert(row.key(), Some(row));
    }

    pub fn remove(&mut self, row: &R) {
        let group = row.group();
        if let Some(known) = self.known.touch(&group) {
            known.take_out(&row.key());
            self.touched.push(group);
        }
        self.changed.insert(row.key(), None);
    }

    fn know(&mut self, group: R::Group, rows: Vec<R>, asked: usize) {
        let competing = |order| rows.iter().filter(|row| row.competes(order)).count();
        let is_whole = (0..R::ORDERS.len()).all(|order| competing(order) < asked);
        let depth = if is_whole { usize::MAX } else { asked };
        let rows = rows.into_iter().map(|row| Candidate { row, is_read: true }).collect();
        self.remember(group, Known { rows, depth });
    }

    fn remember(&mut self, group: R::Group, known: Known<R>) {
        let heap = known.rows.iter().map(|known| heap_of(&known.row) + size_of::<Candidate<R>>()).sum();
        self.known.insert(group, known, heap);
    }
}

impl<R: Ranked> Known<R> {
    /// Removes a row, if it is there.
    fn take_out(&mut self, key: &R::Key) {
        let Some(place) = self.rows.iter().position(|known| known.row.key() == *key) else { return };
        let taken = self.rows.swap_remove(place);
        if taken.is_read && self.depth != usize::MAX {
            self.depth = self.depth.saturating_sub(1);
        }
    }

    /// Keeps this many of the best in each order. Dropped rows come after them, and so do rows unknown before: the
    /// guarantee is the smaller of what is kept and what it was.
    fn cut(&mut self, keep: usize) {
        let mut kept: Vec<R> = Vec::with_capacity(keep * R::ORDERS.len());
        for order in 0..R::ORDERS.len() {
            let mut rows: Vec<&R> =
                self.rows.iter().map(|known| &known.row).filter(|row| row.competes(order)).collect();
            rows.sort_by(|a, b| R::compare(order, a, b).unwrap_or(Ordering::Equal));
            for row in rows.into_iter().take(keep) {
                if !kept.contains(row) {
                    kept.push(row.clone());
                }
            }
        }
        self.rows = kept.into_iter().map(|row| Candidate { row, is_read: true }).collect();
        self.depth = self.depth.min(keep);
    }
}

const LIMIT: ColumnType = ColumnType {
    name: "n",
    sql: <Plain as Codec<u32>>::TYPE,
    oid: <Plain as Codec<u32>>::OID,
    array_oid: <Plain as Codec<u32>>::ARRAY_OID,
};

impl<R: Ranked> Table for Best<R> {
    fn name(&self) -> &'static str {
        R::TABLE
    }

    fn subject_column(&self) -> &'static str {
        R::COLUMNS[0].name
    }

    fn forget_wants(&mut self) {
        self.wanted.clear();
    }

    fn ask(&mut self, statement: &mut Statement) {
        self.part = None;
        self.asked.clear();
        for (group, taken) in self.wanted.drain() {
            if self.known.touch(&group).is_none_or(|known| known.depth <= taken) {
                self.asked.push((group, taken + 1 + SPARE));
            }
        }
        if self.asked.is_empty() {
            return;
        }
        let group = &R::COLUMNS[..R::GROUP_COLUMNS];
        let mut values = columns(group.len() + 1);
        for (asked, limit) in &self.asked {
            R::put_group(asked, &mut values);
            if let Some(column) = values.last_mut() {
                Plain::put(&u32::try_from(*limit).unwrap_or(u32::MAX), column);
            }
        }
        let groups = statement.unnest(&[group, &[LIMIT]].concat(), values, "k");
        let same: Vec<String> = group.iter().map(|column| format!("m.{0} = k.{0}", column.name)).collect();
        let (table, all, same) = (R::TABLE, names(R::COLUMNS), same.join(" AND "));
        let of_order = |(condition, order): &(&str, &str)| {
            format!("(SELECT {all} FROM {table} m WHERE {same} AND {condition} ORDER BY {order} LIMIT k.n)")
        };
        let best = R::ORDERS.iter().map(of_order).collect::<Vec<_>>().join(" UNION ");
        self.part = Some(statement.push(format!("SELECT {} FROM {groups}, LATERAL ({best}) t", record::<R>())));
    }

    fn take(&mut self, found: &mut Found) -> Result<(), Failure> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let mut groups: FxHashMap<R::Group, Vec<R>> = FxHashMap::default();
        for row in found.rows::<R>(part)? {
            groups.entry(row.group()).or_default().push(row);
        }
        for (group, limit) in std::mem::take(&mut self.asked) {
            let rows = groups.remove(&group).unwrap_or_default();
            self.know(group, rows, limit);
        }
        Ok(())
    }

    fn write(&self, statement: &mut Statement) {
        let changed = self.changed.values().filter_map(Option::as_ref);
        let removed = self.changed.iter().filter_map(|(key, row)| row.is_none().then_some(key));
        write_changes(statement, changed, removed);
    }

    fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    fn committed(&mut self) {
        self.changed.clear();
        for group in std::mem::take(&mut self.touched) {
            let Some(known) = self.known.touch(&group) else { continue };
            let mut known = std::mem::replace(known, Known { rows: Vec::new(), depth: 0 });
            if known.rows.len() > MAX_KEPT {
                known.cut(SPARE + 1);
            }
            self.remember(group, known);
        }
    }

    fn bytes(&self) -> usize {
        self.known.bytes()
    }

    fn shrink(&mut self, bound: usize) {
        self.known.shrink(bound);
    }

    #[cfg(any(test, feature = "testing"))]
    fn wants(&self) -> bool {
        self.wanted.iter().any(|(group, taken)| self.known.get(group).is_none_or(|known| known.depth <= *taken))
    }

    #[cfg(any(test, feature = "testing"))]
    fn take_from(&mut self, stored: &super::stored::MemoryTables) {
        let mut groups: FxHashMap<R::Group, Vec<R>> = FxHashMap::default();
        for row in stored.rows::<R>() {
            groups.entry(row.group()).or_default().push(row.clone());
        }
        for (group, taken) in std::mem::take(&mut self.wanted) {
            if self.known.touch(&group).is_some_and(|known| known.depth > taken) {
                continue;
            }
            let asked = taken + 1 + SPARE;
            let rows = groups.remove(&group).unwrap_or_default();
            let rows = rows.into_iter().map(|row| Candidate { row, is_read: true }).collect();
            let mut known = Known { rows, depth: usize::MAX };
            // As many as the database would return.
            known.cut(asked);
            self.know(group, known.rows.into_iter().map(|known| known.row).collect(), asked);
        }
    }

    #[cfg(any(test, feature = "testing"))]
    fn write_to(&self, stored: &mut super::stored::MemoryTables) {
        self.changed.iter().for_each(|(key, row)| stored.write(key, row.as_ref()));
    }
}

#[cfg(test)]
mod tests;
