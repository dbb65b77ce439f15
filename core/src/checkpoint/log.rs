//! What stands in the bytes of a log.

use super::entry::{Entry, Opened};
use super::ledger::Ledger;
use super::line;

/// What stands in the bytes of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Log {
    /// The whole entries, up to the first damage.
    pub(crate) entries: Vec<ShownEntry>,
    /// What they amount to.
    pub(crate) ledger: Ledger,
    /// Where the last whole entry ends, in bytes.
    pub(crate) end: u64,
    /// How many bytes of a torn write follow.
    pub(crate) torn: u64,
    /// The first line that is damaged.
    pub(crate) damage: Option<Damage>,
}

/// An entry and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownEntry {
    /// Its line, from 1.
    pub line: usize,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// The entry.
    pub entry: Entry,
}

/// A line that is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The line, from 1.
    pub line: usize,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// What is wrong with it.
    pub what: String,
    /// Whether a newer version wrote it, so that it is not damaged but not readable either.
    pub newer: bool,
}

/// Reads a log. A last line without its newline, or with NUL bytes in it, is a torn write; any
/// other line that is no entry, or cannot follow the ones before it, is damage.
pub(crate) fn parse(bytes: &[u8]) -> Log {
    let mut log = Log::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let newline = rest.iter().position(|byte| *byte == b'\n');
        let (text, after) = match newline {
            Some(newline) => (&rest[..newline], &rest[newline + 1..]),
            None => (rest, &[][..]),
        };
        let is_last = after.is_empty();
        if newline.is_none() || is_last && text.contains(&0) {
            log.torn = rest.len() as u64;
            break;
        }
        if let Err(damage) = log.push(text) {
            log.damage = Some(damage);
            break;
        }
        log.end += text.len() as u64 + 1;
        rest = after;
    }
    log
}

impl Log {
    fn push(&mut self, text: &[u8]) -> Result<(), Damage> {
        let (line, offset) = (self.entries.len() + 1, self.end);
        let damage = |what: String, newer| Damage { line, offset, what, newer };
        let entry = line::decode(text)
            .map_err(|bad| damage(bad.text().to_owned(), bad == line::BadLine::Unknown))?;
        if let Some(version) = version(&entry).filter(|version| *version > Opened::VERSION) {
            let what = format!(
                "it has version {version} of the schema, and this binary knows versions up to {}",
                Opened::VERSION
            );
            return Err(damage(what, true));
        }
        let opens = matches!(entry, Entry::Opened(_) | Entry::Ledger(_));
        if line == 1 && !opens {
            return Err(damage("the log does not begin with an opening".to_owned(), false));
        }
        if line > 1 && matches!(entry, Entry::Ledger(_)) {
            return Err(damage("a ledger stands behind other entries".to_owned(), false));
        }
        self.ledger.apply(entry.clone()).map_err(|what| damage(what, false))?;
        self.entries.push(ShownEntry { line, offset, entry });
        Ok(())
    }
}

fn version(entry: &Entry) -> Option<u32> {
    match entry {
        Entry::Opened(opened) => Some(opened.version),
        Entry::Ledger(ledger) => Some(ledger.opened.version),
        Entry::Plan(_) | Entry::Commit(_) => None,
    }
}
