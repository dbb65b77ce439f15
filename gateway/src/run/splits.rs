//! What was last heard of each split.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_core::batch::BatchId;
use forebay_core::progress::{LimitedBy, Progress, SplitProgress};
use forebay_core::split::SplitId;
use serde::Serialize;

/// How many splits are remembered, per pipeline. Those that were silent longest go first.
const MAX_SPLITS: usize = 16_384;

/// How long the lag of a silent split still counts, in milliseconds: it may have gone to another
/// gateway, or be read to its end.
const LAG_COUNTS_MS: u64 = 60_000;

/// What was last heard of each split of a pipeline.
#[derive(Clone, Debug, Default)]
pub struct Splits {
    known: BTreeMap<(Arc<str>, SplitId), SplitView>,
    newest_ms: u64,
}

/// What was last heard of a split.
#[derive(Clone, Debug, Serialize)]
pub struct SplitView {
    /// What it gave to that batch.
    #[serde(flatten)]
    pub last: SplitProgress,
    /// That batch.
    pub batch: BatchId,
    /// When that batch was complete, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// Records since it became known.
    pub total_records: u64,
    /// What kept it from giving more to that batch.
    pub limited_by: LimitedBy,
}

impl Splits {
    /// Takes up what a batch says.
    pub fn add(&mut self, progress: &Progress) {
        self.newest_ms = self.newest_ms.max(progress.time_ms);
        for split in progress.splits.iter().chain(&progress.other_splits) {
            let key = (split.source.clone(), split.split.clone());
            let before = self.known.get(&key).map_or(0, |view| view.total_records);
            let view = SplitView {
                last: split.clone(),
                batch: progress.batch,
                time_ms: progress.time_ms,
                total_records: before + split.records,
                limited_by: limited_by(split, progress),
            };
            self.known.insert(key, view);
        }
        if self.known.len() > MAX_SPLITS {
            self.forget_half();
        }
    }

    /// Records that wait at the sources, as far as they are known.
    #[must_use]
    pub fn backlog(&self) -> Option<u64> {
        self.heard_lately().filter_map(|view| view.last.lag).reduce(u64::saturating_add)
    }

    /// How long the record has waited that has waited longest, in milliseconds; `None` where no
    /// source can say.
    #[must_use]
    pub fn oldest_ms(&self) -> Option<u64> {
        self.heard_lately().filter_map(|view| view.last.oldest_ms).max()
    }

    /// All of them, those that lag the most first, those whose lag is unknown last.
    #[must_use]
    pub fn by_lag(&self) -> Vec<&SplitView> {
        let mut views: Vec<&SplitView> = self.known.values().collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.last.lag));
        views
    }

    /// Those that were heard of lately, by source and name: an order that does not change from one
    /// look to the next.
    pub fn heard_lately(&self) -> impl Iterator<Item = &SplitView> {
        let since = self.newest_ms.saturating_sub(LAG_COUNTS_MS);
        self.known.values().filter(move |view| view.time_ms >= since)
    }

    /// How many are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Half at once, so that finding the oldest costs little per split.
    fn forget_half(&mut self) {
        let mut batches: Vec<BatchId> = self.known.values().map(|view| view.batch).collect();
        batches.sort_unstable();
        let median = batches[batches.len() / 2];
        let mut spare = MAX_SPLITS / 2;
        self.known.retain(|_, view| {
            let stays = view.batch >= median && spare > 0;
            spare -= usize::from(stays);
            stays
        });
    }
}

/// What a split was granted and did not take was not there; else what bounds the batch bounds it.
fn limited_by(split: &SplitProgress, progress: &Progress) -> LimitedBy {
    match split.lag {
        Some(0) => LimitedBy::Available,
        None if split.records < split.granted => LimitedBy::Available,
        _ => match progress.limited_by {
            // The batch as a whole took all that it could, and this split could not give more.
            LimitedBy::Available => LimitedBy::Configured,
            by => by,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(batch: BatchId, time_ms: u64, splits: &[(&str, Option<u64>)]) -> Progress {
        let one = |(split, lag): &(&str, Option<u64>)| SplitProgress {
            source: "in".into(),
            split: (*split).into(),
            from: 0_u64.into(),
            until: 10_u64.into(),
            records: 10,
            granted: 10,
            lag: *lag,
            oldest_ms: None,
            end: None,
            generation: 0,
        };
        Progress { batch, time_ms, splits: splits.iter().map(one).collect(), ..Progress::default() }
    }

    #[test]
    fn the_backlog_is_that_of_all_splits_that_were_heard_of_lately() {
        let mut splits = Splits::default();
        assert_eq!(splits.backlog(), None);
        splits.add(&batch(1, 1_000, &[("a", Some(5)), ("gone", Some(100))]));
        splits.add(&batch(2, 50_000, &[("b", Some(7)), ("c", None)]));
        assert_eq!(splits.backlog(), Some(112));
        splits.add(&batch(3, 61_500, &[("a", Some(1))]));
        assert_eq!(splits.backlog(), Some(8));
        let by_lag: Vec<&str> =
            splits.by_lag().iter().map(|view| view.last.split.as_str()).collect();
        assert_eq!(by_lag, ["gone", "b", "a", "c"]);
        assert_eq!(splits.by_lag()[2].total_records, 20);
    }

    #[test]
    fn their_number_is_bounded_and_the_newest_stay() {
        let mut splits = Splits::default();
        for number in 0..20_000_u64 {
            splits.add(&batch(number, number, &[(&format!("file-{number}"), Some(0))]));
            assert!(splits.len() <= MAX_SPLITS);
        }
        assert!(splits.len() >= MAX_SPLITS / 2);
        assert!(splits.by_lag().iter().any(|view| view.last.split.as_str() == "file-19999"));
    }

    #[test]
    fn one_batch_with_too_many_splits_is_bounded_too() {
        let names: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
        let all: Vec<(&str, Option<u64>)> =
            names.iter().map(|name| (name.as_str(), None)).collect();
        let mut splits = Splits::default();
        splits.add(&batch(1, 1, &all));
        assert!((1..=MAX_SPLITS).contains(&splits.len()));
    }
}
