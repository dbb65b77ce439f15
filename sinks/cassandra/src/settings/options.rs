//! What a person can set.

use std::collections::BTreeMap;

use forebay_clients::tls::ClientTls;
use forebay_core::secret::Secret;
use forebay_core::units::{ByteSize, TimeSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BlobText, ConsistencyLevel, Counters, Delete, Extra, Nulls, TimeToLive, WriteTime};

/// Writes each row to a table of Cassandra or ScyllaDB, as an upsert whose write time does not
/// change when the row comes again: replays and retries leave the table as it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// Nodes to begin with, at least one, such as `["10.0.0.1", "cassandra.example:9042"]`; the
    /// others are found. The port is 9042 if none is named.
    #[schemars(example = vec!["127.0.0.1:9042"])]
    pub hosts: Vec<String>,
    /// The table, as `keyspace.table`. A name that has capitals or other signs stands in double
    /// quotes, as in CQL: `shop."OrdersByDay"`. The table must be there; it is never made or
    /// altered.
    #[schemars(example = "shop.orders")]
    pub table: String,
    /// Where a column of the table has its value from, if not from the field of its own name:
    /// `{ customer_id = "customer" }` fills `customer_id` from `customer`.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// What to do with a field that has no column: `"refuse"` (default) or `"ignore"`.
    #[serde(default)]
    pub extra_fields: Extra,
    /// What a null does: `"unset"` (default) leaves what is stored as it is and makes no
    /// tombstone; `"null"` deletes what is stored. With `"unset"`, a null in a later record does
    /// not clear a column.
    #[serde(default)]
    pub nulls: Nulls,
    /// How text becomes a `blob`: `"base64"` (default), `"hex"` or `"raw"`.
    #[serde(default)]
    pub blob_text: BlobText,
    /// How many replicas must have a row before it counts as written. Default `"local_quorum"`.
    /// It is never lowered.
    #[serde(default)]
    pub consistency: ConsistencyLevel,
    /// The time to live of each row. Default: that of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<TimeToLive>,
    /// The write time (`USING TIMESTAMP`) of each row, which decides between writes to the same
    /// row: the later one wins, in whatever order they arrive. By default it is made from the
    /// batch.
    #[serde(default)]
    pub write_time: WriteTime,
    /// Which rows delete instead of writing. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<Delete>,
    /// Tables of counters: `"refuse"` (default), or `"at_least_once"`, where values are added
    /// and a replay, or a retry after a timeout, adds them once more.
    #[serde(default)]
    pub counters: Counters,
    /// Rows of the same partition are written together, at most so many, from 1 to 1000.
    /// Default 64; 1 writes each row alone.
    #[serde(default = "batch_rows")]
    pub batch_rows: usize,
    /// And at most so many bytes together, up to `"1MiB"`. Default `"32KiB"`.
    #[serde(default = "batch_bytes")]
    pub batch_bytes: ByteSize,
    /// A row with more bytes is a dead letter, up to `"15MiB"`: a frame that is larger than the
    /// server's `native_transport_max_frame_size` would end the connection. Default `"8MiB"`.
    #[serde(default = "max_row_bytes")]
    pub max_row_bytes: ByteSize,
    /// The most requests at the same time, from 1 to 8192. Default 512. How many are really
    /// sent adapts itself: it grows while the cluster keeps up, and halves when a request is
    /// refused or times out.
    #[serde(default = "max_in_flight")]
    pub max_in_flight: usize,
    /// The most bytes at the same time. Default `"8MiB"`.
    #[serde(default = "max_in_flight_bytes")]
    pub max_in_flight_bytes: ByteSize,
    /// How long a request may take. Default `"10s"`; it should be longer than the server's own
    /// `write_request_timeout`, which is 2 seconds.
    #[serde(default = "request_timeout")]
    pub request_timeout: TimeSpan,
    /// How long a connection may take to be made. Default `"5s"`.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: TimeSpan,
    /// Connections to each node (with ScyllaDB: to each shard), from 1 to 64. Default 1.
    #[serde(default = "connections")]
    pub connections: usize,
    /// The name to log in with; none by default. It needs `password` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// TLS; none by default. Nodes are known by their addresses, so their certificates must be
    /// issued for these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ClientTls>,
    /// The datacenter to write to; others are used for nothing. Default: all are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacenter: Option<String>,
    /// The rack whose nodes are asked first. It needs `datacenter` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rack: Option<String>,
    /// Whether requests are compressed, with LZ4. Default false: it pays for rows above some
    /// KiB, or over a slow network.
    #[serde(default)]
    pub compress: bool,
}

fn batch_rows() -> usize {
    64
}

fn batch_bytes() -> ByteSize {
    ByteSize::kib(32)
}

fn max_row_bytes() -> ByteSize {
    ByteSize::mib(8)
}

fn max_in_flight() -> usize {
    512
}

fn max_in_flight_bytes() -> ByteSize {
    ByteSize::mib(8)
}

fn request_timeout() -> TimeSpan {
    TimeSpan::from_secs(10)
}

fn connect_timeout() -> TimeSpan {
    TimeSpan::from_secs(5)
}

fn connections() -> usize {
    1
}
