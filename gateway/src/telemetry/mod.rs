//! OpenTelemetry: a trace of each batch, and all metrics, for a collector.
//!
//! [`Wanted`] says what is to be sent, from the configuration and the standard variables.
//! [`Telemetry`] sends it, in a binary that was built with the feature `otel`: `follower` hears of
//! batches beside the engine, never on its way; `traces` makes spans of them (`layout` says when
//! each stage was), `measures` reads the metrics; `exporter` hands both to the library, which sends
//! them from threads of its own, and tells what could not be delivered. In a binary without the
//! feature, `left_out` says how to build one with it.

#[cfg(feature = "otel")]
mod exporter;
#[cfg(feature = "otel")]
mod exporting;
#[cfg(feature = "otel")]
mod follower;
#[cfg(feature = "otel")]
mod layout;
#[cfg(not(feature = "otel"))]
mod left_out;
#[cfg(feature = "otel")]
mod measures;
#[cfg(feature = "otel")]
mod resource;
#[cfg(feature = "otel")]
mod traces;
mod wanted;

#[cfg(feature = "otel")]
pub(crate) use exporting::Telemetry;
#[cfg(not(feature = "otel"))]
pub(crate) use left_out::Telemetry;
pub(crate) use wanted::Wanted;
