//! The admin address: what the gateway is doing, for people, probes and Prometheus.
//!
//! [`Bound`] takes the address before anything runs (`holder` finds out who has it already), and
//! [`Bound::serve`] answers there until it is told to stop: `server` accepts connections, `guard`
//! refuses what must not be asked, and `routes` lists what may be. [`Facts`] is all that an answer
//! can draw on. One file per answer: `health`, `metrics`, `pipelines`, `history`, `batches`,
//! `splits`, `components`, `dead_letters` (read by `letters`), `tap`, `about`, `events`, `live`, and
//! `page` with the dashboard; `refusal` is how one says no.
//!
//! What can be changed is in `actions`, and `permission` says by whom.

mod about;
mod actions;
mod address;
mod batches;
mod components;
mod dead_letters;
mod desk;
mod events;
mod facts;
mod guard;
mod health;
mod history;
mod holder;
mod letters;
mod live;
pub(crate) mod metrics;
mod page;
mod permission;
mod pipelines;
mod refusal;
mod routes;
mod server;
mod splits;
mod tap;

pub use address::{BindError, Bound};
pub use facts::Facts;
