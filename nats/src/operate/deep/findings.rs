//! Findings in plain words: counted by kind, and listed while they are few.

use std::collections::BTreeMap;

/// Max lines of one kind; more are only counted.
const LINES: u64 = 20;

#[derive(Default)]
pub(super) struct Findings {
    pub wrong: Vec<String>,
    pub count: u64,
    pub remarks: Vec<String>,
    kinds: BTreeMap<&'static str, u64>,
}

impl Findings {
    /// Records a problem; `kind` is its plural.
    pub(super) fn wrong(&mut self, kind: &'static str, line: impl FnOnce() -> String) {
        self.count += 1;
        let of_kind = self.kinds.entry(kind).or_default();
        *of_kind += 1;
        if *of_kind <= LINES {
            self.wrong.push(line());
        }
    }

    /// Adds a remark with a count, if it is not 0.
    pub(super) fn remark(&mut self, count: u64, what: &str) {
        if count > 0 {
            self.remarks.push(format!("{count} {what}"));
        }
    }

    /// Adds how many have no line.
    pub(super) fn finish(mut self) -> Self {
        let more = self.kinds.iter().filter(|(_, count)| **count > LINES);
        self.wrong.extend(more.map(|(kind, count)| format!("and {} more {kind}", count - LINES)));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_alike_the_first_are_named_and_the_others_counted() {
        let mut findings = Findings::default();
        for number in 0..25 {
            findings.wrong("gaps", || format!("gap {number}"));
        }
        findings.remark(0, "nothing");
        let Findings { wrong, count, remarks, .. } = findings.finish();
        assert_eq!((wrong.len(), count, remarks.len()), (21, 25, 0));
        assert_eq!(wrong.last().unwrap(), "and 5 more gaps");
    }
}
