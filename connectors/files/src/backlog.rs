//! How many records files still have, estimated from those that were read.

use crate::catalog::Entry;
use crate::reader::Manner;

/// Bytes after which what was learned counts half: sizes drift.
const MEMORY: f64 = 64.0 * 1024.0 * 1024.0;

/// An estimate is rounded up by one part in so many, so that it does not cut a batch short.
const MARGIN: f64 = 16.0;

/// And by so many records: sizes differ most between the last few.
const MARGIN_RECORDS: f64 = 16.0;

/// An estimated rest that is less than one part in so many of the file is too unsure to be told.
const UNSURE: f64 = 8.0;

/// What was learned of the files of a source.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backlog {
    /// Bytes of a line, as they count in positions.
    line: Mean,
    /// Expanded bytes of a byte of a compressed file.
    expansion: Mean,
    /// Records of a byte of a file that holds records in a format of its own.
    density: Mean,
}

/// How much of one thing comes with another, where what came later counts more.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    of: f64,
}

/// What was read of a file in one go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portion {
    /// The positions before the first and behind the last record.
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) records: u64,
    /// Whether the file ends there.
    pub(crate) ended: bool,
}

impl Backlog {
    /// Takes note of what was read of a file.
    pub(crate) fn learn(&mut self, manner: &Manner, entry: &Entry, read: Portion) {
        let size = entry.stamp.size as f64;
        if manner.is_table {
            if read.ended {
                self.density.add(read.until as f64, size, size);
            }
            return;
        }
        let bytes = read.until.saturating_sub(read.from) as f64;
        self.line.add(bytes, read.records as f64, bytes);
        if read.ended && !manner.is_plain(&entry.path) {
            self.expansion.add(read.until as f64, size, size);
        }
    }

    /// About how many records a file has from a position on, at least 1; none if nothing like it
    /// was read yet.
    pub(crate) fn records(&self, manner: &Manner, entry: &Entry, at: u64) -> Option<u64> {
        let (size, at) = (entry.stamp.size as f64, at as f64);
        if manner.is_table {
            return match entry.total {
                Some(total) => Some((total as f64 - at).max(1.0) as u64),
                None => rest(size * self.density.value()?, at).map(rounded),
            };
        }
        let line = entry.line.or(self.line.value())?;
        let bytes = match manner.is_plain(&entry.path) {
            true => (size - at).max(1.0),
            false => rest(size * self.expansion.value()?, at)?,
        };
        Some(rounded(bytes / line))
    }
}

impl Mean {
    /// So much of one came with so much of the other, in so many bytes.
    fn add(&mut self, sum: f64, of: f64, bytes: f64) {
        if sum <= 0.0 || of <= 0.0 {
            return;
        }
        let kept = 0.5_f64.powf(bytes / MEMORY);
        self.sum = self.sum * kept + sum;
        self.of = self.of * kept + of;
    }

    fn value(&self) -> Option<f64> {
        (self.of > 0.0).then_some(self.sum / self.of)
    }
}

/// What is left of a whole that is itself an estimate.
fn rest(whole: f64, at: f64) -> Option<f64> {
    let left = whole - at;
    (left * UNSURE > whole).then_some(left)
}

fn rounded(records: f64) -> u64 {
    (records + records / MARGIN + MARGIN_RECORDS) as u64
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use forebay_formats::text_files::Compression;
    use forebay_formats::{Decoding, Format};

    use super::{Backlog, Portion};
    use crate::catalog::{Entry, State};
    use crate::identity::{Identity, Stamp};
    use crate::reader::Manner;

    fn manner(format: Format, is_table: bool) -> Manner {
        let decoding = Decoding { format, ..Decoding::default() };
        Manner { decoding, compression: Compression::Auto, max_line: 1000, is_table }
    }

    fn entry(name: &str, size: u64) -> Entry {
        let stamp = Stamp { size, modified: 0, body: 0 };
        let identity = Identity { name: name.into(), stamp, head: 0 };
        Entry::new(identity, PathBuf::from(name), stamp, None, State::Ready)
    }

    /// Not less than there are, and not many more.
    fn about(found: Option<u64>, records: u64) {
        let found = found.unwrap();
        assert!(found >= records && found <= records + records / 15 + 17, "{found} for {records}");
    }

    #[test]
    fn lines_are_estimated_by_the_mean_and_by_what_the_file_had_last() {
        let manner = manner(Format::Text, false);
        let mut backlog = Backlog::default();
        assert_eq!(backlog.records(&manner, &entry("b", 1000), 0), None);
        let read = Portion { from: 0, until: 50_000, records: 500, ended: false };
        backlog.learn(&manner, &entry("a", 200_000), read);
        about(backlog.records(&manner, &entry("a", 200_000), 50_000), 1500);
        about(backlog.records(&manner, &entry("b", 1_000_000), 0), 10_000);
        let mut own = entry("c", 1_000_000);
        own.line = Some(10.0);
        about(backlog.records(&manner, &own, 0), 100_000);
        let left = backlog.records(&manner, &entry("b", 1_000_000), 999_999);
        assert!(left > Some(0), "{left:?}");
    }

    #[test]
    fn compressed_files_are_estimated_by_how_far_others_expanded() {
        let manner = manner(Format::Text, false);
        let mut backlog = Backlog::default();
        let read = Portion { from: 0, until: 100_000, records: 1000, ended: true };
        backlog.learn(&manner, &entry("a.gz", 20_000), read);
        about(backlog.records(&manner, &entry("b.gz", 40_000), 0), 2000);
        about(backlog.records(&manner, &entry("b.gz", 40_000), 100_000), 1000);
        assert_eq!(backlog.records(&manner, &entry("b.gz", 40_000), 199_000), None, "unsure");
        assert_eq!(backlog.records(&manner, &entry("b.gz", 40_000), 300_000), None);
    }

    #[test]
    fn a_file_that_tells_its_records_is_taken_by_its_word() {
        let manner = manner(Format::Parquet, true);
        let mut backlog = Backlog::default();
        let mut told = entry("a", 20_000);
        told.total = Some(5000);
        assert_eq!(backlog.records(&manner, &told, 1000), Some(4000));
        assert_eq!(backlog.records(&manner, &entry("b", 10_000), 0), None);
        let read = Portion { from: 4000, until: 5000, records: 1000, ended: true };
        backlog.learn(&manner, &told, read);
        about(backlog.records(&manner, &entry("b", 10_000), 0), 2500);
    }

    #[test]
    fn what_came_later_counts_more() {
        let manner = manner(Format::Text, false);
        let mut backlog = Backlog::default();
        for (line, reads) in [(1000, 20), (10, 10)] {
            for _ in 0..reads {
                let until = 64 << 20;
                let read = Portion { from: 0, until, records: until / line, ended: false };
                backlog.learn(&manner, &entry("a", 1 << 30), read);
            }
        }
        about(backlog.records(&manner, &entry("b", 1_000_000), 0), 100_000);
    }
}
