//! What has to be there, and how it compares with what is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use crate::record::{Identity, Record, identity};
use crate::visible;

/// What has to be there.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    known: BTreeMap<Identity, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    value: Value,
    /// Whether it must be there; else it may be.
    due: bool,
}

impl Expectation {
    /// This record was acknowledged: it must be there once.
    pub fn once(&mut self, record: &Record) {
        self.insert(record.0.clone(), record.value(), true);
    }

    /// This record was sent, and no answer came: it may be there once, or not.
    pub fn at_most_once(&mut self, record: &Record) {
        self.insert(record.0.clone(), record.value(), false);
    }

    /// How many records must be there.
    #[must_use]
    pub fn due(&self) -> usize {
        self.known.values().filter(|known| known.due).count()
    }

    /// Takes over what another one expects, of other lanes.
    pub fn absorb(&mut self, other: Self) {
        self.known.extend(other.known);
    }

    fn insert(&mut self, identity: Identity, value: Value, due: bool) {
        self.known.insert(identity, Known { value, due });
    }

    /// Expects each value of the visible files of a folder once: the output of a run that nobody
    /// disturbed. `identify` tells the values apart.
    ///
    /// # Errors
    /// If a file is not whole, a value has no identity, or two have the same.
    pub fn from_undisturbed(
        folder: &Path,
        identify: impl Fn(&Value) -> Option<Identity>,
    ) -> Result<Self> {
        Self::from_values(visible::values(folder)?, identify)
    }

    /// Expects each value of the files once. `identify` tells the values apart.
    ///
    /// # Errors
    /// If a value has no identity, or two have the same.
    pub fn from_values(
        files: Vec<(PathBuf, Vec<Value>)>,
        identify: impl Fn(&Value) -> Option<Identity>,
    ) -> Result<Self> {
        let mut expectation = Self::default();
        for (path, values) in files {
            for value in values {
                let Some(identity) = identify(&value) else {
                    bail!("{}: {value} has no identity", path.display());
                };
                let known = Known { value, due: true };
                let twice = expectation.known.insert(identity.clone(), known).is_some();
                ensure!(!twice, "{}: {identity} is there twice", path.display());
            }
        }
        Ok(expectation)
    }

    /// Compares with the visible files of a folder.
    ///
    /// # Errors
    /// If a file is not whole.
    pub fn compare_folder(&self, folder: &Path) -> Result<Report> {
        Ok(self.compare(&visible::values(folder)?, identity))
    }

    /// Compares with the values of files. Order is that of each lane within each file.
    #[must_use]
    pub fn compare(
        &self,
        files: &[(PathBuf, Vec<Value>)],
        identify: impl Fn(&Value) -> Option<Identity>,
    ) -> Report {
        let mut report = Report::default();
        let mut seen: BTreeMap<Identity, usize> = BTreeMap::new();
        for (path, values) in files {
            let mut last: BTreeMap<String, u64> = BTreeMap::new();
            for value in values {
                let known = identify(value)
                    .filter(|id| self.known.get(id).is_some_and(|known| known.value == *value));
                let Some(id) = known else {
                    report.wrong.push(format!("{}: {value}", path.display()));
                    continue;
                };
                let before = last.insert(id.lane.clone(), id.number);
                if let Some(before) = before.filter(|before| *before > id.number) {
                    let place = format!("{}: {id} after {before}", path.display());
                    report.out_of_order.push(place);
                }
                report.rows += 1;
                *seen.entry(id).or_default() += 1;
            }
        }
        let due = self.known.iter().filter(|(_, known)| known.due);
        report.lost = due.map(|(id, _)| id.clone()).filter(|id| !seen.contains_key(id)).collect();
        report.duplicated = seen.into_iter().filter(|(_, times)| *times > 1).collect();
        report
    }
}

/// How what is there compares with what has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Values that are there and were expected.
    pub rows: usize,
    /// Records that must be there and are not.
    pub lost: Vec<Identity>,
    /// Records that are there more than once, and how often.
    pub duplicated: Vec<(Identity, usize)>,
    /// Values that nobody sent, with their files.
    pub wrong: Vec<String>,
    /// Records that stand behind a later one of their lane in the same file.
    pub out_of_order: Vec<String>,
}

impl Report {
    /// Each record is there as often as it has to be, as it was sent, in order.
    ///
    /// # Errors
    /// What is not so.
    pub fn clean(&self) -> Result<()> {
        let well = self.lost.is_empty()
            && self.duplicated.is_empty()
            && self.wrong.is_empty()
            && self.out_of_order.is_empty();
        ensure!(well, "{self}");
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duplicated: Vec<String> =
            self.duplicated.iter().map(|(id, times)| format!("{id} ({times} times)")).collect();
        let lost: Vec<String> = self.lost.iter().map(ToString::to_string).collect();
        write!(f, "{} rows as expected", self.rows)?;
        list(f, "lost", &lost)?;
        list(f, "duplicated", &duplicated)?;
        list(f, "wrong", &self.wrong)?;
        list(f, "out of order", &self.out_of_order)
    }
}

fn list(f: &mut fmt::Formatter<'_>, what: &str, items: &[String]) -> fmt::Result {
    const SHOWN: usize = 5;
    if items.is_empty() {
        return Ok(());
    }
    let more = if items.len() > SHOWN { ", ..." } else { "" };
    write!(f, "; {} {what}: {}{more}", items.len(), items[..items.len().min(SHOWN)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers 1 to 3 are due, 4 may be there.
    fn expectation() -> Expectation {
        let mut expectation = Expectation::default();
        for number in 1..=3 {
            expectation.once(&Record::new("a", number));
        }
        expectation.at_most_once(&Record::new("a", 4));
        expectation
    }

    fn compare(numbers: &[u64]) -> Report {
        let values = numbers.iter().map(|number| Record::new("a", *number).value()).collect();
        expectation().compare(&[(PathBuf::from("f"), values)], identity)
    }

    #[test]
    fn what_was_not_acknowledged_may_be_there_once() {
        compare(&[1, 2, 3]).clean().unwrap();
        compare(&[1, 2, 3, 4]).clean().unwrap();
        assert_eq!(compare(&[1, 2, 3, 4, 4]).duplicated[0].1, 2);
    }

    #[test]
    fn a_lost_record_is_found() {
        let report = compare(&[1, 3]);
        assert_eq!(report.lost, [Record::new("a", 2).0]);
        assert_eq!(report.clean().unwrap_err().to_string(), "2 rows as expected; 1 lost: a/2");
    }

    #[test]
    fn a_duplicate_in_another_file_is_found() {
        let file = |name: &str, numbers: &[u64]| {
            let values = numbers.iter().map(|number| Record::new("a", *number).value());
            (PathBuf::from(name), values.collect::<Vec<_>>())
        };
        let files = [file("f", &[1, 2]), file("g", &[2, 3])];
        let report = expectation().compare(&files, identity);
        assert_eq!(report.duplicated, [(Record::new("a", 2).0, 2)]);
        assert!(report.out_of_order.is_empty());
    }

    #[test]
    fn a_record_out_of_order_is_found() {
        assert_eq!(compare(&[2, 1, 3]).out_of_order, ["f: a/1 after 2"]);
    }

    #[test]
    fn a_mangled_and_an_unknown_value_are_found() {
        let mut mangled = Record::new("a", 1).value();
        mangled["text"] = "another".into();
        let values = vec![mangled, Record::new("a", 9).value(), Value::Null];
        let report = expectation().compare(&[(PathBuf::from("f"), values)], identity);
        assert_eq!((report.wrong.len(), report.lost.len()), (3, 3));
    }

    #[test]
    fn an_undisturbed_run_is_the_measure_of_a_disturbed_one() {
        let folder = tempfile::tempdir().unwrap();
        let lines: String = (0..10).map(|number| Record::new("a", number).line() + "\n").collect();
        std::fs::write(folder.path().join("x.json"), &lines).unwrap();
        let expectation = Expectation::from_undisturbed(folder.path(), identity).unwrap();
        assert_eq!(expectation.due(), 10);
        expectation.compare_folder(folder.path()).unwrap().clean().unwrap();
        std::fs::write(folder.path().join("y.json"), &lines).unwrap();
        assert!(Expectation::from_undisturbed(folder.path(), identity).is_err());
        let twice = expectation.compare_folder(folder.path()).unwrap();
        assert_eq!(twice.duplicated.len(), 10);
    }
}
