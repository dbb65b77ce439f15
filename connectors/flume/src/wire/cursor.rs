//! Reading values one after the other.

use thiserror::Error;

/// The most bytes of a number with 64 bits.
const MAX_NUMBER_BYTES: u32 = 10;

/// What is wrong with bytes that should be Avro.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum WireError {
    #[error("it ends within a value")]
    Short,
    #[error("a number has more than 64 bits")]
    Number,
    #[error("a length of {0} bytes is announced where there are not as many")]
    Length(i64),
    #[error("a block of {0} items is announced where so many cannot be")]
    Count(i64),
    #[error("a block does not have the size that it announces")]
    Block,
    #[error("{0} names no branch of a union or an enum")]
    Branch(i64),
    #[error("a text is not UTF-8")]
    Text,
    #[error("{0} bytes follow where nothing should")]
    Trailing(usize),
    #[error("it is larger than 2 GiB")]
    Large,
}

/// A block of an array or map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// How many items it has.
    pub(crate) count: usize,
    /// Where it ends, if it said so.
    end: Option<usize>,
}

/// A place in bytes, which moves as values are read. It takes no memory, however long the values
/// say that they are.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self::at(bytes, 0)
    }

    /// Begins at an offset; beyond the end, nothing is left.
    pub(crate) fn at(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at: at.min(bytes.len()) }
    }

    /// The offset of the next value.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Bytes that are left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), WireError> {
        match self.remaining() {
            0 => Ok(()),
            more => Err(WireError::Trailing(more)),
        }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, WireError> {
        let byte = *self.bytes.get(self.at).ok_or(WireError::Short)?;
        self.at += 1;
        Ok(byte)
    }

    /// A long or an int: zig-zag, seven bits a byte, the lowest first.
    pub(crate) fn long(&mut self) -> Result<i64, WireError> {
        let mut zigzag = 0_u64;
        for index in 0..MAX_NUMBER_BYTES {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << (7 * index);
            if shifted >> (7 * index) != bits {
                return Err(WireError::Number);
            }
            zigzag |= shifted;
            if byte & 0x80 == 0 {
                return Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed());
            }
        }
        Err(WireError::Number)
    }

    /// Bytes, or the bytes of a string.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let announced = self.long()?;
        let length = usize::try_from(announced).map_err(|_| WireError::Length(announced))?;
        self.take(length).ok_or(WireError::Length(announced))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| WireError::Text)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let bytes = self.take(N).and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or(WireError::Short)
    }

    /// The index of a branch of a union, or of a symbol of an enum, that has so many.
    pub(crate) fn branch(&mut self, of: i64) -> Result<i64, WireError> {
        let branch = self.long()?;
        match (0..of).contains(&branch) {
            true => Ok(branch),
            false => Err(WireError::Branch(branch)),
        }
    }

    /// The next block of an array or map, of items of at least `least` bytes each; none after the
    /// last one. No more items are announced than can be there.
    pub(crate) fn block(&mut self, least: usize) -> Result<Option<Block>, WireError> {
        let announced = self.long()?;
        let mut end = None;
        if announced < 0 {
            // The size of the block, for those who want to skip it.
            let size = self.long()?;
            let fitting = usize::try_from(size).ok().filter(|size| *size <= self.remaining());
            end = Some(self.at + fitting.ok_or(WireError::Length(size))?);
        }
        let wrong = || WireError::Count(announced);
        let count = usize::try_from(announced.unsigned_abs()).map_err(|_| wrong())?;
        match count.checked_mul(least) {
            Some(bytes) if bytes <= self.remaining() => {
                Ok((count > 0).then_some(Block { count, end }))
            }
            _ => Err(wrong()),
        }
    }

    /// The items of a block were read: it must end here, if it said where.
    pub(crate) fn end_block(&self, block: Block) -> Result<(), WireError> {
        match block.end {
            Some(end) if end != self.at => Err(WireError::Block),
            _ => Ok(()),
        }
    }

    /// A map of strings or bytes: each pair is given to `pair`.
    pub(crate) fn pairs(
        &mut self,
        mut pair: impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result<(), WireError> {
        const LEAST: usize = 2;
        while let Some(block) = self.block(LEAST)? {
            for _ in 0..block.count {
                let (key, value) = (self.bytes()?, self.bytes()?);
                pair(key, value);
            }
            self.end_block(block)?;
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{put_bytes, put_long};

    proptest! {
        #[test]
        fn numbers_and_bytes_are_read_as_they_were_written(number: i64, bytes: Vec<u8>) {
            let mut written = Vec::new();
            put_long(&mut written, number);
            put_bytes(&mut written, &bytes);
            let mut cursor = Cursor::new(&written);
            prop_assert_eq!(cursor.long(), Ok(number));
            prop_assert_eq!(cursor.bytes(), Ok(bytes.as_slice()));
            prop_assert_eq!(cursor.end(), Ok(()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut cursor = Cursor::new(&bytes);
            let mut read = 0;
            let _ = cursor.pairs(|key, value| read += key.len() + value.len());
            prop_assert!(read <= bytes.len());
            prop_assert!(cursor.position() <= bytes.len());
        }
    }

    #[test]
    fn what_cannot_be_there_is_refused_before_it_is_read() {
        let long = |bytes: &[u8]| Cursor::new(bytes).long();
        assert_eq!(long(&[0x80; 11]), Err(WireError::Number));
        assert_eq!(
            long(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]),
            Err(WireError::Number)
        );
        assert_eq!(long(&[0x80]), Err(WireError::Short));
        assert_eq!(Cursor::new(&[0x0a, 1]).bytes(), Err(WireError::Length(5)));
        assert_eq!(Cursor::new(&[0x01]).bytes(), Err(WireError::Length(-1)));
        assert_eq!(Cursor::new(&[4]).branch(2), Err(WireError::Branch(2)));
        let block = |bytes: &[u8], least| {
            Cursor::new(bytes).block(least).map(|block| block.map_or(0, |block| block.count))
        };
        assert_eq!(block(&[6, 0, 0, 0, 0], 2), Err(WireError::Count(3)));
        assert_eq!(block(&[4, 0, 0, 0, 0], 2), Ok(2));
        // A negative count is followed by the size of the block.
        assert_eq!(block(&[3, 8, 0, 0, 0, 0], 2), Ok(2));
        assert_eq!(block(&[3, 10, 0, 0, 0, 0], 2), Err(WireError::Length(5)));
        // What it says has to be so: an event is read once more without what follows it.
        let pairs = |bytes: &[u8]| Cursor::new(bytes).pairs(|_, _| {});
        assert_eq!(pairs(&[1, 4, 0, 0, 0]), Ok(()));
        assert_eq!(pairs(&[1, 6, 0, 0, 0]), Err(WireError::Block));
        assert_eq!(pairs(&[1, 0, 0, 0, 0]), Err(WireError::Block));
        let mut least = Vec::new();
        put_long(&mut least, i64::MIN);
        least.push(0);
        assert_eq!(block(&least, 2), Err(WireError::Count(i64::MIN)));
    }
}
