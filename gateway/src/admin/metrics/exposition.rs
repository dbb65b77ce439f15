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

use super::metric::{Kind, Number};
use super::scrape::Scrape;
use crate::admin::desk::Desk;
use crate::admin::refusal::Refusal;

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

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (metric, samples) in &self.0 {
            let kind = match metric.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
                Kind::Info => MetricType::Info,
            };
            let mut family = encoder.encode_descriptor(metric.family(), metric.help, None, kind)?;
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
