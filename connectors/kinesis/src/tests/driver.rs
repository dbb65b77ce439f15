//! Drives a source the way the engine does, without its checks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray};
use forebay_core::batch::Slice;
use forebay_core::component::BuildContext;
use forebay_core::source::{Committed, Resume, SourceError};
use forebay_core::split::{Grant, SplitPhase, SplitStatus};
use forebay_core::{Position, Source, SplitId};
use tokio::time::{Instant, timeout};

use super::script::Script;
use crate::config::KinesisConfig;
use crate::source::KinesisSource;

/// A source over a script, not yet connected.
pub(crate) fn source(script: &Arc<Script>, options: &str) -> KinesisSource {
    let text = format!("stream = \"orders\"\nformat = \"bytes\"\n{options}");
    let config: KinesisConfig = toml::from_str(&text).unwrap();
    let context = BuildContext {
        name: "orders".into(),
        pipeline: "p".into(),
        base: std::path::PathBuf::new(),
        instance: "i".into(),
    };
    KinesisSource::new(config, &context).unwrap().over(Arc::<Script>::clone(script))
}

/// A connected source, and where it stands.
pub(crate) struct Driver {
    pub(crate) source: KinesisSource,
    pub(crate) next: BTreeMap<SplitId, Position>,
    generations: BTreeMap<SplitId, u64>,
    /// Read to their end.
    drained: BTreeSet<SplitId>,
    /// What was read and not committed, by split.
    pub(crate) open: BTreeMap<SplitId, Committed>,
    pub(crate) slices: Vec<Slice>,
}

impl Driver {
    pub(crate) async fn connect(mut source: KinesisSource) -> Self {
        source.connect(&Resume::default()).await.unwrap();
        Self::on(source, BTreeMap::new())
    }

    pub(crate) fn on(source: KinesisSource, next: BTreeMap<SplitId, Position>) -> Self {
        let generations = next.keys().map(|split| (split.clone(), 0)).collect();
        let drained = BTreeSet::new();
        Self { source, next, generations, drained, open: BTreeMap::new(), slices: Vec::new() }
    }

    pub(crate) async fn splits(&mut self) -> Result<Vec<SplitStatus>, SourceError> {
        let statuses = self.source.splits(&self.next).await?;
        for status in &statuses {
            let known = self.generations.insert(status.split.clone(), status.generation);
            if known.is_some_and(|known| known < status.generation) {
                self.next.remove(&status.split);
            }
            let is_known = self.drained.contains(&status.split);
            if !is_known {
                self.next.entry(status.split.clone()).or_insert_with(|| status.start.clone());
            }
        }
        Ok(statuses)
    }

    /// One round of grants and reading; the data that came.
    pub(crate) async fn read(&mut self, records: u64) -> Result<Vec<String>, SourceError> {
        let statuses = self.splits().await?;
        let may = |status: &&SplitStatus| {
            matches!(status.phase, SplitPhase::Active | SplitPhase::Ended)
                && status.backlog != Some(0)
                && !self.drained.contains(&status.split)
        };
        let grants: Vec<Grant> = statuses
            .iter()
            .filter(may)
            .map(|status| Grant {
                split: status.split.clone(),
                generation: status.generation,
                from: self.next[&status.split].clone(),
                until: None,
                records,
                bytes: 1 << 30,
            })
            .collect();
        let deadline = Instant::now() + Duration::from_secs(1);
        let slices = self.source.read(&grants, deadline).await?;
        let mut told = Vec::new();
        for slice in slices {
            let range = &slice.range;
            assert_eq!(range.from, self.next[&range.split], "a gap in {}", range.split);
            self.next.insert(range.split.clone(), range.until.clone());
            if range.last {
                self.drained.insert(range.split.clone());
            }
            let committed = Committed {
                split: range.split.clone(),
                generation: range.generation,
                position: range.until.clone(),
                finished: range.last,
            };
            self.open.insert(range.split.clone(), committed);
            let data = slice.records["data"].as_binary::<i32>();
            let text = |row| String::from_utf8_lossy(data.value(row)).into_owned();
            told.extend((0..data.len()).map(text));
            self.slices.push(slice);
        }
        Ok(told)
    }

    /// Reads until so many records came; fails when none comes for a while.
    pub(crate) async fn read_so_many(&mut self, records: usize) -> Vec<String> {
        let mut told = Vec::new();
        while told.len() < records {
            let ready = timeout(Duration::from_secs(120), self.source.ready()).await;
            ready.unwrap_or_else(|_| panic!("{} of {records} records came", told.len()));
            told.extend(self.read(1 << 20).await.unwrap());
        }
        assert_eq!(told.len(), records);
        told
    }

    /// Commits what was read.
    pub(crate) async fn commit(&mut self) {
        let committed: Vec<Committed> = std::mem::take(&mut self.open).into_values().collect();
        for it in committed.iter().filter(|it| it.finished) {
            self.next.remove(&it.split);
        }
        self.source.commit(&committed).await.unwrap();
    }

    /// What a checkpoint would hold now, if all that was read were committed.
    pub(crate) fn resume(&self) -> Resume {
        let committed = self.next.iter().filter(|(split, _)| !self.drained.contains(*split));
        let committed = committed.filter(|(_, at)| !at.as_str().starts_with("0/"));
        Resume {
            committed: committed.map(|(split, at)| (split.clone(), at.clone())).collect(),
            finished: self.drained.iter().cloned().collect(),
        }
    }
}
