//! The options.

use forebay_clients::aws::{AwsConnection, AwsCredentials};
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::{Decoding, Format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{OnLoss, Start};

/// Reads the shards of a Kinesis data stream.
///
/// Records have the columns `data`, `partition_key`, `sequence_number`, `sub_sequence_number` (the
/// place within an aggregate of the Kinesis Producer Library, else 0), `shard`, `arrival_time` and
/// `stream`. `format` decodes `data`; `keep` names those of the others that stay beside what is
/// decoded, and only those are made at all.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KinesisConfig {
    /// The service.
    #[serde(flatten)]
    pub connection: AwsConnection,
    /// The stream, by its name or its ARN.
    #[schemars(example = &"orders")]
    pub stream: String,
    /// Where reading begins while no position is known. Default `trim_horizon`. A shard that is
    /// added while the stream is read begins with its first record.
    #[serde(default)]
    pub start: Start,
    /// What to do when records are gone before they were read. Default `fail`.
    #[serde(default)]
    pub on_loss: OnLoss,
    /// A table by which gateways, and workers of the Kinesis Client Library, share the shards. The
    /// positions are then those in the table. By default this gateway reads all shards, from the
    /// positions in its checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leases: Option<LeaseTable>,
    /// Whether records that the Kinesis Producer Library packed into one are taken apart. Default
    /// true.
    #[serde(default = "default_unpack")]
    pub unpack: bool,
    /// Has records pushed to a consumer of its own, which takes nothing from those who poll
    /// (enhanced fan-out), instead of polling. By default shards are polled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fan_out: Option<FanOut>,
    /// Time between two looks at a shard that has nothing new. One that has is read up to five
    /// times and 2 MiB a second, which is what the service allows. 200ms to 1m, default 1s.
    #[serde(default = "default_poll_interval")]
    pub poll_interval: TimeSpan,
    /// Records of one call, at most. 1 to 10000, default 10000.
    #[serde(default = "default_max_records")]
    pub max_records: u16,
    /// The memory for records that are fetched ahead, over all shards. One answer more of each
    /// shard may come on top. 1MiB to 16GiB, default 32MiB.
    #[serde(default = "default_buffer")]
    pub buffer: ByteSize,
    /// Time between two looks for new shards; those that come from one that ends are known at
    /// once. 1s to 1h, default 30s.
    #[serde(default = "default_discover_interval")]
    pub discover_interval: TimeSpan,
    /// How records become columns.
    #[serde(flatten)]
    pub decoding: Decoding,
}

/// A consumer that the service pushes records to: 2 MiB a second of each shard.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FanOut {
    /// The consumer, by its name or its ARN. One that is named is registered if there is none.
    pub consumer: String,
    /// Whether the consumer is deregistered when the gateway stops. Not if others use it too.
    /// Default false.
    #[serde(default)]
    pub deregister: bool,
}

/// A table of DynamoDB with a lease for each shard, of the schema and under the rules of the
/// Kinesis Client Library 2.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LeaseTable {
    /// Its name: to the client library, the name of the application.
    pub table: String,
    /// Whether the table is made if there is none, paid by the request. Default true.
    #[serde(default = "default_create")]
    pub create: bool,
    /// The name of this worker. Who starts with the same name takes the leases of the one before
    /// at once, so no two may have it. Default: one that belongs to the checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// How long a worker is not heard of until others take its shards; the same for all workers.
    /// 2s to 5m, default 10s.
    #[serde(default = "default_failover")]
    pub failover: TimeSpan,
    /// Time between two writes of a shard's position, at least; what was read since is read again
    /// when another worker takes over from one that was killed. 100ms to 1m, default 1s.
    #[serde(default = "default_commit_interval")]
    pub commit_interval: TimeSpan,
    /// Shards that this gateway reads, at most, from 1. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_shards: Option<u32>,
    /// The region of the table. Default: that of the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The address of DynamoDB, such as `"http://127.0.0.1:8000"` for an emulator. Default: that
    /// of the region, over TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Who this client is to DynamoDB. Default: who it is to Kinesis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<AwsCredentials>,
}

impl KinesisConfig {
    /// How DynamoDB is reached.
    pub(crate) fn lease_connection(&self, leases: &LeaseTable) -> AwsConnection {
        let own = &self.connection;
        AwsConnection {
            region: leases.region.clone().or_else(|| own.region.clone()),
            endpoint: leases.endpoint.clone(),
            credentials: leases.credentials.clone().or_else(|| own.credentials.clone()),
            // An answer that comes later than the lease expires helps nobody.
            timeout: TimeSpan(own.timeout.0.min(leases.failover.0 / 2)),
        }
    }

    /// Whether a column has to be made that nothing else needs.
    pub(crate) fn wants(&self, column: &str) -> bool {
        let all = self.decoding.format == Format::Bytes && self.decoding.keep.is_empty();
        all || self.decoding.keep.iter().any(|kept| kept == column)
    }
}

fn default_create() -> bool {
    true
}

fn default_failover() -> TimeSpan {
    TimeSpan::from_secs(10)
}

fn default_commit_interval() -> TimeSpan {
    TimeSpan::from_secs(1)
}

fn default_unpack() -> bool {
    true
}

fn default_poll_interval() -> TimeSpan {
    TimeSpan::from_secs(1)
}

fn default_max_records() -> u16 {
    10_000
}

fn default_buffer() -> ByteSize {
    ByteSize::mib(32)
}

fn default_discover_interval() -> TimeSpan {
    TimeSpan::from_secs(30)
}
