//! How many records may flow: limits, controllers, and how a rate is shared among splits.
//!
//! [`Bucket`] holds a configured limit, an [`Estimator`] finds the rate that the sinks sustain
//! ([`Pid`], [`Adaptive`]), and [`share`] divides a batch's records among the splits. All are pure
//! functions or small state machines of the time that they are given; [`simulation`] runs
//! them against a model of a sink.

mod adaptive;
mod bucket;
mod cost;
mod estimator;
mod limits;
mod meter;
mod pid;
mod scale;
mod share;
pub mod simulation;

pub use adaptive::Adaptive;
pub use bucket::{Bucket, Rate};
pub use estimator::{Backpressure, Estimator, EstimatorKind, Observation};
pub use limits::Limits;
pub use pid::Pid;
pub use share::{Claimant, Share, share};
