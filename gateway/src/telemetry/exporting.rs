//! Sends telemetry.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{Instrument, PeriodicReader, SdkMeterProvider, Stream};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use thiserror::Error;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::exporter::{Numbers, Spans};
use super::follower::Follower;
use super::measures;
use super::resource::resource;
use super::traces::{MOST_WAITING, Traces, Waiting};
use super::wanted::Wanted;
use crate::admin::Facts;
use crate::config::TelemetrySettings;

/// How long the last of it may take to be delivered when the process ends.
const GOODBYE: Duration = Duration::from_secs(3);

/// The least number of series that a metric may have; those of splits may be more.
const SERIES: usize = 2_000;

/// How the names of metrics of splits begin.
const OF_SPLITS: &str = "forebay_split_";

/// What makes and sends it, by name, as OpenTelemetry asks for.
const SCOPE: &str = "forebay";

/// Sends telemetry while it is there. The library sends from threads of its own.
#[derive(Debug)]
pub(crate) struct Telemetry {
    following: JoinHandle<()>,
    stop: CancellationToken,
    providers: Providers,
}

/// Why it cannot begin.
#[derive(Debug, Error)]
pub(crate) enum TelemetryError {
    /// An exporter does not take what the configuration and the variables say.
    #[error("telemetry cannot be sent: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The library broke down.
    #[error("telemetry cannot be sent: {0}")]
    Broken(#[from] JoinError),
}

/// What the library needs to be told to stop.
#[derive(Debug, Default)]
struct Providers {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    waiting: Waiting,
}

impl Telemetry {
    /// Whether this binary can send telemetry.
    pub(crate) const IS_BUILT_IN: bool = true;

    /// Begins to send what is wanted of these pipelines.
    ///
    /// # Errors
    /// See [`TelemetryError`]. A collector that is away is none: it may come.
    pub(crate) async fn start(wanted: Wanted, facts: &Arc<Facts>) -> Result<Self, TelemetryError> {
        let events = facts.follow();
        let series = facts.most_series();
        // The library blocks while it makes its clients.
        let providers = spawn_blocking(move || Providers::new(&wanted, series)).await??;
        let traces = providers.traces.as_ref().map(|provider| {
            let tracer = provider.tracer(SCOPE);
            Traces::new(tracer, providers.waiting.clone(), facts.observed())
        });
        let times = providers.metrics.as_ref();
        let times = times.map(|provider| measures::register(&provider.meter(SCOPE), facts));
        let stop = CancellationToken::new();
        let follower = Follower { events, traces, times };
        let following = tokio::spawn(follower.run(stop.clone()));
        Ok(Self { following, stop, providers })
    }

    /// Sends what is left, if the collector takes it soon.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        let followed = self.following.await;
        let ended = spawn_blocking(move || self.providers.end()).await;
        for error in [followed, ended].into_iter().filter_map(Result::err) {
            tracing::error!(%error, "telemetry broke down");
        }
    }
}

impl Providers {
    fn new(wanted: &Wanted, series: usize) -> Result<Self, ExporterBuildError> {
        let settings = &wanted.settings;
        let resource = resource(wanted);
        let mut providers = Self::default();
        if settings.traces {
            providers.traces = Some(traces(settings, resource.clone(), &providers.waiting)?);
        }
        if settings.metrics {
            providers.metrics = Some(metrics(settings, resource, series)?);
        }
        Ok(providers)
    }

    /// It blocks. What could not be delivered was told.
    fn end(self) {
        if let Some(traces) = self.traces {
            let _ = traces.shutdown_with_timeout(GOODBYE);
        }
        if let Some(metrics) = self.metrics {
            let _ = metrics.shutdown_with_timeout(GOODBYE);
        }
    }
}

fn traces(
    settings: &TelemetrySettings,
    resource: Resource,
    waiting: &Waiting,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
    let mut exporter = exporter.with_headers(headers(settings));
    if let Some(endpoint) = &settings.endpoint {
        exporter = exporter.with_endpoint(below(endpoint, "v1/traces"));
    }
    let exporter = Spans { inner: exporter.build()?, waiting: waiting.clone() };
    // Room for those that are made while the last place is taken.
    let batches = BatchConfigBuilder::default().with_max_queue_size(2 * MOST_WAITING).build();
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
    let mut provider =
        SdkTracerProvider::builder().with_span_processor(processor).with_resource(resource);
    if let Some(ratio) = settings.sample_ratio {
        provider = provider.with_sampler(Sampler::TraceIdRatioBased(ratio));
    }
    Ok(provider.build())
}

fn metrics(
    settings: &TelemetrySettings,
    resource: Resource,
    series: usize,
) -> Result<SdkMeterProvider, ExporterBuildError> {
    let exporter = MetricExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
    let mut exporter = exporter.with_headers(headers(settings));
    if let Some(endpoint) = &settings.endpoint {
        exporter = exporter.with_endpoint(below(endpoint, "v1/metrics"));
    }
    let mut reader = PeriodicReader::builder(Numbers(exporter.build()?));
    if let Some(interval) = settings.interval {
        reader = reader.with_interval(interval.0);
    }
    let provider = SdkMeterProvider::builder().with_reader(reader.build()).with_resource(resource);
    let most = series.max(SERIES);
    let wide = move |one: &Instrument| match one.name().starts_with(OF_SPLITS) {
        true => Stream::builder().with_cardinality_limit(most).build().ok(),
        false => None,
    };
    Ok(provider.with_view(wide).build())
}

fn headers(settings: &TelemetrySettings) -> HashMap<String, String> {
    let headers = settings.headers.iter();
    headers.map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect()
}

/// The path of a signal below the endpoint of all, as with `OTEL_EXPORTER_OTLP_ENDPOINT`.
fn below(endpoint: &str, path: &str) -> String {
    format!("{}/{path}", endpoint.trim_end_matches('/'))
}
