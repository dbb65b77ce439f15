//! The options.

use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::Decoding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::large::{LargeEvents, MAX_EVENT};

/// Events that are polled from the Spark sink within Flume agents.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FlumePullConfig {
    /// The addresses of the sinks, such as `["agent1:9988", "agent2:9988"]`.
    #[schemars(example = vec!["127.0.0.1:9988"])]
    pub addresses: Vec<String>,
    /// The most events that are asked for at a time, which is one transaction of the agent's
    /// channel: no more than its `transactionCapacity`. 1 to 1000000, default 1000.
    #[serde(default = "default_batch")]
    pub batch: u32,
    /// Connections to each sink, each of which waits for a batch of its own. A waiting connection
    /// takes a thread of the agent, which has two for each of its processors: with as many as that,
    /// its other connections hang. 1 to 64, default 1.
    #[serde(default = "default_connections")]
    pub connections: usize,
    /// The largest batch in bytes, with everything around it. The connection of a larger one is
    /// closed. 1KiB to 1GiB, default 64MiB.
    #[serde(default = "default_max_frame")]
    pub max_frame: ByteSize,
    /// The largest event, headers included, 1KiB to 16MiB. Default 16MiB. Less, if the journal takes
    /// less in one piece: a 24th of its `max_bytes`.
    #[serde(default = "default_max_event")]
    pub max_event: ByteSize,
    /// What becomes of a larger event. Default `"dead-letter"`.
    #[serde(default)]
    pub large_events: LargeEvents,
    /// The option `timeout` of the sinks: after it, a sink gives a batch that was not acknowledged
    /// to the next who asks. A batch for which there is no room within half of this time is given
    /// back. At least 1s, default 60s.
    #[serde(default = "default_sink_timeout")]
    pub sink_timeout: TimeSpan,
    /// How bodies become columns.
    #[serde(flatten)]
    pub decoding: Decoding,
}

fn default_batch() -> u32 {
    1000
}

fn default_connections() -> usize {
    1
}

fn default_max_frame() -> ByteSize {
    ByteSize::mib(64)
}

fn default_sink_timeout() -> TimeSpan {
    TimeSpan::from_secs(60)
}

fn default_max_event() -> ByteSize {
    MAX_EVENT
}
