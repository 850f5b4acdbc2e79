//! How marks are written in their columns.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use plyo_nats::Value;

use crate::domain::marks::{Listed, Listing, Rank};

impl Value for Rank {
    const TYPE: &'static str = "bigint";
    const OID: u32 = <u64 as Value>::OID;
    const ARRAY_OID: u32 = <u64 as Value>::ARRAY_OID;

    fn write(&self, out: &mut Vec<u8>) {
        self.column().cast_unsigned().write(out);
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(Self::stored(u64::read(bytes)?.cast_signed()))
    }
}

/// Bytes of a value: the largest volume has 40 bits.
const WIDTH: usize = 5;

/// A code and a value each: a column for each kind would be mostly empty.
impl Value for Listing {
    const TYPE: &'static str = "bytea";
    const OID: u32 = <Vec<u8> as Value>::OID;
    const ARRAY_OID: u32 = <Vec<u8> as Value>::ARRAY_OID;

    fn write(&self, out: &mut Vec<u8>) {
        for (listed, rank) in &self.0 {
            out.push(listed.code());
            out.extend_from_slice(&rank.value().to_be_bytes()[8 - WIDTH..]);
        }
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        let mut values = BTreeMap::new();
        let parts = bytes.chunks_exact(1 + WIDTH);
        ensure!(parts.remainder().is_empty(), "{} bytes of listed values", bytes.len());
        for part in parts {
            let mut value = [0; 8];
            value[8 - WIDTH..].copy_from_slice(&part[1..]);
            // A kind that a newer version lists says nothing to this one.
            if let Some(listed) = Listed::of(part[0]) {
                values.insert(listed, Rank::of(listed.kind(), u64::from_be_bytes(value)));
            }
        }
        Ok(Self(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_read_as_it_was_written() {
        let values = [
            (Listed::LoadForReps(15), 2_000_000),
            (Listed::SetVolume, 2_000_000_000),
            (Listed::ExerciseVolume, 1_000_000_000_000),
            (Listed::Pace(9), 300_000),
        ];
        let listing = Listing(values.map(|(listed, value)| (listed, Rank::of(listed.kind(), value))).into());
        let mut written = Vec::new();
        listing.write(&mut written);
        assert_eq!(Listing::read(&written).unwrap(), listing);
        assert!(Listing::read(&written[1..]).is_err());
        let of_tomorrow = [&[200, 0, 0, 0, 0, 1][..], &written].concat();
        assert_eq!(Listing::read(&of_tomorrow).unwrap(), listing);
    }
}
