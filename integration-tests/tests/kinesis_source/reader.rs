//! Drives a source the way the engine does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use arrow::array::{Array, AsArray};
use forebay_core::component::{BuildContext, Component, Input, SourceComponent};
use forebay_core::source::{Committed, Resume, SourceError};
use forebay_core::split::{Grant, SplitPhase};
use forebay_core::{Position, Source, SplitId};
use forebay_integration_tests::servers::Kinesis;
use forebay_kinesis_source::{Kinesis as KinesisComponent, KinesisConfig};
use tokio::time::{Instant, timeout};

/// The longest that anything may take.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A source of a stream, not yet connected.
pub(crate) fn source(kinesis: &Kinesis, stream: &str, options: &str) -> Result<Box<dyn Source>> {
    build(&format!("stream = \"{stream}\"\n{}\n{options}", kinesis.options()))
}

/// A source of these options.
pub(crate) fn build(options: &str) -> Result<Box<dyn Source>> {
    let config: KinesisConfig = toml::from_str(options)?;
    let problems = KinesisComponent::check(&config);
    ensure!(problems.is_empty(), "{problems:?}");
    let context = BuildContext {
        name: "orders".into(),
        pipeline: "test".into(),
        base: PathBuf::from("/"),
        instance: "1".into(),
    };
    match KinesisComponent::build(config, &context) {
        Ok(Input::Source(source)) => Ok(source),
        Ok(Input::Receiver(_)) => bail!("no source"),
        Err(problem) => bail!("{problem:?}"),
    }
}

/// A connected source, and where it stands.
pub(crate) struct Reader {
    pub(crate) source: Box<dyn Source>,
    next: BTreeMap<SplitId, Position>,
    drained: BTreeSet<SplitId>,
    open: BTreeMap<SplitId, Committed>,
    /// The data of each record, in the order of reading.
    pub(crate) read: Vec<Vec<u8>>,
}

impl Reader {
    pub(crate) async fn connect(mut source: Box<dyn Source>) -> Result<Self> {
        source.connect(&Resume::default()).await?;
        let (next, drained, open) = Default::default();
        Ok(Self { source, next, drained, open, read: Vec::new() })
    }

    /// Reads what is there.
    pub(crate) async fn step(&mut self) -> Result<(), SourceError> {
        let statuses = self.source.splits(&self.next).await?;
        let mut grants = Vec::new();
        for status in statuses {
            let split = status.split;
            if self.drained.contains(&split) {
                continue;
            }
            let from = self.next.entry(split.clone()).or_insert(status.start).clone();
            let may = matches!(status.phase, SplitPhase::Active | SplitPhase::Ended);
            if may && status.backlog != Some(0) {
                let generation = status.generation;
                let (records, bytes) = (1_000, 1 << 24);
                grants.push(Grant { split, generation, from, until: None, records, bytes });
            }
        }
        if grants.is_empty() {
            // It may be wrong about being ready.
            let _ = timeout(Duration::from_millis(100), self.source.ready()).await;
            return Ok(());
        }
        let deadline = Instant::now() + Duration::from_millis(500);
        for slice in self.source.read(&grants, deadline).await? {
            let range = slice.range;
            self.next.insert(range.split.clone(), range.until.clone());
            if range.last {
                self.drained.insert(range.split.clone());
            }
            let committed = Committed {
                split: range.split.clone(),
                generation: range.generation,
                position: range.until,
                finished: range.last,
            };
            self.open.insert(range.split, committed);
            let data = slice.records["data"].as_binary::<i32>();
            self.read.extend((0..data.len()).map(|row| data.value(row).to_vec()));
        }
        Ok(())
    }

    /// Commits what was read.
    pub(crate) async fn commit(&mut self) -> Result<()> {
        let committed: Vec<Committed> = std::mem::take(&mut self.open).into_values().collect();
        for it in committed.iter().filter(|it| it.finished) {
            self.next.remove(&it.split);
        }
        Ok(self.source.commit(&committed).await?)
    }

    /// Reads and commits until so many records came.
    pub(crate) async fn read_so_many(&mut self, records: usize) -> Result<()> {
        let deadline = Instant::now() + LONG;
        while self.read.len() < records {
            ensure!(Instant::now() < deadline, "{} of {records} records came", self.read.len());
            match self.step().await {
                Ok(()) => self.commit().await?,
                Err(SourceError::Transient(_)) => {
                    tokio::time::sleep(Duration::from_millis(50)).await
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
