//! A source, driven as the engine does, and files that are written.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt64Type;
use flate2::write::GzEncoder;
use forebay_core::batch::Slice;
use forebay_core::clock::SystemClock;
use forebay_core::source::{Committed, Resume};
use forebay_core::split::{Grant, SplitStatus};
use forebay_core::units::TimeSpan;
use forebay_core::{Position, Range, Source, SplitId};
use forebay_tail_source::{TailConfig, TailSource};
use serde_json::Value;
use tokio::time::{Instant, timeout};

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Files of a folder whose names end with `.log`, with short waits.
pub(crate) fn config(folder: &Path) -> TailConfig {
    TailConfig {
        rotate_wait: TimeSpan::from_millis(300),
        forget_after: TimeSpan::from_millis(300),
        scan_interval: TimeSpan::from_millis(100),
        ..TailConfig::new(folder.join("*.log"))
    }
}

pub(crate) fn open(config: &TailConfig) -> TailSource {
    TailSource::new(config.clone(), "tail".into(), SystemClock::shared()).unwrap()
}

pub(crate) fn append(path: &Path, text: impl AsRef<[u8]>) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_ref()).unwrap();
}

pub(crate) fn gzip(from: &Path, to: &Path) {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&fs::read(from).unwrap()).unwrap();
    fs::write(to, encoder.finish().unwrap()).unwrap();
}

pub(crate) fn zstd(from: &Path, to: &Path) {
    fs::write(to, zstd::encode_all(fs::read(from).unwrap().as_slice(), 1).unwrap()).unwrap();
}

/// Lines with these numbers.
pub(crate) fn lines(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

pub(crate) fn texts_of(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("line {number}")).collect()
}

/// A source, and where the engine would stand.
pub(crate) struct Harness {
    pub(crate) source: TailSource,
    pub(crate) slices: Vec<Slice>,
    pub(crate) resume: Resume,
    next: BTreeMap<SplitId, Position>,
}

impl Harness {
    pub(crate) async fn new(config: &TailConfig) -> Self {
        Self::resumed(config, Resume::default()).await
    }

    pub(crate) async fn resumed(config: &TailConfig, resume: Resume) -> Self {
        let mut source = open(config);
        source.connect(&resume).await.unwrap();
        Self { source, slices: Vec::new(), next: resume.committed.clone(), resume }
    }

    pub(crate) async fn splits(&mut self) -> Vec<SplitStatus> {
        self.source.splits(&self.next).await.unwrap()
    }

    /// Reads again what was planned before a crash; says how many records that were.
    pub(crate) async fn replayed(&mut self, planned: &[Range]) -> usize {
        self.slices.extend(self.source.replay(planned).await.unwrap());
        for range in planned {
            self.next.insert(range.split.clone(), range.until.clone());
        }
        self.texts().len()
    }

    /// Reads once, so many records of each file at most.
    pub(crate) async fn read(&mut self, records: u64) -> usize {
        let grants: Vec<_> = self
            .splits()
            .await
            .into_iter()
            .filter(|status| status.backlog != Some(0))
            .filter(|status| !self.resume.finished.contains(&status.split))
            .map(|status| Grant {
                from: self.next.get(&status.split).unwrap_or(&status.start).clone(),
                split: status.split,
                generation: 0,
                until: None,
                records,
                bytes: 1 << 30,
            })
            .collect();
        let slices = self.source.read(&grants, Instant::now() + PATIENCE).await.unwrap();
        for range in slices.iter().map(|slice| &slice.range) {
            assert!(range.records <= records);
            self.next.insert(range.split.clone(), range.until.clone());
        }
        let count = slices.len();
        self.slices.extend(slices);
        count
    }

    /// Reads until there are so many records in all.
    pub(crate) async fn until(&mut self, records: usize) -> Vec<String> {
        let reading = async {
            while self.texts().len() < records {
                if self.read(1000).await == 0 {
                    let _ = timeout(Duration::from_millis(100), self.source.ready()).await;
                }
            }
        };
        let in_time = timeout(PATIENCE, reading).await.is_ok();
        assert!(in_time, "only {:?} come: {}", self.texts(), self.report());
        self.texts()
    }

    /// Reads for a while; for what must not come.
    pub(crate) async fn watch(&mut self, time: Duration) -> Vec<String> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if self.read(1000).await == 0 {
                let _ = timeout(Duration::from_millis(50), self.source.ready()).await;
            }
        }
        self.texts()
    }

    /// All texts so far, in the order of reading.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.slices.iter().flat_map(texts).collect()
    }

    /// Commits all that was read, and forgets what may be forgotten.
    pub(crate) async fn commit(&mut self) -> Vec<SplitId> {
        let mut last = BTreeMap::new();
        for range in self.slices.iter().map(|slice| &slice.range) {
            last.insert(range.split.clone(), committed(range));
        }
        let committed: Vec<_> = last.into_values().collect();
        for done in &committed {
            if done.finished {
                self.next.remove(&done.split);
                self.resume.committed.remove(&done.split);
                self.resume.finished.push(done.split.clone());
            } else {
                self.resume.committed.insert(done.split.clone(), done.position.clone());
            }
        }
        self.source.commit(&committed).await.unwrap();
        let forgotten = self.source.forget().await;
        self.resume.committed.retain(|split, _| !forgotten.contains(split));
        self.resume.finished.retain(|split| !forgotten.contains(split));
        forgotten
    }

    pub(crate) fn report(&self) -> Value {
        self.source.observe().unwrap().observe()
    }

    /// Waits until the source reports something.
    pub(crate) async fn reported(&mut self, holds: impl Fn(&Value) -> bool, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(&self.report()) {
            assert!(Instant::now() < deadline, "{what} is not reported: {}", self.report());
            let _ = timeout(Duration::from_millis(20), self.source.ready()).await;
            self.read(1000).await;
        }
    }
}

fn committed(range: &Range) -> Committed {
    Committed {
        split: range.split.clone(),
        generation: range.generation,
        position: range.until.clone(),
        finished: range.last,
    }
}

pub(crate) fn texts(slice: &Slice) -> Vec<String> {
    let values = slice.records["value"].as_binary::<i32>();
    values.iter().flatten().map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

/// Where the records of a slice stand.
pub(crate) fn offsets(slice: &Slice) -> Vec<u64> {
    let column = slice.records["offset"].as_primitive::<UInt64Type>();
    assert_eq!(column.null_count(), 0);
    column.values().to_vec()
}
