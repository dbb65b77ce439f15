//! Files that are dropped into a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::expectation::Expectation;
use crate::record::Record;

/// A folder that files of records are dropped into, each with a lane of its own.
#[derive(Debug)]
pub struct Drops {
    folder: PathBuf,
    number: u64,
}

impl Drops {
    /// Drops files `file-N.json` into a folder, which is made.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, number: 0 })
    }

    /// Drops a file of so many records at once, as a careful writer does: under a hidden name
    /// first, then by its own.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn drop_file(&mut self, records: u64, expectation: &mut Expectation) -> Result<()> {
        let lane = format!("file-{:05}", self.number);
        self.number += 1;
        let mut text = String::new();
        for record in (0..records).map(|number| Record::new(&lane, number)) {
            text += &record.line();
            text.push('\n');
            expectation.once(&record);
        }
        let hidden = self.folder.join(format!(".{lane}.json"));
        fs::write(&hidden, text)?;
        fs::rename(hidden, self.folder.join(Path::new(&lane).with_extension("json")))?;
        Ok(())
    }
}
