//! A trace of each batch.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use forebay_core::progress::{Progress, SinkProgress};
use opentelemetry::trace::{Span as _, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SdkTracer;

use super::layout::{Layout, Period};
use crate::run::{Observed, Role};

/// The most spans that wait to be sent; batches beyond have no trace.
pub(super) const MOST_WAITING: usize = 2_048;

/// How many spans wait to be sent.
pub(super) type Waiting = Arc<AtomicUsize>;

/// Makes spans of batches: one for each, and below it one for each of its stages, in the words of
/// the [conventions for messaging](https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/)
/// where they have one.
#[derive(Debug)]
pub(super) struct Traces {
    tracer: SdkTracer,
    waiting: Waiting,
    pipelines: BTreeMap<Arc<str>, Parts>,
}

/// The components of a pipeline, with their types.
#[derive(Debug, Default)]
struct Parts {
    sources: Vec<(Arc<str>, &'static str)>,
    sinks: BTreeMap<Arc<str>, &'static str>,
}

/// There was no room for the spans of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

impl Traces {
    pub(super) fn new(tracer: SdkTracer, waiting: Waiting, observed: &[Observed]) -> Self {
        let mut pipelines: BTreeMap<Arc<str>, Parts> = BTreeMap::new();
        for one in observed {
            let parts = pipelines.entry(one.pipeline.clone()).or_default();
            match one.role {
                Role::Source => parts.sources.push((one.name.clone(), one.type_name)),
                Role::Sink => drop(parts.sinks.insert(one.name.clone(), one.type_name)),
                Role::DeadLetters => {}
            }
        }
        Self { tracer, waiting, pipelines }
    }

    /// Makes the spans of a batch, unless it is none of those that are sampled.
    pub(super) fn add(&self, batch: &Progress) -> Result<(), NoRoom> {
        if self.waiting.load(Relaxed) >= MOST_WAITING {
            return Err(NoRoom);
        }
        let unknown = Parts::default();
        let parts = self.pipelines.get(&batch.pipeline).unwrap_or(&unknown);
        let laid = Layout::of(batch);
        let root = self
            .tracer
            .span_builder(format!("process {}", batch.pipeline))
            .with_kind(SpanKind::Consumer)
            .with_start_time(at(laid.whole.0))
            .with_attributes(whole(batch, parts))
            .start_with_context(&self.tracer, &Context::new());
        if !root.is_recording() {
            return Ok(());
        }
        let context = Context::new().with_span(root);
        let mut made = 1;
        let mut stage = |name: Cow<'static, str>, kind, period: Period, attributes, error| {
            let span = self.tracer.span_builder(name).with_kind(kind);
            let span = span.with_start_time(at(period.0)).with_attributes(attributes);
            let mut span = span.start_with_context(&self.tracer, &context);
            if let Some(error) = error {
                let what = KeyValue::new("exception.message", error);
                span.add_event_with_timestamp("exception", at(period.1), vec![what]);
            }
            span.end_with_timestamp(at(period.1));
            made += 1;
        };
        if laid.wait.0 < laid.wait.1 {
            stage("wait".into(), SpanKind::Internal, laid.wait, Vec::new(), None);
        }
        let received = messaging("receive", parts.system());
        stage("read".into(), SpanKind::Client, laid.read, received, None);
        stage("decode".into(), SpanKind::Internal, laid.decode, Vec::new(), None);
        if laid.transform.0 < laid.transform.1 {
            stage("transform".into(), SpanKind::Internal, laid.transform, Vec::new(), None);
        }
        for sink in &batch.sinks {
            let type_name = parts.sinks.get(&sink.sink).copied();
            let (kind, attributes) = written(batch, sink, type_name);
            let period = (laid.write.0, (laid.write.0 + sink.write_ms).min(laid.write.1));
            let error = sink.error.clone();
            stage(format!("write {}", sink.sink).into(), kind, period, attributes, error);
        }
        stage("commit".into(), SpanKind::Internal, laid.commit, Vec::new(), None);
        self.waiting.fetch_add(made, Relaxed);
        context.span().end_with_timestamp(at(laid.whole.1));
        Ok(())
    }
}

impl Parts {
    /// The system from which all records come, if it is one.
    fn system(&self) -> Option<&'static str> {
        let (_, first) = self.sources.first()?;
        self.sources.iter().all(|(_, one)| one == first).then_some(first)
    }
}

/// What the span of a whole batch says.
fn whole(batch: &Progress, parts: &Parts) -> Vec<KeyValue> {
    let sources = parts.sources.iter().map(|(name, _)| StringValue::from(name.clone()));
    let sources = Value::Array(Array::String(sources.collect()));
    let mut attributes = messaging("process", parts.system());
    attributes.extend([
        KeyValue::new("messaging.batch.message_count", whole_number(batch.records)),
        KeyValue::new("forebay.pipeline", batch.pipeline.clone()),
        KeyValue::new("forebay.sources", sources),
        KeyValue::new("forebay.batch", whole_number(batch.batch)),
        KeyValue::new("forebay.bytes", whole_number(batch.bytes)),
        KeyValue::new("forebay.rows", whole_number(batch.rows)),
        KeyValue::new("forebay.dead_letters", whole_number(batch.dead_letters)),
        KeyValue::new("forebay.retries", whole_number(batch.retries)),
        KeyValue::new("forebay.limited_by", batch.limited_by.as_str()),
        KeyValue::new("forebay.scheduling_delay_ms", batch.scheduling_delay_ms),
        KeyValue::new("forebay.processing_ms", batch.processing_ms),
    ]);
    attributes.extend(batch.rate.map(|rate| KeyValue::new("forebay.rate", rate)));
    attributes
}

/// What the span of a write says, and of which kind it is.
fn written(
    batch: &Progress,
    sink: &SinkProgress,
    type_name: Option<&'static str>,
) -> (SpanKind, Vec<KeyValue>) {
    let rows = whole_number(batch.rows);
    let (kind, mut attributes) = match type_name {
        Some(system @ ("kafka" | "kinesis")) => {
            let mut attributes = messaging("send", Some(system));
            attributes.push(KeyValue::new("messaging.batch.message_count", rows));
            (SpanKind::Producer, attributes)
        }
        Some("cassandra") => {
            let system = KeyValue::new("db.system.name", "cassandra");
            (SpanKind::Client, vec![system, KeyValue::new("db.operation.batch.size", rows)])
        }
        Some("http") => (SpanKind::Client, Vec::new()),
        _ => (SpanKind::Internal, Vec::new()),
    };
    attributes.extend([
        KeyValue::new("forebay.sink", sink.sink.clone()),
        KeyValue::new("forebay.retries", whole_number(sink.retries)),
        KeyValue::new("forebay.dead_letters", whole_number(sink.dead_letters)),
    ]);
    attributes.extend(type_name.map(|name| KeyValue::new("forebay.sink.type", name)));
    (kind, attributes)
}

/// An operation on messages.
fn messaging(operation: &'static str, system: Option<&'static str>) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("messaging.operation.name", operation),
        KeyValue::new("messaging.operation.type", operation),
    ];
    // The conventions have a name for each system of Amazon's.
    let system = system.map(|name| if name == "kinesis" { "aws.kinesis" } else { name });
    attributes.extend(system.map(|name| KeyValue::new("messaging.system", name)));
    attributes
}

fn whole_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A time of day. One before the epoch cannot be.
fn at(millis: f64) -> SystemTime {
    UNIX_EPOCH + Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default()
}
