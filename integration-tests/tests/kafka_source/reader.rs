//! Drives a source the way the engine does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use forebay_core::batch::Slice;
use forebay_core::component::{BuildContext, Component, Input, SourceComponent};
use forebay_core::source::{Committed, Positions, Resume, SourceError};
use forebay_core::split::{Grant, SplitPhase, SplitStatus};
use forebay_core::{Position, Source, SplitId};
use forebay_integration_tests::servers::Kafka;
use forebay_kafka_source::{Kafka as KafkaComponent, KafkaConfig};
use tokio::time::Instant;

/// The longest that anything may take.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A source that is not connected yet.
pub(crate) fn source(kafka: &Kafka, options: &str) -> Result<Box<dyn Source>> {
    let brokers: Vec<String> =
        kafka.bootstrap().split(',').map(|broker| format!("{broker:?}")).collect();
    build(&format!("brokers = [{}]\n{options}", brokers.join(", ")))
}

/// A source of these options.
pub(crate) fn build(options: &str) -> Result<Box<dyn Source>> {
    let config: KafkaConfig = toml::from_str(options)?;
    let problems = KafkaComponent::check(&config);
    ensure!(problems.is_empty(), "{problems:?}");
    let context = BuildContext {
        name: "orders".into(),
        pipeline: "test".into(),
        base: PathBuf::from("/"),
        instance: "1".into(),
    };
    match KafkaComponent::build(config, &context) {
        Ok(Input::Source(source)) => Ok(source),
        Ok(Input::Receiver(_)) => bail!("no source"),
        Err(problem) => bail!("{problem:?}"),
    }
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Read {
    pub(crate) split: String,
    pub(crate) offset: i64,
    pub(crate) value: Option<String>,
}

/// A connected source, and where it stands.
pub(crate) struct Reader {
    pub(crate) source: Box<dyn Source>,
    pub(crate) next: BTreeMap<SplitId, Position>,
    generations: BTreeMap<SplitId, u64>,
    /// The records of each, in the order of reading.
    pub(crate) read: Vec<Read>,
    pub(crate) slices: Vec<Slice>,
}

impl Reader {
    pub(crate) async fn connect(source: Box<dyn Source>) -> Result<Self> {
        Self::resume(source, &Resume::default()).await
    }

    pub(crate) async fn resume(mut source: Box<dyn Source>, resume: &Resume) -> Result<Self> {
        source.connect(resume).await?;
        let next = match source.positions() {
            Positions::Checkpoint => resume.committed.clone(),
            Positions::Source => BTreeMap::new(),
        };
        let generations = next.keys().map(|split| (split.clone(), 0)).collect();
        Ok(Self { source, next, generations, read: Vec::new(), slices: Vec::new() })
    }

    /// Asks for the splits, and takes up those that are new or back.
    pub(crate) async fn splits(&mut self) -> Result<Vec<SplitStatus>, SourceError> {
        let all = self.source.splits(&self.next).await?;
        for status in &all {
            let known = self.generations.get(&status.split);
            if known.is_none_or(|known| *known < status.generation) {
                self.next.insert(status.split.clone(), status.start.clone());
                self.generations.insert(status.split.clone(), status.generation);
            }
        }
        Ok(all)
    }

    /// Grants so many records to each split that has some.
    pub(crate) async fn grants(&mut self, records: u64) -> Result<Vec<Grant>, SourceError> {
        let all = self.splits().await?;
        let open = all.into_iter().filter(|status| {
            let is_readable = matches!(status.phase, SplitPhase::Active | SplitPhase::Ended);
            is_readable && status.backlog != Some(0)
        });
        let grant = |status: SplitStatus| Grant {
            from: self.next[&status.split].clone(),
            split: status.split,
            generation: status.generation,
            until: None,
            records,
            bytes: 16 << 20,
        };
        Ok(open.map(grant).collect())
    }

    /// Reads once; says how many records came.
    pub(crate) async fn step(&mut self, records: u64) -> Result<usize, SourceError> {
        let grants = self.grants(records).await?;
        if grants.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
            return Ok(0);
        }
        let deadline = Instant::now() + Duration::from_millis(500);
        let slices = self.source.read(&grants, deadline).await?;
        let before = self.read.len();
        for slice in slices {
            self.next.insert(slice.range.split.clone(), slice.range.until.clone());
            self.read.extend(rows(&slice));
            self.slices.push(slice);
        }
        Ok(self.read.len() - before)
    }

    /// Reads until so many records came in all, passing over what may mend itself.
    pub(crate) async fn read_until(&mut self, count: usize) -> Result<()> {
        let deadline = Instant::now() + LONG;
        while self.read.len() < count {
            match self.step(10_000).await {
                Ok(_) => {}
                Err(SourceError::Transient(_)) => {
                    tokio::time::sleep(Duration::from_millis(100)).await
                }
                Err(error) => return Err(error.into()),
            }
            if Instant::now() > deadline {
                bail!("{} of {count} records came in {LONG:?}", self.read.len());
            }
        }
        ensure!(self.read.len() == count, "{} records came instead of {count}", self.read.len());
        Ok(())
    }

    /// Reads until no split has a backlog.
    pub(crate) async fn drain(&mut self) -> Result<()> {
        let deadline = Instant::now() + LONG;
        while !self.grants(1).await?.is_empty() {
            self.step(10_000).await?;
            ensure!(
                Instant::now() < deadline,
                "there is a backlog after {LONG:?}: {:?}",
                self.splits().await?
            );
        }
        Ok(())
    }

    /// Goes on until an error that ends the pipeline.
    pub(crate) async fn until_failure(&mut self) -> Result<SourceError> {
        let deadline = Instant::now() + LONG;
        loop {
            match self.step(10_000).await {
                Ok(_) | Err(SourceError::Transient(_)) => {}
                Err(error) => return Ok(error),
            }
            ensure!(Instant::now() < deadline, "nothing failed in {LONG:?}");
        }
    }

    /// Commits all that was read.
    pub(crate) async fn commit(&mut self) -> Result<()> {
        let committed: Vec<Committed> = self
            .next
            .iter()
            .map(|(split, position)| Committed {
                split: split.clone(),
                generation: self.generations[split],
                position: position.clone(),
                finished: false,
            })
            .collect();
        Ok(self.source.commit(&committed).await?)
    }

    /// The numbers that were read, sorted.
    pub(crate) fn numbers(&self) -> Result<Vec<u32>> {
        let number = |read: &Read| {
            let text = read.value.as_deref().context("a tombstone")?;
            text.parse().map_err(|_| anyhow!("`{text}` is no number"))
        };
        let mut numbers: Vec<u32> = self.read.iter().map(number).collect::<Result<_>>()?;
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Whether each split was read in the order of its offsets, none twice.
    pub(crate) fn ensure_order(&self) -> Result<()> {
        let mut last: BTreeMap<&str, i64> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for read in &self.read {
            ensure!(seen.insert((&read.split, read.offset)), "{read:?} came twice");
            let before = last.insert(&read.split, read.offset);
            ensure!(
                before.is_none_or(|before| before < read.offset),
                "{read:?} came after {before:?}"
            );
        }
        Ok(())
    }

    pub(crate) async fn observed(&self) -> serde_json::Value {
        self.source.observe().map(|it| it.observe()).unwrap_or_default()
    }
}

fn rows(slice: &Slice) -> Vec<Read> {
    let column = |name| slice.records.column_by_name(name).expect("a column");
    let values = column("value").as_binary::<i32>();
    let offsets = column("offset").as_primitive::<Int64Type>();
    values
        .iter()
        .zip(offsets.values())
        .map(|(value, offset)| Read {
            split: slice.range.split.to_string(),
            offset: *offset,
            value: value.map(|value| String::from_utf8_lossy(value).into_owned()),
        })
        .collect()
}
