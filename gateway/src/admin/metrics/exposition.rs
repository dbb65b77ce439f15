//! Writes the numbers down.

use std::fmt;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use serde_json::Value;

use super::list::all;
use super::metric::{Kind, Metric, Number, Samples};
use super::process::Process;
use super::reading::Reading;
use crate::admin::desk::Desk;
use crate::admin::facts::Facts;
use crate::admin::refusal::Refusal;
use crate::run::Role;

/// The media type of the format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All numbers, as they stand now.
pub(in crate::admin) async fn metrics(State(desk): State<Desk>) -> Response {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape::of(&desk.facts)));
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => Refusal::broken().into_response(),
    }
}

/// What one scrape found.
#[derive(Debug)]
struct Scrape(Vec<(&'static Metric, Samples)>);

impl Scrape {
    fn of(facts: &Facts) -> Self {
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
}

/// What the receivers show of themselves: pipeline, name, state.
fn receivers(facts: &Facts) -> Vec<(&str, &str, Value)> {
    let sources = facts.observed.iter().filter(|one| one.role == Role::Source);
    let own = sources.filter(|one| facts.journals.contains_key(&one.name));
    own.filter_map(|one| Some((&*one.pipeline, &*one.name, one.state.as_ref()?.observe())))
        .collect()
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (metric, samples) in &self.0 {
            let family = metric.name.strip_suffix(metric.kind.suffix()).unwrap_or(metric.name);
            let kind = match metric.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
                Kind::Info => MetricType::Info,
            };
            let mut family = encoder.encode_descriptor(family, metric.help, None, kind)?;
            for sample in samples {
                let labels: Vec<(&str, &str)> = metric
                    .labels
                    .iter()
                    .copied()
                    .zip(sample.labels.iter().map(String::as_str))
                    .collect();
                if metric.kind == Kind::Info {
                    family.encode_info(&labels)?;
                } else if labels.is_empty() {
                    number(&mut family, metric.kind, &sample.number)?;
                } else {
                    let mut one = family.encode_family(&labels)?;
                    number(&mut one, metric.kind, &sample.number)?;
                }
            }
        }
        Ok(())
    }
}

fn number(encoder: &mut MetricEncoder<'_>, kind: Kind, number: &Number) -> fmt::Result {
    match (kind, number) {
        (Kind::Counter, Number::Whole(number)) => {
            encoder.encode_counter::<NoLabelSet, _, u64>(number, None)
        }
        (Kind::Counter, Number::Real(number)) => {
            encoder.encode_counter::<NoLabelSet, _, f64>(number, None)
        }
        (_, Number::Whole(number)) => encoder.encode_gauge(number),
        (_, Number::Real(number)) => encoder.encode_gauge(number),
        (_, Number::Buckets(sum, count, buckets)) => {
            encoder.encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)
        }
    }
}
