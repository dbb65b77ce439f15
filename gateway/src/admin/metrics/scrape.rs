//! All numbers at one moment.

use serde_json::Value;

use super::list::all;
#[cfg(feature = "otel")]
use super::metric::Number;
use super::metric::{Metric, Samples};
use super::process::Process;
use super::reading::Reading;
use crate::admin::facts::Facts;
use crate::run::Role;

/// All numbers at one moment, in the order of [`all`].
#[derive(Debug)]
pub(crate) struct Scrape(pub(super) Vec<(&'static Metric, Samples)>);

impl Scrape {
    /// Reads them.
    pub(crate) fn of(facts: &Facts) -> Self {
        let process = Process::now();
        let now_ms = facts.clock.now_ms();
        // Before the views are held: what is asked takes locks of its own.
        let receivers = receivers(facts);
        let found = facts.board.look(|views| {
            let reading = Reading { views, facts, process: &process, now_ms, receivers };
            let read = |metric: &'static Metric| {
                let mut samples = Samples::new();
                (metric.read)(&reading, &mut samples);
                (metric, samples)
            };
            all().map(read).collect()
        });
        Self(found)
    }

    /// The numbers of one metric, by its place in [`all`], with their labels. Those that are several
    /// in one are left out.
    #[cfg(feature = "otel")]
    pub(crate) fn plain(
        &self,
        place: usize,
    ) -> impl Iterator<Item = (impl Iterator<Item = (&'static str, &str)>, f64)> {
        self.0.get(place).into_iter().flat_map(|(metric, samples)| {
            samples.iter().filter_map(|sample| {
                let number = match sample.number {
                    Number::Whole(number) => number as f64,
                    Number::Real(number) => number,
                    Number::Buckets(..) => return None,
                };
                let values = sample.labels.iter().map(String::as_str);
                Some((metric.labels.iter().copied().zip(values), number))
            })
        })
    }
}

/// What the receivers show of themselves: pipeline, name, state.
fn receivers(facts: &Facts) -> Vec<(&str, &str, Value)> {
    let sources = facts.observed.iter().filter(|one| one.role == Role::Source);
    let own = sources.filter(|one| facts.journals.contains_key(&one.name));
    own.filter_map(|one| Some((&*one.pipeline, &*one.name, one.state.as_ref()?.observe())))
        .collect()
}
