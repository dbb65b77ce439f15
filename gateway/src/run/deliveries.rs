//! How a sink did.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use forebay_core::progress::Progress;
use serde::Serialize;

use super::histogram::Histogram;

/// How many writes the percentiles are taken of.
const RECENT: usize = 512;

/// How the sinks of a pipeline did, by sink.
pub type Deliveries = BTreeMap<Arc<str>, Delivery>;

/// How a sink did since the start of the process.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// Batches that it took.
    pub batches: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Rows that it refused for good.
    pub dead_letters: u64,
    /// How long its batches took.
    pub writes: Histogram,
    /// When it last took a batch, in milliseconds since the Unix epoch.
    pub last_ms: u64,
    last_error: Option<Trouble>,
    recent_ms: VecDeque<f64>,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// When it was heard of, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// The component.
    pub component: Arc<str>,
    /// What, in a sentence.
    pub reason: String,
}

/// What there is to see of a sink's deliveries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeliverySummary {
    /// Batches that it took.
    pub batches: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Rows that it refused for good.
    pub dead_letters: u64,
    /// How long its last batches took, in milliseconds; absent before the first.
    pub write_ms: Option<Percentiles>,
    /// The last error after which it was tried again.
    pub last_error: Option<Trouble>,
}

/// Times that so many of a hundred do not exceed, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half of them.
    pub p50: f64,
    /// 95 of a hundred.
    pub p95: f64,
    /// 99 of a hundred.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// Takes up what a batch says of its sinks.
pub(super) fn add(deliveries: &mut Deliveries, progress: &Progress) {
    for one in &progress.sinks {
        let delivery = deliveries.entry(one.sink.clone()).or_default();
        delivery.batches += 1;
        delivery.retries += one.retries;
        delivery.dead_letters += one.dead_letters;
        delivery.writes.observe(one.write_ms / 1e3);
        delivery.last_ms = progress.time_ms;
        if let Some(reason) = &one.error {
            delivery.last_error = Some(Trouble {
                time_ms: progress.time_ms,
                component: one.sink.clone(),
                reason: reason.clone(),
            });
        }
        if delivery.recent_ms.len() == RECENT {
            delivery.recent_ms.pop_front();
        }
        delivery.recent_ms.push_back(one.write_ms);
    }
}

impl Delivery {
    /// What there is to see of it.
    #[must_use]
    pub fn summary(&self) -> DeliverySummary {
        DeliverySummary {
            batches: self.batches,
            retries: self.retries,
            dead_letters: self.dead_letters,
            write_ms: percentiles(&self.recent_ms),
            last_error: self.last_error.clone(),
        }
    }
}

/// By the nearest-rank method.
fn percentiles(times: &VecDeque<f64>) -> Option<Percentiles> {
    let mut sorted: Vec<f64> = times.iter().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).checked_sub(1)?);
    Some(Percentiles { p50: *at(50)?, p95: *at(95)?, p99: *at(99)?, max: *at(100)? })
}

#[cfg(test)]
mod tests {
    use forebay_core::progress::SinkProgress;

    use super::*;

    #[test]
    fn percentiles_are_of_the_last_batches_and_counts_of_all() {
        let mut deliveries = Deliveries::new();
        for batch in 1..=1_000_u32 {
            let sink = SinkProgress {
                sink: "kept".into(),
                write_ms: f64::from(batch),
                retries: 1,
                error: (batch == 3).then(|| "full".to_owned()),
                ..SinkProgress::default()
            };
            let progress =
                Progress { time_ms: batch.into(), sinks: vec![sink], ..Progress::default() };
            add(&mut deliveries, &progress);
        }
        let told = deliveries["kept"].summary();
        assert_eq!((told.batches, told.retries), (1_000, 1_000));
        let expected = Percentiles { p50: 744.0, p95: 975.0, p99: 995.0, max: 1_000.0 };
        assert_eq!(told.write_ms, Some(expected));
        assert_eq!(told.last_error.map(|it| (it.time_ms, it.reason)), Some((3, "full".into())));
        assert_eq!(Delivery::default().summary().write_ms, None);
    }
}
