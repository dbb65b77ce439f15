//! A collector of OpenTelemetry: it takes what is sent to it over
//! [OTLP/HTTP](https://opentelemetry.io/docs/specs/otlp/#otlphttp), and shows it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::servers::runtime;
use crate::wait;

/// A collector of OpenTelemetry, until it is dropped.
#[derive(Debug)]
pub struct Collector {
    port: u16,
    received: Shared,
    serving: JoinHandle<()>,
}

/// What a collector received.
#[derive(Debug, Default)]
pub struct Received {
    /// All spans.
    pub spans: Vec<Span>,
    /// The last numbers of each metric, by its name.
    pub metrics: BTreeMap<String, Metric>,
    /// What the last sender said of itself.
    pub resource: BTreeMap<String, String>,
    /// The headers of the last request.
    pub headers: HeaderMap,
    /// What was no telemetry.
    pub broken: Vec<String>,
}

type Shared = Arc<Mutex<Received>>;

impl Collector {
    /// Starts one, on a port or, with 0, on any that is free.
    ///
    /// # Errors
    /// If it cannot listen.
    pub fn start(port: u16) -> Result<Self> {
        let received = Shared::default();
        let router = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(metrics))
            .with_state(received.clone());
        let (port, serving) = runtime::wait_for(async move {
            let listener = TcpListener::bind(("127.0.0.1", port)).await?;
            let port = listener.local_addr()?.port();
            let serving = tokio::spawn(async move {
                // It ends when it is aborted.
                let _ = axum::serve(listener, router).await;
            });
            Ok((port, serving))
        })?;
        Ok(Self { port, received, serving })
    }

    /// Where it listens, as an endpoint is configured.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it received so far.
    pub fn received(&self) -> MutexGuard<'_, Received> {
        look(&self.received)
    }

    /// Waits until something was received.
    ///
    /// # Errors
    /// If it was not in time; the error says what was.
    pub fn until<T>(
        &self,
        what: &str,
        within: Duration,
        find: impl Fn(&Received) -> Option<T>,
    ) -> Result<T> {
        wait::until(what, within, || Ok(find(&self.received()))).with_context(|| {
            let received = self.received();
            let names: Vec<_> = received.metrics.keys().collect();
            format!("{} spans; metrics {names:?}; {:?}", received.spans.len(), received.broken)
        })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn look(shared: &Shared) -> MutexGuard<'_, Received> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn traces(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut received = look(&shared);
    let request = match ExportTraceServiceRequest::decode(body) {
        Ok(request) => request,
        Err(error) => return refuse(&mut received, &error),
    };
    received.headers = headers;
    for one in request.resource_spans {
        received.resource = said(one.resource);
        received.spans.extend(one.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
    StatusCode::OK
}

async fn metrics(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut received = look(&shared);
    let request = match ExportMetricsServiceRequest::decode(body) {
        Ok(request) => request,
        Err(error) => return refuse(&mut received, &error),
    };
    received.headers = headers;
    for one in request.resource_metrics {
        received.resource = said(one.resource);
        let metrics = one.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
        received.metrics.extend(metrics.map(|metric| (metric.name.clone(), metric)));
    }
    StatusCode::OK
}

fn refuse(received: &mut Received, error: &prost::DecodeError) -> StatusCode {
    received.broken.push(error.to_string());
    StatusCode::BAD_REQUEST
}

fn said(resource: Option<Resource>) -> BTreeMap<String, String> {
    resource.map(|resource| texts(&resource.attributes)).unwrap_or_default()
}

/// Attributes as texts, by name.
#[must_use]
pub fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let one = |it: &KeyValue| (it.key.clone(), text(it.value.as_ref()));
    attributes.iter().map(one).collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::ArrayValue(list)) => {
            let texts: Vec<_> = list.values.iter().map(|value| text(Some(value))).collect();
            texts.join(",")
        }
        other => format!("{other:?}"),
    }
}
