//! The fields of a protobuf message.

use std::ops::Range;

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A number of variable length.
    Number(u64),
    /// Where the bytes stand in the record that the message is a part of.
    Bytes(Range<u32>),
    /// Four or eight bytes, which nobody here asks for.
    Fixed,
}

/// The fields of a message, in the order in which they stand there: number and value.
/// [The encoding](https://protobuf.dev/programming-guides/encoding/). A `None` ends a message that
/// is broken.
pub(crate) struct Fields<'a> {
    message: &'a [u8],
    at: usize,
    /// Where the message stands in the record.
    start: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8], start: usize) -> Self {
        Self { message, at: 0, start }
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = *self.message.get(self.at)?;
            self.at += 1;
            if shift == 63 && byte > 1 {
                return None;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn skip(&mut self, length: usize) -> Option<Range<u32>> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.message.len())?;
        let place = |at: usize| u32::try_from(self.start + at).ok();
        let range = place(self.at)?..place(end)?;
        self.at = end;
        Some(range)
    }

    fn field(&mut self) -> Option<(u64, Value)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.skip(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.skip(length)?)
            }
            5 => self.skip(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some((tag >> 3, value)).filter(|(number, _)| *number > 0)
    }
}

impl Iterator for Fields<'_> {
    type Item = Option<(u64, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.message.len() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.at = self.message.len();
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_all_kinds() {
        let message = b"\x08\x96\x01\x12\x02hi\x1d1234\x2112345678";
        let fields: Vec<_> = Fields::of(message, 10).map(Option::unwrap).collect();
        assert_eq!(
            fields,
            [
                (1, Value::Number(150)),
                (2, Value::Bytes(15..17)),
                (3, Value::Fixed),
                (4, Value::Fixed)
            ]
        );
    }

    #[test]
    fn broken_messages_end_with_nothing() {
        for message in [
            &b"\x08"[..],
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            b"\x12\x05hi",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x0b",
            b"\x00\x01",
        ] {
            assert_eq!(Fields::of(message, 0).last(), Some(None), "{message:?}");
        }
    }
}
