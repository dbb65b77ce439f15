//! The options.

use forebay_clients::tls::ServerTls;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::Decoding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::large::{LargeEvents, MAX_EVENT};
use crate::transport::Compression;

use super::speech::Speaks;

/// Events that Flume agents push with their `avro` or `thrift` sinks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FlumeConfig {
    /// The address to listen on, such as `"0.0.0.0:4141"`. Port 0 lets the system choose one.
    #[schemars(example = "127.0.0.1:4141")]
    pub listen: String,
    /// What agents speak. Default `"auto"`: either of the two, as each connection begins.
    #[serde(default)]
    pub protocol: Speaks,
    /// Whether what agents send is compressed (`compression-type = deflate` at their sinks).
    /// Default `"auto"`: as each connection begins.
    #[serde(default)]
    pub compression: Compression,
    /// The largest batch of an agent, with everything around it. The connection of a larger one is
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
    /// What all batches together may hold in memory. The connection of a batch that finds no room
    /// is closed, and its agent sends it again. At least 1MiB, default 256MiB.
    #[serde(default = "default_max_in_flight")]
    pub max_in_flight: ByteSize,
    /// How many connections may be open; further ones are closed at once. At least 1, default
    /// 1024.
    #[serde(default = "default_max_connections")]
    pub max_connections: usize,
    /// The longest that a batch waits for room in the journal, or for a limit; then its agent is
    /// told that it failed, and sends it again after a pause of its own, mostly 5 s. `"0s"` tells it
    /// at once. Agents give up after 20 s by themselves. 0s to 15s, default 10s.
    #[serde(default = "default_patience")]
    pub patience: TimeSpan,
    /// The longest time that a batch may take to arrive, from its first byte; then its connection
    /// is closed. Default 30s.
    #[serde(default = "default_frame_timeout")]
    pub frame_timeout: TimeSpan,
    /// The longest time without a batch; then the connection is closed. Default without end: agents
    /// keep connections open while they have nothing to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<TimeSpan>,
    /// TLS, with the certificate of this server. By default connections are plain. Agents up to 1.9
    /// break with TLS 1.3: set `max_version = "1.2"` here, or `include-protocols = TLSv1.2` there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServerTls>,
    /// How bodies become columns.
    #[serde(flatten)]
    pub decoding: Decoding,
}

fn default_max_frame() -> ByteSize {
    ByteSize::mib(64)
}

fn default_max_in_flight() -> ByteSize {
    ByteSize::mib(256)
}

fn default_max_connections() -> usize {
    1024
}

fn default_patience() -> TimeSpan {
    TimeSpan::from_secs(10)
}

fn default_frame_timeout() -> TimeSpan {
    TimeSpan::from_secs(30)
}

fn default_max_event() -> ByteSize {
    MAX_EVENT
}
