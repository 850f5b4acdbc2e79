//! Recurring times: a cron rule in a time zone, and when it is due next.

use std::cmp::Ordering;

use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
    time::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday},
};
use jiff::{
    SignedDuration, Timestamp,
    civil::{DateTime, date},
    tz::{AmbiguousOffset, TimeZone},
};

/// A cron rule in a time zone, valid by construction: it can be parsed, and it always fires again.
///
/// The rule is five fields (minute, hour, day of the month, month, day of the week; `L`, `W`, `#` and names as in the crate
/// `croner`), and every time of the local clock that it matches is due once. If the clock jumps forward over such a time,
/// it is due at the first moment after the jump; if the clock is set back and shows it twice, at the first. Several skipped
/// by one jump are due once.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrence {
    rule: Box<Cron>,
    zone: TimeZone,
}

/// No recurrence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    #[error("unknown time zone `{0}`; use an IANA name such as `Europe/Berlin`")]
    UnknownZone(String),
    #[error("`{rule}` is not a cron rule of five fields such as `0 7 * * MON`: {detail}")]
    Unreadable { rule: String, detail: String },
    /// The 30th of February.
    #[error("`{0}` never fires: that day does not exist in any year")]
    Never(String),
}

impl Recurrence {
    /// # Errors
    /// When the zone is unknown, the rule cannot be parsed, or it matches no day.
    pub fn new(rule: &str, zone: &str) -> Result<Self, RecurrenceError> {
        let known = TimeZone::get(zone).ok().filter(|zone| !zone.is_unknown());
        let known = known.ok_or_else(|| RecurrenceError::UnknownZone(zone.to_owned()))?;
        let unreadable = |detail: String| RecurrenceError::Unreadable { rule: rule.to_owned(), detail };
        if rule.split_whitespace().count() != 5 {
            // The parser would also accept a nickname, `@daily`.
            return Err(unreadable("wrong number of fields".to_owned()));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(rule).map_err(|error| unreadable(error.to_string()))?;
        // The calendar has fourteen kinds of years; each occurs in the last hundred years that the search covers.
        if cron.find_next_occurrence(&Clock(date(4900, 1, 1).into()), true).is_err() {
            return Err(RecurrenceError::Never(rule.to_owned()));
        }
        Ok(Self { rule: Box::new(cron), zone: known })
    }

    /// When it is due next, strictly after `last`. After the year 4900 it is never due: the maximum time.
    pub fn next_after(&self, last: Timestamp) -> Timestamp {
        let mut local = Clock(self.zone.to_datetime(last));
        loop {
            let Ok(next) = self.rule.find_next_occurrence(&local, false) else { return Timestamp::MAX };
            match self.moment(next.0) {
                // A time that the clock shows twice was due the first time.
                Some(moment) if moment <= last => local = next,
                moment => return moment.unwrap_or(Timestamp::MAX),
            }
        }
    }

    /// The first moment at which the local clock shows `local`, or a later time if it jumps over that.
    fn moment(&self, local: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let earlier = ambiguous.earlier().ok()?;
        match ambiguous.offset() {
            AmbiguousOffset::Gap { after, .. } => {
                self.zone.following(earlier).find(|jump| jump.offset() == after).map(|jump| jump.timestamp())
            }
            _ => Some(earlier),
        }
    }
}

/// A local clock with second precision for the search. It has no zone: jumps are handled above.
#[derive(Clone)]
struct Clock(DateTime);

impl CronDateTime for Clock {
    fn to_civil(&self) -> CivilDateTime {
        let (date, time) = (self.0.date(), self.0.time());
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(
                date.year().into(),
                date.month().unsigned_abs().into(),
                date.day().unsigned_abs().into(),
            ),
            CivilTime::from_parts_unchecked(
                time.hour().unsigned_abs().into(),
                time.minute().unsigned_abs().into(),
                time.second().unsigned_abs().into(),
            ),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(self.0.weekday().to_sunday_zero_offset().unsigned_abs().into())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
        let [month, day, hour, minute, second] =
            [civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second()].map(|part| part as i8);
        let local = DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| CronError::InvalidDate)?;
        Ok(Resolution::Single(Self(local)))
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

#[cfg(test)]
mod tests;
