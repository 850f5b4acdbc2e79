//! A lane: a share of a service's work with one owner, and every name derived from it.

use anyhow::{Result, ensure};
use plyo_events::EventKind;
use uuid::Uuid;

use crate::broker::{streams, subject::PARTITIONS};

/// One of the 1, 2, 4, 8 or 16 lanes of a service: the partitions whose number modulo the number of lanes is `index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    pub service: &'static str,
    pub index: u8,
    of: u8,
}

impl Lane {
    /// All lanes of a service.
    ///
    /// # Errors
    /// When the partitions cannot be divided like that.
    pub fn all(service: &'static str, count: u8) -> Result<Vec<Self>> {
        check_count(count)?;
        Ok((0..count).map(|index| Self { service, index, of: count }).collect())
    }

    /// How many lanes the service has.
    pub const fn count(self) -> u8 {
        self.of
    }

    pub const fn covers(self, partition: u8) -> bool {
        partition % self.of == self.index
    }

    /// Its partitions.
    pub fn partitions(self) -> impl Iterator<Item = u8> {
        (0..PARTITIONS).filter(move |partition| self.covers(*partition))
    }

    /// The subject of its epoch marker in `EVENTS`.
    pub(crate) fn epoch_marker(self) -> String {
        format!("mark.{}.{}", self.service, self.index)
    }

    /// The subject of its epoch marker in `SCHEDULE`.
    pub(crate) fn schedule_marker(self) -> String {
        format!("at.mark.{}.{}", self.service, self.index)
    }

    /// The name of both of its consumers.
    pub(crate) fn consumer(self) -> String {
        format!("{}_{}", self.service, self.index)
    }

    /// As metrics and logs name it.
    pub(crate) fn label(self) -> String {
        self.index.to_string()
    }

    /// The key of its advisory lock: the same in every version of Postgres and this binary.
    pub(crate) fn lock_key(self) -> i64 {
        let name = format!("plyo lane {}/{}", self.service, self.index);
        let [a, b, c, d, e, f, g, h, ..] = *Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).as_bytes();
        i64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// What a lane receives of `EVENTS`: all events of the service that it reads, or everything if it reads several, or its
    /// own service's if it reads none. A single filter, and unwanted messages are skipped: for a consumer with several,
    /// nats-server scans the subjects of a block for each message, which costs more than delivering a dozen.
    pub(crate) fn event_filter(self, reads: &[EventKind]) -> String {
        let first = reads.first().map_or(self.service, |kind| kind.service());
        let is_one = reads.iter().all(|kind| kind.service() == first);
        if is_one { format!("evt.*.{first}.>") } else { streams::EVERYTHING.to_owned() }
    }

    /// The events of its service.
    pub(crate) fn own_filter(self) -> String {
        format!("evt.*.{}.>", self.service)
    }

    /// What it receives of its service's commands.
    pub(crate) fn command_filter(self) -> String {
        format!("cmd.*.{}.>", self.service)
    }
}

/// Rejects a number of lanes that does not divide the partitions.
///
/// # Errors
/// See above.
pub fn check_count(count: u8) -> Result<()> {
    let divides = count > 0 && PARTITIONS.is_multiple_of(count);
    ensure!(divides, "a service must have 1, 2, 4, 8 or 16 lanes, not {count}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_one_lane() {
        for count in [1, 2, 4, 8, 16] {
            let lanes = Lane::all("workout", count).unwrap();
            for partition in 0..PARTITIONS {
                assert_eq!(lanes.iter().filter(|lane| lane.covers(partition)).count(), 1);
            }
        }
        for wrong in [0, 3, 5, 12, 32] {
            assert!(Lane::all("workout", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_lane_hears_what_one_filter_leaves_of_what_it_does_not_read() {
        let lane = Lane::all("me", 8).unwrap()[3];
        assert_eq!(lane.event_filter(&[]), "evt.*.me.>");
        assert_eq!(lane.event_filter(&[EventKind::WorkoutCompleted, EventKind::ReminderSet]), "evt.*.workout.>");
        assert_eq!(lane.event_filter(&[EventKind::ReminderSet, EventKind::AchievementUnlocked]), ">");
        assert_eq!(lane.command_filter(), "cmd.*.me.>");
        assert_eq!(lane.partitions().collect::<Vec<_>>(), [3, 11]);
    }
}
