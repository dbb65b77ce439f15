//! Exporters that tell what could not be delivered.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use opentelemetry_otlp::{MetricExporter, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as ExportSpans};

use super::traces::Waiting;

/// Sends spans.
#[derive(Debug)]
pub(super) struct Spans {
    pub(super) inner: SpanExporter,
    pub(super) waiting: Waiting,
}

impl ExportSpans for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.inner.export(batch).await;
        // Also those that were lost wait no more.
        self.waiting.fetch_sub(spans, Relaxed);
        if let Err(error) = &sent {
            tracing::warn!(spans, %error, "the collector does not take traces, and these are lost");
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Sends metrics.
#[derive(Debug)]
pub(super) struct Numbers(pub(super) MetricExporter);

impl PushMetricExporter for Numbers {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let sent = self.0.export(metrics).await;
        if let Err(error) = &sent {
            let note = "the collector does not take metrics; the next ones hold what these held";
            tracing::warn!(%error, "{note}");
        }
        sent
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.0.temporality()
    }
}
