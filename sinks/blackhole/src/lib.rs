//! A sink that takes everything and keeps nothing.
//!
//! It is there to measure what the rest of a pipeline can do, and, with a `latency`, to watch
//! what the controller does when a destination is slow.
//!
//! [`settings`] holds the options, [`sink`] the sink, [`count`] what it can be asked.

pub mod count;
pub mod settings;
pub mod sink;

pub use settings::Settings;
pub use sink::Blackhole;
