//! One line of the log: a checksum and an entry as JSON.

use std::io;

use serde::Serialize;

use super::entry::Entry;
use super::ledger::Ledger;

/// Why a line is no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadLine {
    /// It is not what was written.
    Checksum,
    /// It is what was written, but this binary does not know what it means.
    Unknown,
}

impl BadLine {
    /// What is wrong, in words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Checksum => "its checksum does not fit",
            Self::Unknown => {
                "it is no entry that this version knows; a newer one may have written it"
            }
        }
    }
}

/// An entry as a line, newline included.
pub(crate) fn encode(entry: &Entry) -> io::Result<Vec<u8>> {
    line(entry)
}

/// The line that [`Entry::Ledger`] would make.
pub(crate) fn encode_ledger(ledger: &Ledger) -> io::Result<Vec<u8>> {
    /// The same JSON as [`Entry::Ledger`], without a copy of the ledger.
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Borrowed<'a> {
        Ledger(&'a Ledger),
    }
    line(&Borrowed::Ledger(ledger))
}

fn line(entry: &impl Serialize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(entry)?;
    let mut line = format!("{:08x} ", crc32fast::hash(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

/// The entry of a line without its newline.
pub(crate) fn decode(line: &[u8]) -> Result<Entry, BadLine> {
    let (checksum, rest) = line.split_at_checked(8).ok_or(BadLine::Checksum)?;
    let json = rest.strip_prefix(b" ").ok_or(BadLine::Checksum)?;
    if format!("{:08x}", crc32fast::hash(json)).as_bytes() != checksum {
        return Err(BadLine::Checksum);
    }
    serde_json::from_slice(json).map_err(|_| BadLine::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Opened;

    #[test]
    fn a_line_is_read_as_it_was_written_and_any_change_is_found() {
        let entry = Entry::Opened(Opened { epoch: 7, owner: "me".into(), ..Opened::default() });
        let line = encode(&entry).expect("encoded");
        let line = &line[..line.len() - 1];
        assert_eq!(decode(line), Ok(entry));
        for index in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.to_vec();
                changed[index] ^= 1 << bit;
                assert_eq!(decode(&changed), Err(BadLine::Checksum));
            }
            assert_eq!(decode(&line[..index]), Err(BadLine::Checksum));
        }
    }

    #[test]
    fn a_ledger_is_the_same_line_borrowed_or_owned() {
        let ledger = Ledger { committed: 3, ..Ledger::default() };
        let owned = encode(&Entry::Ledger(Box::new(ledger.clone()))).expect("encoded");
        assert_eq!(encode_ledger(&ledger).expect("encoded"), owned);
    }
}
