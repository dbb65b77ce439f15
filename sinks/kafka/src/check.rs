//! What is wrong with options that can be read.

use forebay_clients::kafka::Role;
use forebay_core::component::Problem;
use forebay_formats::encode::{AvroRecordOptions, CsvRecordOptions, RecordFormat};

use crate::choices::Acks;
use crate::options::KafkaSinkOptions;
use crate::template::Template;
use crate::topic_name::why_unfit;

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
