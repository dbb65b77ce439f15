//! Two receivers of one's own, as anyone would write them outside of this repository.
//!
//! - [`Gauge`] is *unreliable*: it measures, and there is nobody to whom it could say that a
//!   measurement is safe. What is lost in a crash is lost.
//! - [`Spool`] is *reliable*: it takes files, and deletes each only when it is stored. What was
//!   not stored is still there after a crash.
//!
//! `docs/custom-receiver.md` builds both, step by step.

mod gauge;
mod spool;

pub use gauge::{Gauge, GaugeConfig};
pub use spool::{Spool, SpoolConfig};
