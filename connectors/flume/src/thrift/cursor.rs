//! Values of Thrift's
//! [compact](https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md) and
//! [binary](https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md)
//! protocol.

use thiserror::Error;

/// How deep values may lie within each other that nobody asked for.
const MAX_DEPTH: u32 = 16;

/// What is wrong with bytes that should be Thrift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum ThriftError {
    #[error("it ends within a value")]
    Short,
    #[error("a number has too many bits")]
    Number,
    #[error("{0} bytes or items are announced where there are not as many")]
    Length(i64),
    #[error("there is no type {0}")]
    Type(u8),
    #[error("it is a value of another type than it should be")]
    Mismatch,
    #[error("an event has no headers or no body")]
    Missing,
    #[error("it lies too deep")]
    Depth,
    #[error("it is no call of a version that is known")]
    Version,
    #[error("{0} bytes follow where nothing should")]
    Trailing(usize),
    #[error("its events are larger than 2 GiB")]
    Large,
}

/// One of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Compact,
    Binary,
}

impl Dialect {
    /// The protocol of a message that begins with this byte.
    pub(crate) fn of(byte: u8) -> Option<Self> {
        match byte {
            0x82 => Some(Self::Compact),
            0x80 => Some(Self::Binary),
            _ => None,
        }
    }
}

/// What a value is. A boolean of a compact field has its value with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// So many bytes, always.
    Fixed(usize),
    /// A number of a compact message.
    Varint,
    Bytes,
    List,
    Map,
    Struct,
}

/// A place in a message, which moves as values are read.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(crate) dialect: Dialect,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], dialect: Dialect) -> Self {
        Self { bytes, at: 0, dialect }
    }

    fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), ThriftError> {
        match self.remaining() {
            0 => Ok(()),
            more => Err(ThriftError::Trailing(more)),
        }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, ThriftError> {
        let byte = *self.bytes.get(self.at).ok_or(ThriftError::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ThriftError> {
        let end = self.at.checked_add(length).ok_or(ThriftError::Short)?;
        let taken = self.bytes.get(self.at..end).ok_or(ThriftError::Short)?;
        self.at = end;
        Ok(taken)
    }

    /// A number of 32 bits, the highest byte first.
    pub(crate) fn int(&mut self) -> Result<i32, ThriftError> {
        let bytes = self.take(4)?.try_into().map_err(|_| ThriftError::Short)?;
        Ok(i32::from_be_bytes(bytes))
    }

    /// A number without a sign, seven bits a byte, the lowest first.
    pub(crate) fn varint(&mut self) -> Result<u64, ThriftError> {
        const MAX_BYTES: u32 = 10;
        let mut number = 0_u64;
        for index in 0..MAX_BYTES {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << (7 * index);
            if shifted >> (7 * index) != bits {
                return Err(ThriftError::Number);
            }
            number |= shifted;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(ThriftError::Number)
    }

    /// How many bytes or items follow, of which each takes at least `least` bytes.
    fn length(&mut self, least: usize) -> Result<usize, ThriftError> {
        let announced = match self.dialect {
            Dialect::Compact => i64::try_from(self.varint()?).map_err(|_| ThriftError::Number)?,
            Dialect::Binary => i64::from(self.int()?),
        };
        self.fits(announced, least)
    }

    fn fits(&self, announced: i64, least: usize) -> Result<usize, ThriftError> {
        usize::try_from(announced)
            .ok()
            .filter(|count| count.checked_mul(least).is_some_and(|size| size <= self.remaining()))
            .ok_or(ThriftError::Length(announced))
    }

    /// Bytes, or the bytes of a text.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], ThriftError> {
        let length = self.length(1)?;
        self.take(length)
    }

    /// The type and number of the next field of a struct, after the one with the number `last`;
    /// none after the last one.
    pub(crate) fn field(&mut self, last: i16) -> Result<Option<(Kind, i16)>, ThriftError> {
        let byte = self.byte()?;
        match self.dialect {
            Dialect::Compact => {
                if byte == 0 {
                    return Ok(None);
                }
                let (step, kind) = (i16::from(byte >> 4), byte & 0x0f);
                let id = match step {
                    0 => {
                        let zigzag = self.varint()?;
                        let id = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
                        i16::try_from(id).map_err(|_| ThriftError::Number)?
                    }
                    step => last.checked_add(step).ok_or(ThriftError::Number)?,
                };
                // The value of a boolean is its type.
                let kind = if matches!(kind, 1 | 2) { Kind::Fixed(0) } else { self.kind(kind)? };
                Ok(Some((kind, id)))
            }
            Dialect::Binary if byte == 0 => Ok(None),
            Dialect::Binary => {
                let kind = self.kind(byte)?;
                let id = self.take(2)?.try_into().map_err(|_| ThriftError::Short)?;
                Ok(Some((kind, i16::from_be_bytes(id))))
            }
        }
    }

    /// How many items follow in a list or set, and of which type.
    pub(crate) fn list(&mut self) -> Result<(Kind, usize), ThriftError> {
        let byte = self.byte()?;
        match self.dialect {
            Dialect::Binary => Ok((self.kind(byte)?, self.length(1)?)),
            Dialect::Compact => {
                let kind = self.kind(byte & 0x0f)?;
                let count = match byte >> 4 {
                    15 => self.length(1)?,
                    few => self.fits(i64::from(few), 1)?,
                };
                Ok((kind, count))
            }
        }
    }

    /// How many pairs follow in a map, and of which types.
    pub(crate) fn map(&mut self) -> Result<(Kind, Kind, usize), ThriftError> {
        match self.dialect {
            Dialect::Binary => {
                let (key, value) = (self.byte()?, self.byte()?);
                let count = self.length(2)?;
                Ok((self.kind(key)?, self.kind(value)?, count))
            }
            Dialect::Compact => {
                let count = self.length(2)?;
                if count == 0 {
                    return Ok((Kind::Bytes, Kind::Bytes, 0));
                }
                let kinds = self.byte()?;
                Ok((self.kind(kinds >> 4)?, self.kind(kinds & 0x0f)?, count))
            }
        }
    }

    fn kind(&self, byte: u8) -> Result<Kind, ThriftError> {
        Ok(match (self.dialect, byte) {
            (Dialect::Compact, 1..=3) | (Dialect::Binary, 2 | 3) => Kind::Fixed(1),
            (Dialect::Compact, 4..=6) => Kind::Varint,
            (Dialect::Binary, 6) => Kind::Fixed(2),
            (Dialect::Binary, 8) => Kind::Fixed(4),
            (Dialect::Compact, 7) | (Dialect::Binary, 4 | 10) => Kind::Fixed(8),
            (Dialect::Compact, 8) | (Dialect::Binary, 11) => Kind::Bytes,
            (Dialect::Compact, 9 | 10) | (Dialect::Binary, 14 | 15) => Kind::List,
            (Dialect::Compact, 11) | (Dialect::Binary, 13) => Kind::Map,
            (Dialect::Compact, 12) | (Dialect::Binary, 12) => Kind::Struct,
            (_, other) => return Err(ThriftError::Type(other)),
        })
    }

    /// Passes over a value.
    pub(crate) fn skip(&mut self, kind: Kind) -> Result<(), ThriftError> {
        self.skip_at(kind, 0)
    }

    fn skip_at(&mut self, kind: Kind, depth: u32) -> Result<(), ThriftError> {
        if depth > MAX_DEPTH {
            return Err(ThriftError::Depth);
        }
        match kind {
            Kind::Fixed(size) => self.take(size).map(drop),
            Kind::Varint => self.varint().map(drop),
            Kind::Bytes => self.bytes().map(drop),
            Kind::List => {
                let (item, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_at(item, depth + 1))
            }
            Kind::Map => {
                let (key, value, count) = self.map()?;
                (0..count).try_for_each(|_| {
                    self.skip_at(key, depth + 1)?;
                    self.skip_at(value, depth + 1)
                })
            }
            Kind::Struct => {
                let mut last = 0;
                while let Some((kind, id)) = self.field(last)? {
                    self.skip_at(kind, depth + 1)?;
                    last = id;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_passed_over_or_refused(bytes: Vec<u8>, compact: bool) {
            let dialect = if compact { Dialect::Compact } else { Dialect::Binary };
            let mut cursor = Cursor::new(&bytes, dialect);
            let _ = cursor.skip(Kind::Struct);
            prop_assert!(cursor.at <= bytes.len());
        }
    }

    #[test]
    fn what_nobody_asked_for_is_passed_over() {
        // A struct with a boolean, an i32, a list of two i16, a map, a double and a struct.
        let compact =
            b"\x11\x15\x0a\x19\x24\x02\x04\x1b\x01\x83\x01k\x07\x17\0\0\0\0\0\0\0\0\x1c\0\0";
        let mut cursor = Cursor::new(compact, Dialect::Compact);
        assert_eq!(cursor.skip(Kind::Struct), Ok(()));
        assert_eq!(cursor.end(), Ok(()));
        let binary = b"\x02\0\x01\x01\x08\0\x02\0\0\0\x05\x0f\0\x03\x06\0\0\0\x02\0\x01\0\x02\
                       \x0d\0\x04\x0b\x03\0\0\0\x01\0\0\0\x01k\x07\x0c\0\x05\0\0";
        let mut cursor = Cursor::new(binary, Dialect::Binary);
        assert_eq!(cursor.skip(Kind::Struct), Ok(()));
        assert_eq!(cursor.end(), Ok(()));
    }

    #[test]
    fn what_cannot_be_there_is_refused_before_it_is_read() {
        let refused =
            |bytes: &[u8], dialect| Cursor::new(bytes, dialect).skip(Kind::Struct).unwrap_err();
        assert_eq!(refused(b"\x19\xf4\xff\x01", Dialect::Compact), ThriftError::Length(255));
        assert_eq!(refused(b"\x18\x05a", Dialect::Compact), ThriftError::Length(5));
        assert_eq!(refused(b"\x1e", Dialect::Compact), ThriftError::Type(14));
        assert_eq!(
            refused(b"\x0b\0\x01\xff\xff\xff\xff", Dialect::Binary),
            ThriftError::Length(-1)
        );
        assert_eq!(refused(&[0x1c; 100], Dialect::Compact), ThriftError::Depth);
    }
}
