//! Agents of Apache Flume.
//!
//! A [`FlumeAgent`] takes lines on a port into a file channel, and has one [`Sink`]; its
//! configuration is a list of [`properties`]. [`Lines`] sends numbered lines to it and remembers
//! which of them it answered for.

mod agent;
mod lines;
mod properties;

pub use agent::{FlumeAgent, Version};
pub use lines::Lines;
pub use properties::Sink;
