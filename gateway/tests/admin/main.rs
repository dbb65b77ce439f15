//! The admin address of a gateway that runs, asked over real connections.

#![expect(clippy::unwrap_used, reason = "a test whose surroundings break should fail")]

mod actions;
mod answers;
mod client;
mod command;
mod events;
mod grafana;
mod guard;
mod history;
mod letters;
mod metrics;
mod monitoring;
mod probe;
mod running;
mod scraped;
mod secrets;
mod tap;
