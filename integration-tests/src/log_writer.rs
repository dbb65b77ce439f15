//! A program that writes a log, and rotates it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::expectation::Expectation;
use crate::record::Record;

/// How a log is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It is renamed, and another is begun.
    Rename,
    /// It is copied, and truncated.
    Copy,
    /// It is renamed, another is begun, and the renamed one is compressed and deleted.
    Compress,
}

/// A program that writes a log `app.log`, line by line, and rotates it to `app.log.N`.
#[derive(Debug)]
pub struct LogWriter {
    folder: PathBuf,
    file: File,
    lane: String,
    number: u64,
    rotated: u64,
    /// The files keep the order of their lines, each its own.
    file_number: u64,
}

impl LogWriter {
    /// Begins a log in a folder, which is made.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(folder: &Path, lane: &str) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let file = open(&folder.join("app.log"))?;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            lane: lane.to_owned(),
            number: 0,
            rotated: 0,
            file_number: 0,
        })
    }

    /// Writes so many records, each in a line; the last line in two parts.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, records: u64, expectation: &mut Expectation) -> Result<()> {
        let mut text = String::new();
        for _ in 0..records {
            let lane = format!("{}-{}", self.lane, self.file_number);
            let record = Record::new(&lane, self.number);
            self.number += 1;
            text += &record.line();
            text.push('\n');
            expectation.once(&record);
        }
        let (first, last) = text.split_at(text.len().saturating_sub(3));
        self.file.write_all(first.as_bytes())?;
        self.file.write_all(last.as_bytes())?;
        Ok(())
    }

    /// Begins to write to what has the log's name now, as programs do when they hear of a
    /// rotation.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn reopen(&mut self) -> Result<()> {
        self.file_number += 1;
        self.file = open(&self.folder.join("app.log"))?;
        Ok(())
    }

    /// Rotates the log.
    ///
    /// # Errors
    /// If a file cannot be renamed, copied, truncated or compressed.
    pub fn rotate(&mut self, rotation: Rotation) -> Result<()> {
        self.rotated += 1;
        self.file_number += 1;
        let log = self.folder.join("app.log");
        let old = self.folder.join(format!("app.log.{}", self.rotated));
        match rotation {
            Rotation::Copy => {
                fs::copy(&log, &old)?;
                self.file.set_len(0)?;
            }
            Rotation::Rename | Rotation::Compress => {
                fs::rename(&log, &old)?;
                self.file = open(&log)?;
            }
        }
        if rotation == Rotation::Compress {
            let status = Command::new("gzip").arg(&old).status()?;
            ensure!(status.success(), "gzip ends with {status}");
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<File> {
    Ok(OpenOptions::new().create(true).append(true).open(path)?)
}
