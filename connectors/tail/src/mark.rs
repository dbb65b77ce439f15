//! How far a file was read, and what tells it from another.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use forebay_core::Position;

/// How many bytes at the beginning of a file, and how many before an offset, are looked at.
pub(crate) const WINDOW: u64 = 1024;

/// How far a file was read, and what tells it from another: digests of the first bytes and of the
/// last ones before the offset, up to 1024 each, as many as were read. So the fingerprint grows
/// with the file until it has its full length.
///
/// As a position it is `OFFSET-HEAD-TAIL`: ordered by the offset, and a function of what was
/// read. `OFFSET` alone is one in a compressed file, which does not change, or one that says where
/// to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) offset: u64,
    pub(crate) print: Option<Print>,
}

/// Digests of what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    pub(crate) head: u32,
    pub(crate) tail: u32,
}

impl Mark {
    /// The beginning of any file.
    pub(crate) const START: Self = Self { offset: 0, print: None };

    /// An offset of which nothing else is known.
    pub(crate) fn bare(offset: u64) -> Self {
        Self { offset, print: None }
    }

    /// The mark of an offset in a file.
    ///
    /// # Errors
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the file is shorter.
    pub(crate) fn read(file: &File, offset: u64) -> io::Result<Self> {
        if offset == 0 {
            return Ok(Self::START);
        }
        let length = offset.min(WINDOW);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        file.read_exact_at(&mut bytes, 0)?;
        let head = crc32fast::hash(&bytes);
        file.read_exact_at(&mut bytes, offset - length)?;
        let tail = crc32fast::hash(&bytes);
        Ok(Self { offset, print: Some(Print { head, tail }) })
    }

    /// Whether a file has the same bytes up to here.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn fits(&self, file: &File) -> io::Result<bool> {
        if self.print.is_none() {
            return Ok(file.metadata()?.len() >= self.offset);
        }
        match Self::read(file, self.offset) {
            Ok(found) => Ok(found == *self),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn position(&self) -> Position {
        let Self { offset, print } = self;
        match print {
            Some(Print { head, tail }) => format!("{offset}-{head:08x}-{tail:08x}").into(),
            None => (*offset).into(),
        }
    }

    /// The mark that a position tells; none if no file has such a position.
    pub(crate) fn parse(position: &Position) -> Option<Self> {
        let mut parts = position.as_str().split('-');
        let offset = parts.next()?.parse().ok()?;
        let print = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(head), Some(tail), None) => Some(Print {
                head: u32::from_str_radix(head, 16).ok()?,
                tail: u32::from_str_radix(tail, 16).ok()?,
            }),
            _ => return None,
        };
        Some(Self { offset, print })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::{Mark, Print, WINDOW};

    proptest! {
        #[test]
        fn a_position_tells_the_mark_and_orders_by_offset(
            a: u64, b: u64, head: u32, tail: u32,
        ) {
            let first = Mark { offset: a, print: Some(Print { head, tail }) };
            let second = Mark { offset: b, print: Some(Print { head: tail, tail: head }) };
            prop_assert_eq!(Mark::parse(&first.position()), Some(first));
            if a != b {
                prop_assert_eq!(first.position().cmp(&second.position()), a.cmp(&b));
            }
            prop_assert!(Mark::bare(a).position() < first.position());
        }

        #[test]
        fn other_texts_are_no_marks(text in "[0-9a-z-]{0,12}") {
            if let Some(mark) = Mark::parse(&text.as_str().into()) {
                prop_assert_eq!(Mark::parse(&mark.position()), Some(mark));
            }
        }
    }

    #[test]
    fn a_mark_fits_what_grew_and_nothing_else() {
        let mut file = tempfile::tempfile().unwrap();
        let text = "0123456789".repeat(500);
        file.write_all(text.as_bytes()).unwrap();
        for offset in [0, 1, 500, WINDOW, WINDOW + 1, 5000] {
            let mark = Mark::read(&file, offset).unwrap();
            assert!(mark.fits(&file).unwrap(), "{offset}");
            let mut grown = tempfile::tempfile().unwrap();
            grown.write_all(format!("{text}more").as_bytes()).unwrap();
            assert!(mark.fits(&grown).unwrap(), "{offset}");
            let mut other = tempfile::tempfile().unwrap();
            other.write_all(format!("x{}", &text[1..]).as_bytes()).unwrap();
            assert_eq!(mark.fits(&other).unwrap(), offset == 0, "{offset}");
            assert_eq!(mark.fits(&tempfile::tempfile().unwrap()).unwrap(), offset == 0);
        }
    }
}
