//! Where numbers are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::metric::{Number, Sample, Samples};
use super::process::Process;
use crate::admin::facts::Facts;
use crate::run::{PipelineView, SplitView};

/// Everything that numbers are read from, at one moment.
pub(super) struct Reading<'a> {
    pub(super) views: &'a BTreeMap<Arc<str>, PipelineView>,
    pub(super) facts: &'a Facts,
    pub(super) process: &'a Process,
    /// Now, in milliseconds since the Unix epoch.
    pub(super) now_ms: u64,
    /// What the receivers show of themselves: pipeline, name, state.
    pub(super) receivers: Vec<(&'a str, &'a str, Value)>,
}

impl Reading<'_> {
    /// One number for each pipeline that has it.
    pub(super) fn each<N: Into<Number>>(
        &self,
        samples: &mut Samples,
        number: impl Fn(&PipelineView) -> Option<N>,
    ) {
        for (name, view) in self.views {
            if let Some(number) = number(view) {
                samples.push(Sample { labels: vec![name.to_string()], number: number.into() });
            }
        }
    }

    /// Several numbers for each pipeline, told apart by a second label.
    pub(super) fn each_by<N: Into<Number>, const COUNT: usize>(
        &self,
        samples: &mut Samples,
        numbers: impl Fn(&PipelineView) -> [(&'static str, N); COUNT],
    ) {
        for (name, view) in self.views {
            for (label, number) in numbers(view) {
                let labels = vec![name.to_string(), label.to_owned()];
                samples.push(Sample { labels, number: number.into() });
            }
        }
    }

    /// One number for each split that has it, of those that have series of their own.
    pub(super) fn each_split<N: Into<Number>>(
        &self,
        samples: &mut Samples,
        number: impl Fn(&SplitView) -> Option<N>,
    ) {
        for (name, view) in self.views {
            for split in view.splits.heard_lately().take(self.facts.split_series) {
                if let Some(number) = number(split) {
                    let (source, id) =
                        (split.last.source.to_string(), split.last.split.to_string());
                    let labels = vec![name.to_string(), source, id];
                    samples.push(Sample { labels, number: number.into() });
                }
            }
        }
    }

    /// How many splits of a pipeline have no series of their own; `None` if none shall have.
    pub(super) fn splits_left_out(&self, view: &PipelineView) -> Option<u64> {
        let most = self.facts.split_series;
        (most > 0).then(|| view.splits.heard_lately().skip(most).count() as u64)
    }
}

/// Adds one number.
pub(super) fn add(samples: &mut Samples, labels: &[&str], number: impl Into<Number>) {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    samples.push(Sample { labels, number: number.into() });
}
