//! The very first bytes of a file.

use std::io::{self, Read};
use std::path::Path;

use forebay_formats::text_files::{Compression, Input};

/// How many bytes are looked at: a time and what comes behind it.
const LENGTH: usize = 32;

/// The very first bytes of a file, expanded if it is compressed: what begins otherwise is no copy of
/// it, and need not be looked at to know that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    bytes: [u8; LENGTH],
    length: usize,
}

impl Head {
    /// What a file begins with. It blocks.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(path: &Path, compression: Compression) -> io::Result<Self> {
        let file = std::fs::File::open(path)?;
        let mut input = Input::new(file, compression, 0, LENGTH as u64)?.bytes;
        let mut head = Self { bytes: [0; LENGTH], length: 0 };
        while head.length < LENGTH {
            match input.read(&mut head.bytes[head.length..]) {
                Ok(0) => break,
                Ok(read) => head.length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(head)
    }

    /// Whether two files begin alike as far as both are known.
    pub(crate) fn may_begin(&self, other: &Self) -> bool {
        let length = self.length.min(other.length);
        self.bytes[..length] == other.bytes[..length]
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use forebay_formats::text_files::Compression;

    use super::Head;

    #[test]
    fn files_that_begin_otherwise_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let head = |text: &str| {
            fs::write(folder.path().join("a"), text).unwrap();
            Head::read(&folder.path().join("a"), Compression::None).unwrap()
        };
        let long = head("0123456789012345678901234567890123456789");
        assert!(long.may_begin(&head("01234567890123456789012345678901 and more")));
        assert!(long.may_begin(&head("0123")) && head("0123").may_begin(&long));
        assert!(long.may_begin(&head("")) && head("").may_begin(&head("")));
        assert!(!long.may_begin(&head("0123x")) && !long.may_begin(&head("0123456789x")));
    }
}
