//! The options.

use forebay_clients::tls::ServerTls;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::Decoding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::auth::Auth;

/// Records that are sent by HTTP POST.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HttpConfig {
    /// The address to listen on, such as `"127.0.0.1:8080"`. Port 0 lets the system choose one.
    #[schemars(example = "127.0.0.1:8080")]
    pub listen: String,
    /// The path to which records are posted. With a `*` at its end, all paths that begin so.
    /// Default `"/"`.
    #[serde(default = "default_path")]
    pub path: String,
    /// How a body is cut into records. Default `"auto"`: by its `Content-Type`.
    #[serde(default)]
    pub body: Body,
    /// The largest body as it travels. A larger one is answered with 413. 1B to 1GiB, default
    /// 16MiB.
    #[serde(default = "default_max_body")]
    pub max_body: ByteSize,
    /// The largest body after it was decompressed. A larger one is answered with 413. 1B to
    /// 1GiB, default 64MiB.
    #[serde(default = "default_max_expanded")]
    pub max_expanded: ByteSize,
    /// What all requests together may hold in memory. A request that finds no room is answered
    /// with 429. At least 1MiB, default 256MiB.
    #[serde(default = "default_max_in_flight")]
    pub max_in_flight: ByteSize,
    /// How many connections may be open; further ones are closed at once. At least 1, default
    /// 1024.
    #[serde(default = "default_max_connections")]
    pub max_connections: usize,
    /// The longest wait for the head of a request, also on a connection that is kept open between
    /// requests; then it is closed. Default 30s.
    #[serde(default = "default_timeout")]
    pub header_timeout: TimeSpan,
    /// The longest time that a body may take to arrive; then it is answered with 408. Default
    /// 30s.
    #[serde(default = "default_timeout")]
    pub body_timeout: TimeSpan,
    /// The longest that a request waits for room in the journal, or for a limit; then it is answered
    /// with 429. `"0s"` answers at once. 0s to 1m, default 1s.
    #[serde(default = "default_patience")]
    pub patience: TimeSpan,
    /// Request headers to carry along as attributes of the records, such as `["x-request-id"]`.
    /// Default none.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Who may send. By default anyone who reaches the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// TLS, with the certificate of this server. By default the connection is plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServerTls>,
    /// How records become columns.
    #[serde(flatten)]
    pub decoding: Decoding,
}

/// How a body is cut into records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// By `Content-Type`: `application/x-ndjson` and `text/plain` are lines; `application/json`
    /// is an array if it begins with `[`, else one record; everything else is one record.
    #[default]
    Auto,
    /// The whole body is one record.
    Record,
    /// Each line is a record; empty lines are none.
    Lines,
    /// Each element of a JSON array is a record, with its bytes as they arrived.
    JsonArray,
}

/// The largest value of `max_body` and `max_expanded`: offsets in a column have 31 bits.
pub(crate) const MAX_BYTES: u64 = 1 << 30;

/// The longest `patience`.
pub(crate) const MAX_PATIENCE: TimeSpan = TimeSpan::from_secs(60);

fn default_path() -> String {
    "/".to_owned()
}

fn default_max_body() -> ByteSize {
    ByteSize::mib(16)
}

fn default_max_expanded() -> ByteSize {
    ByteSize::mib(64)
}

fn default_max_in_flight() -> ByteSize {
    ByteSize::mib(256)
}

fn default_max_connections() -> usize {
    1024
}

fn default_timeout() -> TimeSpan {
    TimeSpan::from_secs(30)
}

fn default_patience() -> TimeSpan {
    TimeSpan::from_secs(1)
}
