//! The choices among the options.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What chooses the partition of a record that does not name one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Partitioner {
    /// As Java's default partitioner: by the key's murmur2 hash. Records without key go to one
    /// random partition for some milliseconds, then to another.
    #[default]
    Murmur2,
    /// By the key's CRC32, as librdkafka does by default. Without key, or with an empty one, as
    /// above.
    Crc32,
    /// By the key's FNV-1a hash, as Sarama (Go) does by default. Without key as above.
    Fnv1a,
    /// At random, whatever the key: there is no order.
    Random,
}

impl Partitioner {
    /// Its name in librdkafka.
    pub(crate) fn property(self) -> &'static str {
        match self {
            Self::Murmur2 => "murmur2_random",
            Self::Crc32 => "consistent_random",
            Self::Fnv1a => "fnv1a_random",
            Self::Random => "random",
        }
    }
}

/// What becomes of rows whose topic does not exist, or may not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TopicErrors {
    /// They are tried again until somebody creates the topic or allows writing to it. The
    /// pipeline waits.
    Wait,
    /// They are dead letters.
    DeadLetter,
}

/// Whose word makes a record written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Acks {
    /// All in-sync replicas, and sending again makes no duplicate.
    #[default]
    All,
    /// The leader of the partition. Sending again may make duplicates, but keeps the order.
    Leader,
}

/// How records are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// Small and slow.
    Gzip,
    /// Fast.
    Snappy,
    /// Fast.
    Lz4,
    /// Small and fast.
    Zstd,
}

impl Compression {
    /// Its name in librdkafka.
    pub(crate) fn property(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}
