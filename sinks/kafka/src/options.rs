//! What a person can set.

use std::collections::BTreeMap;

use forebay_clients::kafka::{KafkaConnection, Role};
use forebay_core::component::Problem;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::encode::{AvroRecordOptions, CsvRecordOptions, RecordFormat};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::topic_name::why_unfit;
use forebay_formats::encode::Template;

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
    /// `"32MiB"`.
    #[serde(default = "buffer")]
    pub buffer: ByteSize,
}

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
    ByteSize::mib(32)
}

const MAX_LINGER_SECONDS: u64 = 900;
const RECORD_BYTES: std::ops::RangeInclusive<u64> = 1_000..=1_000_000_000;
const BATCH_BYTES: std::ops::RangeInclusive<u64> = 1..=1_000_000_000;
/// librdkafka counts in KiB, as an `int`.
const BUFFER_BYTES: std::ops::RangeInclusive<u64> = 1024..=(i32::MAX as u64) << 10;
const TRANSACTION_SECONDS: std::ops::RangeInclusive<u64> = 1..=2_000_000;

impl KafkaSinkOptions {
    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = self.connection.check(Role::Producer);
        self.check_templates(&mut problems);
        self.check_value(&mut problems);
        self.check_delivery(&mut problems);
        self.check_sizes(&mut problems);
        problems
    }

    /// What becomes of rows whose topic does not exist.
    pub(crate) fn topic_errors(&self) -> TopicErrors {
        let is_fixed = Template::parse(&self.topic).is_ok_and(|topic| topic.fixed().is_some());
        let usual = if is_fixed { TopicErrors::Wait } else { TopicErrors::DeadLetter };
        self.topic_errors.unwrap_or(usual)
    }

    fn check_templates(&self, problems: &mut Vec<Problem>) {
        let mut parse = |path: &str, text: &str| match Template::parse(text) {
            Ok(template) => Some(template),
            Err(error) => {
                problems.push(
                    Problem::at(path, error)
                        .help("write columns as `{column}`, and a brace itself as `{{`"),
                );
                None
            }
        };
        let topic = parse("topic", &self.topic);
        let partition = self.partition.as_deref().and_then(|text| parse("partition", text));
        let timestamp = self.timestamp.as_deref().and_then(|text| parse("timestamp", text));
        for (path, text) in [("key", &self.key), ("value", &self.value)] {
            if let Some(text) = text {
                parse(path, text);
            }
        }
        for (name, text) in &self.headers {
            parse(&format!("headers.{name}"), text);
        }
        if let Some(name) = topic.as_ref().and_then(Template::fixed)
            && let Some(why) = why_unfit(name)
        {
            problems.push(Problem::at("topic", why));
        }
        if let Some(partition) = partition
            && partition.column().is_none()
            && !partition.fixed().is_some_and(|text| text.parse::<i32>().is_ok_and(|it| it >= 0))
        {
            problems.push(
                Problem::at("partition", "this is neither a number from 0 nor one column")
                    .help("such as \"3\" or \"{shard}\""),
            );
        }
        if timestamp.is_some_and(|timestamp| timestamp.column().is_none()) {
            problems
                .push(Problem::at("timestamp", "this is not one column").help("such as \"{ts}\""));
        }
    }

    fn check_value(&self, problems: &mut Vec<Problem>) {
        if self.value.is_some() && self.format.is_some() {
            problems.push(
                Problem::at("format", "`value` already says what the value of a record is")
                    .help("leave out one of the two"),
            );
        }
        if self.format != Some(RecordFormat::Csv) && self.csv != CsvRecordOptions::default() {
            problems.push(Problem::at("csv", "this is only for `format = \"csv\"`"));
        }
        if self.format != Some(RecordFormat::Avro) && self.avro != AvroRecordOptions::default() {
            problems.push(Problem::at("avro", "this is only for `format = \"avro\"`"));
        }
        problems.extend(self.csv.check());
        problems.extend(self.avro.check());
    }

    fn check_delivery(&self, problems: &mut Vec<Problem>) {
        if self.exactly_once && self.acks != Acks::All {
            problems.push(
                Problem::at("acks", "`exactly_once` needs the word of all replicas")
                    .help("leave `acks` out"),
            );
        }
        if !self.exactly_once && self.transactional_id.is_some() {
            problems.push(
                Problem::at("transactional_id", "this is only for `exactly_once = true`")
                    .help("add that, or leave this out"),
            );
        }
        if self.exactly_once && self.linger.0 >= self.transaction_timeout.0 {
            problems.push(Problem::at(
                "linger",
                "a record would wait for company longer than its transaction may take",
            ));
        }
        if self.transactional_id.as_ref().is_some_and(|id| id.is_empty() || id.contains('\0')) {
            problems.push(Problem::at("transactional_id", "this is no id"));
        }
        let own = [
            ("linger.ms", "linger"),
            ("queue.buffering.max.ms", "linger"),
            ("batch.size", "batch_bytes"),
            ("message.max.bytes", "max_record_bytes"),
            ("queue.buffering.max.kbytes", "buffer"),
            ("compression.codec", "compression"),
            ("compression.type", "compression"),
            ("transaction.timeout.ms", "transaction_timeout"),
        ];
        for (property, option) in own {
            if self.connection.properties.contains_key(property) {
                let path = vec!["properties".to_owned(), property.to_owned()];
                let message = format!("the option `{option}` sets `{property}`");
                problems.push(Problem { path, message, help: None });
            }
        }
        for property in ["message.timeout.ms", "delivery.timeout.ms"] {
            if self.connection.properties.contains_key(property) {
                let path = vec!["properties".to_owned(), property.to_owned()];
                let message = format!(
                    "`{property}` cannot be set: a record that waits is never given up, so that \
                     it is neither lost nor overtaken"
                );
                problems.push(Problem { path, message, help: None });
            }
        }
    }

    fn check_sizes(&self, problems: &mut Vec<Problem>) {
        let mut within = |path: &str, value: u64, range: std::ops::RangeInclusive<u64>, unit| {
            if !range.contains(&value) {
                let (low, high) = range.into_inner();
                let text = format!("{value} {unit} is not from {low} to {high}");
                problems.push(Problem::at(path, text));
            }
        };
        within("batch_bytes", self.batch_bytes.0, BATCH_BYTES, "bytes");
        within("max_record_bytes", self.max_record_bytes.0, RECORD_BYTES, "bytes");
        within("buffer", self.buffer.0, BUFFER_BYTES, "bytes");
        within("linger", self.linger.0.as_secs(), 0..=MAX_LINGER_SECONDS, "seconds");
        let timeout = self.transaction_timeout.0.as_secs();
        within("transaction_timeout", timeout, TRANSACTION_SECONDS, "seconds");
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

    fn findings(json: serde_json::Value) -> Vec<String> {
        options(json).check().into_iter().map(|problem| problem.path.join(".")).collect()
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

    #[test]
    fn all_findings_at_once() {
        assert_eq!(
            findings(serde_json::json!({
                "topic": "or ders", "key": "{", "partition": "a{b}", "timestamp": "now",
                "headers": {"a": "}"}, "value": "{v}", "format": "json", "csv": {"delimiter": ";"},
                "acks": "leader", "exactly_once": true, "transactional_id": "",
                "linger": "1h", "buffer": "1", "max_record_bytes": "10",
                "properties": {"linger.ms": "1", "message.timeout.ms": "1", "acks": "0"},
            })),
            [
                "properties.acks",
                "key",
                "headers.a",
                "topic",
                "partition",
                "timestamp",
                "format",
                "csv",
                "acks",
                "linger",
                "transactional_id",
                "properties.linger.ms",
                "properties.message.timeout.ms",
                "max_record_bytes",
                "buffer",
                "linger",
            ]
        );
        assert_eq!(findings(serde_json::json!({"transactional_id": "a"})), ["transactional_id"]);
        assert_eq!(findings(serde_json::json!({"topic": ".."})), ["topic"]);
        let slow = serde_json::json!({"exactly_once": true, "linger": "2m"});
        assert_eq!(findings(slow), ["linger"]);
    }
}
