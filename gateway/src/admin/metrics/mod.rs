//! `/metrics`: numbers for Prometheus.
//!
//! [`all`] lists every metric once: what it is called, what it means, its labels, and where
//! its numbers are read. They are read when somebody asks (`scrape`, `reading`), and written in the
//! [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/) text format
//! (`exposition`), which Prometheus reads. `process` knows what the operating system says of this
//! process. There are metrics per split only where `[gateway] split_series` asks for them, because their
//! number is not that of the configuration; `/api/pipelines/NAME/splits` always has all.

mod exposition;
mod list;
mod metric;
mod process;
mod reading;
mod scrape;

pub(super) use exposition::metrics;
pub(crate) use list::all;
#[cfg(feature = "otel")]
pub(crate) use metric::Kind;
#[cfg(feature = "otel")]
pub(crate) use scrape::Scrape;
