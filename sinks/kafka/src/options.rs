//! What a person can set.

use std::collections::BTreeMap;

use forebay_clients::kafka::KafkaConnection;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::encode::{AvroRecordOptions, CsvRecordOptions, RecordFormat};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choices::{Acks, Compression, Partitioner, TopicErrors};
use crate::template::Template;

/// Writes rows as records to Kafka topics: each at least once and in order, or exactly once with
/// `exactly_once = true`.
///
/// Options that take a template may name columns in braces: `orders-{region}` is made for each
/// row, `{id}` alone is that column as it is, and `{{` stands for a brace.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KafkaSinkOptions {
    /// How to reach the cluster.
    #[serde(flatten)]
    pub connection: KafkaConnection,
    /// The topic, a template: `"orders"`, `"{topic}"`, `"orders-{region}"`.
    #[schemars(example = &"orders")]
    pub topic: String,
    /// The key of each record, a template such as `"{customer}"`. Records of one key go to one
    /// partition and keep their order. A null makes a record without key. Default: the column
    /// `key`, if there is one and `value` is passed on as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value of each record, a template such as `"{payload}"`; a null makes a tombstone.
    /// Default: the column `value` if there is one of text or bytes (as in records of the source
    /// `kafka`, and in Spark's sink), else the whole row in the format `format`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The format in which the whole row is the value: `json`, `csv` or `avro`. Naming it also
    /// makes the whole row the value where there is a column `value`. Default `json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<RecordFormat>,
    /// How CSV is written. Only for `format = "csv"`.
    #[serde(default)]
    pub csv: CsvRecordOptions,
    /// How Avro is written. Only for `format = "avro"`. The schema is that of the columns.
    #[serde(default)]
    pub avro: AvroRecordOptions,
    /// Headers by name, with templates as values: `{ origin = "forebay", region = "{region}" }`.
    /// A null makes a header without value. Default none.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The column with further headers: a list of structs of `key` and `value`. Default: the
    /// column `headers`, if there is such a one and `value` is passed on as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers_column: Option<String>,
    /// The partition of each record: `"3"`, or a column of whole numbers such as `"{shard}"`,
    /// where a null leaves it to the partitioner. Default: the partitioner decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The time of each record: a column such as `"{ts}"`, of timestamps or of milliseconds since
    /// 1970. A null is the time of writing, and so is 1970-01-01T00:00:00 itself. Default: the
    /// time of writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// What chooses the partition of a record that does not name one. Default `murmur2`.
    #[serde(default)]
    pub partitioner: Partitioner,
    /// What becomes of rows whose topic does not exist, or may not be written by this client:
    /// `wait` until it does, or `dead_letter`. Default: `wait` where `topic` is one topic,
    /// `dead_letter` where it depends on the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_errors: Option<TopicErrors>,
    /// Whether each batch is a transaction that is recognised when it comes again after a crash,
    /// so that readers with `isolation.level = read_committed` see each record exactly once.
    /// Needs sources whose positions stand in the checkpoint. Default false: at least once.
    #[serde(default)]
    pub exactly_once: bool,
    /// The transactional id, and the name of the consumer group in which the last written batch
    /// is kept. Nobody else may use it. Only for `exactly_once`. Default: `forebay-`, the name of
    /// the pipeline, `-` and that of the sink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactional_id: Option<String>,
    /// How long a transaction may take before the brokers abort it, from `"1s"`; they have a
    /// limit of their own (`transaction.max.timeout.ms`, 15 minutes). Only for `exactly_once`.
    /// Default `"1m"`.
    #[serde(default = "transaction_timeout")]
    pub transaction_timeout: TimeSpan,
    /// Whose word makes a record written: `all` in-sync replicas, or the `leader` alone, which
    /// can lose records if it crashes. Default `all`.
    #[serde(default)]
    pub acks: Acks,
    /// How records are compressed, in batches: `none`, `gzip`, `snappy`, `lz4` or `zstd`. Default
    /// `none`.
    #[serde(default)]
    pub compression: Compression,
    /// How long a record waits for company before it is sent, up to `"15m"`: longer makes fewer
    /// and larger requests. Default `"5ms"`.
    #[serde(default = "linger")]
    pub linger: TimeSpan,
    /// The most bytes of records in one request for a partition, before compression. Default
    /// `"1000000B"`, as much as brokers take by default.
    #[serde(default = "batch_bytes")]
    pub batch_bytes: ByteSize,
    /// The largest record, from 1000 bytes to 1 GB: a larger one is a dead letter. The brokers
    /// have a limit of their own (`max.message.bytes` of the topic). Default `"1000000B"`.
    #[serde(default = "max_record_bytes")]
    pub max_record_bytes: ByteSize,
    /// The most bytes of records that wait for their acknowledgement, from `"1KiB"`. Default
    /// `"8MiB"`.
    #[serde(default = "buffer")]
    pub buffer: ByteSize,
}

fn transaction_timeout() -> TimeSpan {
    TimeSpan::from_secs(60)
}

fn linger() -> TimeSpan {
    TimeSpan::from_millis(5)
}

fn batch_bytes() -> ByteSize {
    ByteSize(1_000_000)
}

fn max_record_bytes() -> ByteSize {
    ByteSize(1_000_000)
}

fn buffer() -> ByteSize {
    ByteSize::mib(8)
}

impl KafkaSinkOptions {
    /// What becomes of rows whose topic does not exist.
    pub(crate) fn topic_errors(&self) -> TopicErrors {
        let is_fixed = Template::parse(&self.topic).is_ok_and(|topic| topic.fixed().is_some());
        let usual = if is_fixed { TopicErrors::Wait } else { TopicErrors::DeadLetter };
        self.topic_errors.unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: serde_json::Value) -> KafkaSinkOptions {
        let mut all = serde_json::json!({ "brokers": ["127.0.0.1:9092"], "topic": "orders" });
        let given = json.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(given);
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn the_smallest_configuration_has_sound_defaults() {
        let options = options(serde_json::json!({}));
        assert_eq!(options.check(), []);
        assert_eq!((options.acks, options.partitioner), (Acks::All, Partitioner::Murmur2));
        assert_eq!(options.topic_errors(), TopicErrors::Wait);
        let schema = schemars::schema_for!(KafkaSinkOptions).to_value();
        assert_eq!(schema["required"], serde_json::json!(["brokers", "topic"]));
        assert_eq!(schema["properties"]["linger"]["default"], "5ms");
    }

    #[test]
    fn rows_that_name_their_topic_do_not_hold_back_others() {
        let usual = |json| options(json).topic_errors();
        assert_eq!(usual(serde_json::json!({"topic": "o-{r}"})), TopicErrors::DeadLetter);
        assert_eq!(
            usual(serde_json::json!({"topic": "o-{r}", "topic_errors": "wait"})),
            TopicErrors::Wait
        );
    }
}
