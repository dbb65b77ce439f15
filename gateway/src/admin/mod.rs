//! The admin address: what the gateway is doing, for people, probes and Prometheus.
//!
//! [`Bound`] takes the address before anything runs (`holder` finds out who has it already), and
//! [`Bound::serve`] answers there until it is told to stop: `server` accepts connections, `guard`
//! refuses what must not be asked, and `routes` lists what may be. [`Facts`] is all that an answer
//! can draw on. One file per answer: `health`, `metrics`, `pipelines`, `dead_letters` (read by
//! `letters`), `about`, `events`, `page`; `refusal` is how one says no.
//!
//! Everything here only looks: there is nothing that an address could be asked to change.

mod about;
mod address;
mod dead_letters;
mod desk;
mod events;
mod facts;
mod guard;
mod health;
mod holder;
mod letters;
pub(crate) mod metrics;
mod page;
mod pipelines;
mod refusal;
mod routes;
mod server;

pub use address::{BindError, Bound};
pub use facts::Facts;
