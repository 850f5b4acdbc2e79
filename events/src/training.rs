//! The values of a training log, valid by construction: parsed values are within their range.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::temporal::{Pieces, PiecesOffset},
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Serialize};

use crate::rfc3339::{self, FORM};

/// Most sets in one workout.
pub const MAX_SETS: usize = 500;

mod custom;
mod distance;
mod effort;
mod load;
mod measure;
mod slug;

pub use self::{
    custom::{ExerciseName, Term},
    distance::Distance,
    effort::{Rir, Rpe, SetKind, Tempo},
    load::{Amount, BodyWeight, Load, Mass},
    measure::Measure,
    slug::{ExerciseSlug, FORMER_SLUGS},
};

/// Repetitions that are asked for, 1 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Reps(u32);
schema!(Reps, "Reps", { "type": "integer", "minimum": 1, "maximum": 1000, "description": "Repetitions." });

impl TryFrom<u32> for Reps {
    type Error = &'static str;
    fn try_from(reps: u32) -> Result<Self, Self::Error> {
        if (1..=1000).contains(&reps) { Ok(Self(reps)) } else { Err("reps must be 1 to 1000") }
    }
}
impl From<Reps> for u32 {
    fn from(reps: Reps) -> Self {
        reps.0
    }
}

/// Repetitions that were done, 0 to 1,000: none is a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct RepsDone(u32);
schema!(RepsDone, "RepsDone", { "type": "integer", "minimum": 0, "maximum": 1000, "description": "Repetitions; 0 is a failed attempt." });

impl TryFrom<u32> for RepsDone {
    type Error = &'static str;
    fn try_from(reps: u32) -> Result<Self, Self::Error> {
        if reps <= 1000 { Ok(Self(reps)) } else { Err("reps must be 0 to 1000") }
    }
}
impl From<RepsDone> for u32 {
    fn from(reps: RepsDone) -> Self {
        reps.0
    }
}

/// Seconds, 1 to 86,400 (one day).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Seconds(u32);
schema!(Seconds, "Seconds", { "type": "integer", "minimum": 1, "maximum": 86400, "description": "Seconds." });

impl TryFrom<u32> for Seconds {
    type Error = &'static str;
    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        if (1..=86_400).contains(&seconds) { Ok(Self(seconds)) } else { Err("seconds must be 1 to 86400") }
    }
}
impl From<Seconds> for u32 {
    fn from(seconds: Seconds) -> Self {
        seconds.0
    }
}

/// A moment with its local UTC offset: `2026-11-24T18:30:00+01:00`. Years 1970 to 2199.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalTime {
    at: Timestamp,
    offset: Offset,
}
schema!(LocalTime, "LocalTime", { "type": "string", "format": "date-time", "description": "RFC 3339 with the local UTC offset; years 1970 to 2199." });

impl LocalTime {
    pub fn at(self) -> Timestamp {
        self.at
    }

    /// The local date and time.
    pub fn local(self) -> DateTime {
        self.offset.to_datetime(self.at)
    }

    /// The local date: what a streak counts.
    pub fn local_date(self) -> Date {
        self.local().date()
    }

    /// Whether RFC 3339 can write it. What was kept by earlier versions may have seconds in its offset.
    pub fn has_rfc3339_offset(self) -> bool {
        self.offset.seconds() % 60 == 0
    }
}
impl TryFrom<String> for LocalTime {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        rfc3339::form(&text).ok_or(FORM)?;
        let pieces = Pieces::parse(&text).map_err(|_| FORM)?;
        let offset = match pieces.offset() {
            Some(PiecesOffset::Numeric(numeric)) => numeric.offset(),
            Some(_) => Offset::UTC,
            None => return Err(FORM),
        };
        let local = pieces.date().to_datetime(pieces.time().ok_or(FORM)?);
        if !(1970..=2199).contains(&local.year()) {
            return Err("a time must be between the years 1970 and 2199");
        }
        Ok(Self { at: offset.to_timestamp(local).map_err(|_| FORM)?, offset })
    }
}
impl From<LocalTime> for String {
    fn from(time: LocalTime) -> Self {
        let zoned = time.at.to_zoned_datetime(TimeZone::fixed(time.offset));
        zoned.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_keeps_its_offset_and_its_date() {
        let time = LocalTime::try_from("2026-11-24T23:30:00.5-08:00".to_owned()).unwrap();
        assert_eq!(String::from(time), "2026-11-24T23:30:00.5-08:00");
        assert_eq!(time.local_date().to_string(), "2026-11-24");
        assert_eq!(time.at().to_string(), "2026-11-25T07:30:00.5Z");
        for wrong in [
            "2026-11-24",
            "2026-11-24T10:00:00",
            "2026-11-24T10:00+01:00",
            "2026-11-24T10:00:00+01:00[Europe/Berlin]",
            "2026-02-30T10:00:00Z",
            "9999-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "soon",
            "",
        ] {
            assert!(LocalTime::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        // An earlier version kept it: it is read in events, and refused in commands.
        let kept = LocalTime::try_from("2026-11-20T18:30:00+01:00:30".to_owned()).unwrap();
        assert_eq!(String::from(kept), "2026-11-20T18:30:00+01:00:30");
        assert!(time.has_rfc3339_offset() && !kept.has_rfc3339_offset());
    }

    #[test]
    fn a_load_is_kept_with_two_decimals() {
        for (typed, kept) in [("102.5500000001", "102.55"), ("0.30000000000000004", "0.3"), ("100", "100.0")] {
            let amount: Amount = serde_json::from_str(typed).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), kept);
        }
    }

    #[test]
    fn values_out_of_range_cannot_be_read() {
        for wrong in ["7.3", "0.5", "10.5", "-1", "1e300"] {
            assert!(serde_json::from_str::<Rpe>(wrong).is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<Rpe>("7.5").is_ok());
        assert!(serde_json::from_str::<Rir>("0").is_ok());
        assert!(serde_json::from_str::<Rir>("10.5").is_err());
        assert!(serde_json::from_str::<Reps>("0").is_err());
        assert!(serde_json::from_str::<RepsDone>("0").is_ok());
        assert!(serde_json::from_str::<RepsDone>("-3").is_err());
        assert!(serde_json::from_str::<RepsDone>("1001").is_err());
        assert!(serde_json::from_str::<Load>(r#"{"kg": 102.555}"#).is_err());
    }

    fn load(json: &str) -> Load {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_load_is_compared_no_finer_than_it_can_be_typed() {
        assert_eq!(load(r#"{"lb": 225}"#).grams(), 102_060);
        assert_eq!(load(r#"{"lb": 100}"#).grams(), load(r#"{"kg": 45.36}"#).grams());
        assert!(load(r#"{"kg": 45.37}"#).grams() > load(r#"{"lb": 100}"#).grams());
        assert!(load(r#"{"lb": 100.25}"#).grams() > load(r#"{"lb": 100}"#).grams());
    }

    #[test]
    fn nobody_weighs_846_kg() {
        assert!(serde_json::from_str::<BodyWeight>(r#"{"lb": 181.5}"#).is_ok());
        assert!(serde_json::from_str::<BodyWeight>(r#"{"kg": 846}"#).is_err());
        assert!(serde_json::from_str::<BodyWeight>(r#"{"kg": 8.46}"#).is_err());
    }

    #[test]
    fn a_sum_is_rounded_at_its_end() {
        let once = load(r#"{"lb": 0.01}"#).mass();
        // A set of it alone would be 5 g.
        assert_eq!((once.grams(), once.times(100).grams()), (5, 454));
        assert_eq!([once, once, once].into_iter().sum::<Mass>().grams(), 14);
        assert_eq!(load(r#"{"kg": 80}"#).mass().share(640, 1000).less(load(r#"{"kg": 20}"#).mass()).grams(), 31_200);
    }

    #[test]
    fn a_distance_is_kept_in_its_unit() {
        for (typed, centimetres) in [
            (r#"{"km":5.2}"#, 520_000),
            (r#"{"mi":1.0}"#, 160_934),
            (r#"{"yd":25.0}"#, 2_286),
            (r#"{"ft":50.0}"#, 1_524),
        ] {
            let distance: Distance = serde_json::from_str(typed).unwrap();
            assert_eq!(distance.centimetres(), centimetres, "{typed}");
            assert_eq!(serde_json::to_string(&distance).unwrap(), typed);
        }
        for wrong in [r#"{"m":0}"#, r#"{"m":-1}"#, r#"{"km":1000.001}"#, r#"{"m":1.0001}"#, r#"{"m":0.0001}"#, "5"] {
            assert!(serde_json::from_str::<Distance>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tempo_has_four_phases() {
        let tempo: Tempo = serde_json::from_str(r#""3-1-X-0""#).unwrap();
        assert_eq!(serde_json::to_string(&tempo).unwrap(), r#""3-1-X-0""#);
        for wrong in ["3-1-X", "3-1-X-0-1", "03-1-X-0", "+3-1-1-1", "61-0-0-0", "31X0", ""] {
            assert!(Tempo::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
