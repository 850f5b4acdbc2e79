//! How a field of a row becomes a column of Postgres, in its binary format: written from a reference, without a copy.

use anyhow::{Context, Result, ensure};
use jiff::{Timestamp, civil::Date};
use plyo_events::Id;
use serde::{Serialize, de::DeserializeOwned, de::IntoDeserializer};
use uuid::Uuid;

/// A type with its own column type.
pub trait Value: Sized {
    /// The type's name in SQL.
    const TYPE: &'static str;
    /// The object ids of the type and of an array of it, the same in every Postgres.
    const OID: u32;
    const ARRAY_OID: u32;

    fn write(&self, out: &mut Vec<u8>);

    /// # Errors
    /// When the bytes are not of this type.
    fn read(bytes: &[u8]) -> Result<Self>;
}

/// How a field of type `T` is stored: [`Plain`], [`Text`] or [`Packed`].
pub trait Codec<T> {
    const TYPE: &'static str;
    const OID: u32;
    const ARRAY_OID: u32;

    fn put(value: &T, column: &mut Column);

    /// # Errors
    /// When the cell does not hold a `T`.
    fn get(cell: Option<&[u8]>) -> Result<T>;
}

/// The type's own column type; `NULL` for the `None` of an option.
pub struct Plain;
/// A type that serialises to a string, such as a name or an enum.
pub struct Text;
/// A value only read whole: MessagePack in a `bytea`.
pub struct Packed;

/// The values of one column, in the wire format of a Postgres array.
#[derive(Debug, Default)]
pub struct Column {
    count: i32,
    has_null: bool,
    elements: Vec<u8>,
}

impl Column {
    /// Appends a value written by `write`.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.elements.len();
        self.elements.extend_from_slice(&[0; 4]);
        write(&mut self.elements);
        let length = i32::try_from(self.elements.len() - start - 4).unwrap_or(i32::MAX);
        self.elements[start..start + 4].copy_from_slice(&length.to_be_bytes());
        self.count += 1;
    }

    pub fn push_null(&mut self) {
        self.elements.extend_from_slice(&(-1_i32).to_be_bytes());
        self.has_null = true;
        self.count += 1;
    }

    /// The bytes of the array: dimensions, whether there is a `NULL`, type, length, lower bound, elements.
    pub(crate) fn write_array(&self, element: u32, out: &mut Vec<u8>) {
        let dimensions = i32::from(self.count > 0);
        out.extend_from_slice(&dimensions.to_be_bytes());
        out.extend_from_slice(&i32::from(self.has_null).to_be_bytes());
        out.extend_from_slice(&element.to_be_bytes());
        if self.count > 0 {
            out.extend_from_slice(&self.count.to_be_bytes());
            out.extend_from_slice(&1_i32.to_be_bytes());
            out.extend_from_slice(&self.elements);
        }
    }

    /// The values, each after its length, as in arrays and records.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn elements(&self) -> &[u8] {
        &self.elements
    }

    pub(crate) const fn size(&self) -> usize {
        self.elements.len()
    }
}

impl<T: Value> Codec<T> for Plain {
    const TYPE: &'static str = T::TYPE;
    const OID: u32 = T::OID;
    const ARRAY_OID: u32 = T::ARRAY_OID;

    fn put(value: &T, column: &mut Column) {
        column.push(|out| value.write(out));
    }

    fn get(cell: Option<&[u8]>) -> Result<T> {
        T::read(cell.context("NULL")?)
    }
}

impl<T: Value> Codec<Option<T>> for Plain {
    const TYPE: &'static str = T::TYPE;
    const OID: u32 = T::OID;
    const ARRAY_OID: u32 = T::ARRAY_OID;

    fn put(value: &Option<T>, column: &mut Column) {
        match value {
            Some(value) => column.push(|out| value.write(out)),
            None => column.push_null(),
        }
    }

    fn get(cell: Option<&[u8]>) -> Result<Option<T>> {
        cell.map(T::read).transpose()
    }
}

impl<T: Serialize + DeserializeOwned> Codec<T> for Text {
    const TYPE: &'static str = String::TYPE;
    const OID: u32 = String::OID;
    const ARRAY_OID: u32 = String::ARRAY_OID;

    /// # Panics
    /// If `T` does not serialise to a string, which is a bug in the row's declaration.
    fn put(value: &T, column: &mut Column) {
        column.push(|out| {
            let start = out.len();
            rmp_serde::encode::write(out, value).expect("a text can be written to memory");
            // A MessagePack string is its bytes after a header, whose first byte gives the header's length.
            let head = match out[start] {
                0xa0..=0xbf => 1,
                0xd9 => 2,
                0xda => 3,
                0xdb => 5,
                other => panic!("expected text for a text column, got MessagePack {other:#x}"),
            };
            out.drain(start..start + head);
        });
    }

    fn get(cell: Option<&[u8]>) -> Result<T> {
        let text = str::from_utf8(cell.context("NULL")?)?;
        let text: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
        Ok(T::deserialize(text)?)
    }
}

impl<T: Serialize + DeserializeOwned> Codec<T> for Packed {
    const TYPE: &'static str = "bytea";
    const OID: u32 = 17;
    const ARRAY_OID: u32 = 1001;

    /// # Panics
    /// If `T` cannot be serialised, which is a bug in the type.
    fn put(value: &T, column: &mut Column) {
        column.push(|out| value.serialize(&mut rmp_serde::Serializer::new(out).with_struct_map()).expect("plain data"));
    }

    fn get(cell: Option<&[u8]>) -> Result<T> {
        unpack(cell.context("NULL")?)
    }
}

/// Decodes a [`Packed`] column, for handwritten statements.
///
/// # Errors
/// When the bytes are not a `T`.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    rmp_serde::from_slice(bytes).context(std::any::type_name::<T>())
}

/// Bytes of a fixed length.
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().with_context(|| format!("{} bytes, not {N}", bytes.len()))
}

impl Value for Uuid {
    const TYPE: &'static str = "uuid";
    const OID: u32 = 2950;
    const ARRAY_OID: u32 = 2951;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(Self::from_bytes(fixed(bytes)?))
    }
}

impl<T> Value for Id<T> {
    const TYPE: &'static str = Uuid::TYPE;
    const OID: u32 = Uuid::OID;
    const ARRAY_OID: u32 = Uuid::ARRAY_OID;

    fn write(&self, out: &mut Vec<u8>) {
        self.uuid().write(out);
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(Self::new(Uuid::read(bytes)?))
    }
}

impl Value for bool {
    const TYPE: &'static str = "boolean";
    const OID: u32 = 16;
    const ARRAY_OID: u32 = 1000;

    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(fixed::<1>(bytes)? != [0])
    }
}

impl Value for u32 {
    const TYPE: &'static str = "integer";
    const OID: u32 = 23;
    const ARRAY_OID: u32 = 1007;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(Self::from_be_bytes(fixed(bytes)?))
    }
}

impl Value for u64 {
    const TYPE: &'static str = "bigint";
    const OID: u32 = 20;
    const ARRAY_OID: u32 = 1016;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(Self::from_be_bytes(fixed(bytes)?))
    }
}

impl Value for String {
    const TYPE: &'static str = "text";
    const OID: u32 = 25;
    const ARRAY_OID: u32 = 1009;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(str::from_utf8(bytes)?.to_owned())
    }
}

impl Value for Vec<u8> {
    const TYPE: &'static str = "bytea";
    const OID: u32 = 17;
    const ARRAY_OID: u32 = 1001;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(bytes.to_vec())
    }
}

/// Postgres counts from 2000-01-01T00:00:00Z.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;
const EPOCH_DAY: Date = Date::constant(2000, 1, 1);

impl Value for Timestamp {
    const TYPE: &'static str = "timestamptz";
    const OID: u32 = 1184;
    const ARRAY_OID: u32 = 1185;

    /// In microseconds, Postgres' precision: folds truncate before.
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.as_microsecond() - EPOCH_MICROSECONDS).to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(Self::from_microsecond(i64::from_be_bytes(fixed(bytes)?).saturating_add(EPOCH_MICROSECONDS))?)
    }
}

impl Value for Date {
    const TYPE: &'static str = "date";
    const OID: u32 = 1082;
    const ARRAY_OID: u32 = 1182;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(*self - EPOCH_DAY).get_days().to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        Ok(EPOCH_DAY.checked_add(jiff::Span::new().try_days(i32::from_be_bytes(fixed(bytes)?))?)?)
    }
}

/// The cells of one row, as written by Postgres' `record_send`.
pub struct Cells<'a>(&'a [u8]);

impl<'a> Cells<'a> {
    /// # Errors
    /// When the bytes are not a record of this many columns.
    pub(crate) fn new(record: &'a [u8], columns: usize) -> Result<Self> {
        let mut cells = Self(record);
        let found = cells.number()?;
        ensure!(usize::try_from(found) == Ok(columns), "a row of {found} columns, not {columns}");
        Ok(cells)
    }

    /// The next column's field.
    ///
    /// # Errors
    /// When the cell does not hold a `T`.
    pub fn next<T, C: Codec<T>>(&mut self, column: &str) -> Result<T> {
        let _type = self.number()?;
        let length = self.number()?;
        let cell = match usize::try_from(length) {
            Ok(length) => Some(self.take(length)?),
            Err(_) => None,
        };
        C::get(cell).with_context(|| format!("column {column}"))
    }

    fn number(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(fixed(self.take(4)?)?))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("truncated row")?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again<T, C: Codec<T>>(value: &T) -> T {
        let mut column = Column::default();
        C::put(value, &mut column);
        let cell = &column.elements[4..];
        C::get((!column.has_null).then_some(cell)).unwrap()
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let time: Timestamp = "1987-04-12T23:20:50.52Z".parse().unwrap();
        assert_eq!(again::<_, Plain>(&time), time);
        assert_eq!(again::<_, Plain>(&Date::constant(1999, 12, 31)), Date::constant(1999, 12, 31));
        assert_eq!(again::<_, Plain>(&Some(u64::MAX)), Some(u64::MAX));
        assert_eq!(again::<Option<u64>, Plain>(&None), None);
        let long = "é".repeat(200);
        assert_eq!(again::<_, Text>(&long), long);
        assert_eq!(again::<_, Packed>(&vec![Some(1), None]), [Some(1), None]);
    }

    #[test]
    fn a_row_that_ends_too_early_is_an_error() {
        assert!(Cells::new(&[0, 0, 0], 1).is_err());
        let mut cells = Cells::new(&[0, 0, 0, 1, 0, 0, 0, 23, 0, 0, 0, 4, 1], 1).unwrap();
        assert!(cells.next::<u32, Plain>("n").is_err());
    }
}
