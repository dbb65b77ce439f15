//! The harness that runs the built binary as a person would, and breaks it.
//!
//! A [`Scene`] is a temporary folder with a configuration. In it a [`Gateway`] runs: the real
//! binary ([`binary`]), killed at random instants ([`Chance`]) or at a named [crash
//! point](crash_points). While it runs, a [`Watcher`] reads what anyone could read: the
//! [`visible`] files. At the end an [`Expectation`] says which records must be there, and
//! compares.
//!
//! What sends to it: files that are [dropped](Drops), a [`Sender`] over an [`HttpClient`] or a
//! [`LineClient`], or the generator with its [`Orders`]. What takes from it and forgets nothing: a
//! [`RowServer`], and what it was given are [`Deliveries`]. Most go [`to_files`], and all may have [`files_behind`]
//! them.
//! [`acknowledgement`] is the scenario that HTTP and socket share. A [`Browser`] looks at the
//! dashboard, a [`collector`] takes telemetry. [`Probed`] is what `forebay probe` says. [`wait`]
//! waits, with a deadline, for a condition.

pub mod acknowledgement;
pub mod binary;
mod browser;
pub mod chance;
pub mod collector;
pub mod crash_points;
mod deliveries;
mod drops;
mod expectation;
mod gateway;
mod http_client;
mod line_client;
mod log_writer;
mod orders;
pub mod port;
mod probe;
pub mod record;
mod row_server;
mod scene;
mod sender;
pub mod servers;
mod to_files;
pub mod visible;
pub mod wait;
mod watcher;

pub use browser::{Browser, Look, Usage};
pub use chance::Chance;
pub use deliveries::Deliveries;
pub use drops::Drops;
pub use expectation::{Expectation, Report};
pub use gateway::Gateway;
pub use http_client::HttpClient;
pub use line_client::LineClient;
pub use log_writer::{LogWriter, Rotation};
pub use orders::Orders;
pub use probe::Probed;
pub use record::{Identity, Record};
pub use row_server::{GATEWAY, RowServer};
pub use scene::Scene;
pub use sender::{Client, Sender};
pub use to_files::{SMALL_SEGMENTS, files_behind, to_files};
pub use watcher::Watcher;
