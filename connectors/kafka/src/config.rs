//! The options.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::Schema;
use forebay_clients::kafka::KafkaConnection;
use forebay_core::component::Problem;
use forebay_core::decode::Decode;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::{Decoding, Format, KeyDecoding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{Assign, End, Isolation, OnLoss, Start};

/// Reads the partitions of Kafka topics.
///
/// Records have the columns `key`, `value`, `topic`, `partition`, `offset`, `timestamp`,
/// `timestamp_type` (0: set by the producer, 1: by the broker) and `headers` (a list of `key` and
/// `value`; null if there are none). `format` decodes `value`, and `key` the key; `keep` names those
/// of the others that stay beside what is decoded, and only those are made at all.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KafkaConfig {
    /// The cluster.
    #[serde(flatten)]
    pub connection: KafkaConnection,
    /// The topics to read. One of `topics`, `topics_pattern` and `partitions` is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = vec!["orders"])]
    pub topics: Vec<String>,
    /// A regular expression that the whole name of a topic must match. Topics that come to match
    /// later are found, see `discover_interval`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics_pattern: Option<String>,
    /// The partitions to read, such as `["orders-0", "orders-3"]`, and no others. Only with
    /// `assign = "all"`.
    #[serde(default)]
    pub partitions: Vec<String>,
    /// The consumer group. Needed with `assign = "group"`. With `assign = "all"` positions are
    /// copied to it, so that other tools see the lag; by default they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Who reads which partitions. Default `all`.
    #[serde(default)]
    pub assign: Assign,
    /// A name for this member of the group that outlives a restart
    /// ([static membership](https://kafka.apache.org/documentation/#static_membership)): its
    /// partitions wait for it as long as `session_timeout`. Unlike that of any other member. By
    /// default it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// How long the group waits for a member that is not heard of before others get its
    /// partitions. 6s to 30m unless the brokers are set otherwise, default 15s.
    #[serde(default = "default_session_timeout")]
    pub session_timeout: TimeSpan,
    /// How long what was read of a partition may take to be written and committed before it goes
    /// to another member. What is not committed by then is written twice. 1s to 30m, default 30s.
    #[serde(default = "default_drain_timeout")]
    pub drain_timeout: TimeSpan,
    /// Where reading begins while no position is known. Default `earliest`. A partition that is
    /// added to a topic while it is read begins with its first record.
    #[serde(default)]
    pub start: Start,
    /// Where reading ends, and with it the pipeline. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// What to do when records are gone before they were read, or a topic was made anew. Default
    /// `fail`.
    #[serde(default)]
    pub on_loss: OnLoss,
    /// Which records of transactions are read. Default `read_committed`.
    #[serde(default)]
    pub isolation: Isolation,
    /// The memory for records that are fetched ahead, over all partitions. 1MiB to 16GiB, default
    /// 8MiB.
    #[serde(default = "default_buffer")]
    pub buffer: ByteSize,
    /// Time between two looks for new partitions and topics. 1s to 1h, default 30s.
    #[serde(default = "default_discover_interval")]
    pub discover_interval: TimeSpan,
    /// How keys become columns, behind those of the value: `{}` makes a text of them, in the column
    /// `key`. Default: they do not; `keep = ["key"]` keeps their bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyDecoding>,
    /// How records become columns.
    #[serde(flatten)]
    pub decoding: Decoding,
}

impl KafkaConfig {
    /// Whether a column beside `value` and `offset` has to be made.
    pub(crate) fn wants(&self, column: &str) -> bool {
        let all = self.decoding.format == Format::Bytes && self.decoding.keep.is_empty();
        let is_decoded = column == "key" && self.key.is_some();
        all || is_decoded || self.decoding.keep.iter().any(|kept| kept == column)
    }

    /// Reads the files that the options name; see [`Decoding::load`].
    pub(crate) fn load(&mut self, base: &Path) -> Result<(), Problem> {
        self.decoding.load(base)?;
        self.key.as_mut().map_or(Ok(()), |key| key.load(base))
    }

    /// The decoder of records with these raw columns.
    pub(crate) fn decoder(&self, raw: &Schema) -> Result<Arc<dyn Decode>, Problem> {
        let value = self.decoding.decoder(raw, "value")?;
        match &self.key {
            Some(key) => key.beside(value, raw, "key"),
            None => Ok(value),
        }
    }
}

fn default_session_timeout() -> TimeSpan {
    TimeSpan::from_secs(15)
}

fn default_drain_timeout() -> TimeSpan {
    TimeSpan::from_secs(30)
}

fn default_buffer() -> ByteSize {
    ByteSize::mib(8)
}

fn default_discover_interval() -> TimeSpan {
    TimeSpan::from_secs(30)
}
