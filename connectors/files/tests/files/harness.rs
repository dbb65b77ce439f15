//! Drives a source of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::AsArray;
use forebay_core::batch::Slice;
use forebay_core::clock::SystemClock;
use forebay_core::decode::Decoded;
use forebay_core::source::{Committed, Resume};
use forebay_core::split::{Grant, SplitPhase, SplitStatus};
use forebay_core::units::TimeSpan;
use forebay_core::{Position, Source, SplitId};
use forebay_files_source::{FilesConfig, FilesSource};
use tokio::time::{Instant, timeout};

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder whose files count as complete at once.
pub(crate) fn config(folder: &Path) -> FilesConfig {
    FilesConfig {
        settle: TimeSpan::from_millis(0),
        scan_interval: TimeSpan::from_millis(100),
        ..FilesConfig::new(folder)
    }
}

pub(crate) fn open(config: &FilesConfig) -> FilesSource {
    FilesSource::new(config.clone(), "files".into(), SystemClock::shared()).unwrap()
}

/// Writes a file so that it appears complete.
pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let (hidden, path) = (folder.join(format!(".{name}")), folder.join(name));
    fs::write(&hidden, content).unwrap();
    fs::rename(&hidden, &path).unwrap();
    path
}

/// A source, and where the engine would stand.
pub(crate) struct Harness {
    pub(crate) source: FilesSource,
    pub(crate) slices: Vec<Slice>,
    next: BTreeMap<SplitId, Position>,
    finished: BTreeSet<SplitId>,
    /// Slices that `texts_after` gave out.
    told: usize,
}

impl Harness {
    pub(crate) async fn new(config: FilesConfig) -> Self {
        Self::resumed(config, Resume::default()).await
    }

    pub(crate) async fn resumed(config: FilesConfig, resume: Resume) -> Self {
        let mut source = open(&config);
        source.connect(&resume).await.unwrap();
        let finished = resume.finished.into_iter().collect();
        Self { source, slices: Vec::new(), next: resume.committed, finished, told: 0 }
    }

    pub(crate) async fn splits(&mut self) -> Vec<SplitStatus> {
        self.source.splits(&self.next).await.unwrap()
    }

    /// Reads once, with these limits for each split.
    pub(crate) async fn read_limited(&mut self, records: u64, bytes: u64) -> usize {
        self.read_some(records, bytes, "").await
    }

    pub(crate) async fn read(&mut self, records: u64) -> usize {
        self.read_limited(records, 1 << 30).await
    }

    /// Reads once from one file.
    pub(crate) async fn only(&mut self, name: &str, records: u64) -> usize {
        self.read_some(records, 1 << 30, name).await
    }

    async fn read_some(&mut self, records: u64, bytes: u64, name: &str) -> usize {
        let statuses = self.splits().await;
        let grants: Vec<_> = statuses
            .into_iter()
            .filter(|status| status.phase != SplitPhase::Waiting && status.backlog != Some(0))
            .filter(|status| status.split.as_str().starts_with(name))
            .map(|status| Grant {
                from: self.next.get(&status.split).unwrap_or(&status.start).clone(),
                split: status.split,
                generation: 0,
                until: None,
                records,
                bytes,
            })
            .collect();
        let deadline = Instant::now() + PATIENCE;
        let slices = self.source.read(&grants, deadline).await.unwrap();
        for range in slices.iter().map(|slice| &slice.range) {
            assert!(range.records <= records && (range.bytes <= bytes || range.records == 1));
            self.next.insert(range.split.clone(), range.until.clone());
        }
        let count = slices.len();
        self.slices.extend(slices);
        count
    }

    /// Reads until nothing comes for so long.
    pub(crate) async fn drain(&mut self, idle: Duration) {
        while self.read(1000).await > 0 || timeout(idle, self.source.ready()).await.is_ok() {}
    }

    /// Reads until there are so many records, and tells the texts that are new.
    pub(crate) async fn texts_after(&mut self, records: usize) -> Vec<String> {
        let told = self.told;
        let reading = async {
            while self.texts()[told..].len() < records {
                if self.read(1000).await == 0 {
                    self.source.ready().await;
                }
            }
        };
        assert!(timeout(PATIENCE, reading).await.is_ok(), "only {:?} come", self.texts());
        self.told = self.texts().len();
        self.texts()[told..].to_vec()
    }

    /// Reads until this text comes.
    pub(crate) async fn texts_until(&mut self, text: &str) -> Vec<String> {
        let reading = async {
            while !self.texts().iter().any(|known| known == text) {
                if self.read(1000).await == 0 {
                    self.source.ready().await;
                }
            }
        };
        assert!(timeout(PATIENCE, reading).await.is_ok(), "{text} does not come");
        self.told = 0;
        self.texts()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        let values = self.slices.iter().map(|slice| slice.records["value"].as_binary::<i32>());
        values
            .flat_map(|values| values.iter().flatten())
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    pub(crate) async fn decode_all(&mut self) -> Vec<Decoded> {
        self.drain(Duration::from_millis(10)).await;
        let decoder = self.source.decoder();
        self.slices.iter().map(|slice| decoder.decode(&slice.records).unwrap()).collect()
    }

    /// Commits all that was read.
    pub(crate) async fn commit(&mut self) {
        let mut last = BTreeMap::new();
        for range in self.slices.iter().map(|slice| &slice.range) {
            let committed = Committed {
                split: range.split.clone(),
                generation: 0,
                position: range.until.clone(),
                finished: range.last,
            };
            last.insert(range.split.clone(), committed);
        }
        let committed: Vec<_> = last.into_values().collect();
        for done in committed.iter().filter(|done| done.finished) {
            self.next.remove(&done.split);
            self.finished.insert(done.split.clone());
        }
        self.source.commit(&committed).await.unwrap();
    }

    pub(crate) fn resume(&self) -> Resume {
        Resume { committed: self.next.clone(), finished: self.finished.iter().cloned().collect() }
    }

    /// Waits until the source reports a number.
    pub(crate) async fn observed(&mut self, key: &str, value: u64) {
        self.report(|report| report[key] == value, key).await;
    }

    /// Waits until a file is reported to be unreadable.
    pub(crate) async fn unreadable(&mut self, name: &str) {
        let named = |report: &serde_json::Value| {
            let files = report["unreadable"].as_object();
            files.is_some_and(|files| files.keys().any(|path| path.ends_with(name)))
        };
        self.report(named, name).await;
    }

    async fn report(&mut self, holds: impl Fn(&serde_json::Value) -> bool, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let report = self.source.observe().unwrap().observe();
            if holds(&report) {
                return;
            }
            assert!(Instant::now() < deadline, "{what} is not reported: {report}");
            // Looks at the folder go on by themselves; this only shows them to the source.
            let _ = timeout(Duration::from_millis(20), self.source.ready()).await;
            self.splits().await;
            self.read(0).await;
        }
    }
}
