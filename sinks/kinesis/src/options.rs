//! What a person can set.

use forebay_clients::aws::AwsConnection;
use forebay_clients::kinesis::StreamId;
use forebay_core::component::Problem;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::encode::{
    AvroRecordOptions, CsvRecordOptions, RecordEncoding, RecordFormat, Template,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Writes rows as records to a Kinesis data stream: each at least once, and in order for each
/// partition key.
///
/// Options that take a template may name columns in braces: `orders-{region}` is made for each
/// row, `{id}` alone is that column as it is, and `{{` stands for a brace.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KinesisSinkOptions {
    /// The service.
    #[serde(flatten)]
    pub connection: AwsConnection,
    /// The stream, by its name or its ARN.
    #[schemars(example = &"orders")]
    pub stream: String,
    /// The partition key of each record, a template such as `"{customer}"`, of 1 to 256
    /// characters. Records of one key go to one shard and keep their order. Default: the column
    /// `partition_key`, if there is one; else each record has a key of its own, made by chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<String>,
    /// The hash key of each record, a template such as `"{hash}"`: a decimal number below 2^128
    /// that says which shard takes it, instead of the hash of its partition key. A null leaves it
    /// to that. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explicit_hash_key: Option<String>,
    /// The data of each record, a template such as `"{payload}"`. Default: the column `data` if
    /// there is one of text or bytes (as in records of the source `kinesis`), or the column
    /// `value`, else the whole row in the format `format`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The format in which the whole row is the data: `json`, `csv` or `avro`. Naming it also
    /// makes the whole row the data where there is a column `data`. Default `json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<RecordFormat>,
    /// How CSV is written. Only for `format = "csv"`.
    #[serde(default)]
    pub csv: CsvRecordOptions,
    /// How Avro is written. Only for `format = "avro"`. The schema is that of the columns.
    #[serde(default)]
    pub avro: AvroRecordOptions,
    /// Whether no request has two records of one key, so that records of a key never follow each
    /// other twice, not even where the service refuses some. It is slow where few keys have many
    /// records. Default false: after a refusal, what followed under the same key is written again.
    #[serde(default)]
    pub strict_order: bool,
    /// The largest record, its key included, from 1KiB to 10MiB: a larger one is a dead letter.
    /// The stream has a limit of its own. Default `"1MiB"`.
    #[serde(default = "max_record_bytes")]
    pub max_record_bytes: ByteSize,
    /// The most bytes of one request, from 1MiB to 10MiB; at least `max_record_bytes`. Default
    /// `"5MiB"`.
    #[serde(default = "request_bytes")]
    pub request_bytes: ByteSize,
    /// Requests that are on their way at a time, from 1 to 64. The records of a key are never in
    /// two of them. Default 4.
    #[serde(default = "requests")]
    pub requests: u16,
    /// How long records that the service refuses for now are sent again before the batch is said
    /// to wait, from 0s to 5m. They are not given up. Default `"10s"`.
    #[serde(default = "retry_for")]
    pub retry_for: TimeSpan,
}

fn max_record_bytes() -> ByteSize {
    ByteSize::mib(1)
}

fn request_bytes() -> ByteSize {
    ByteSize::mib(5)
}

fn requests() -> u16 {
    4
}

fn retry_for() -> TimeSpan {
    TimeSpan::from_secs(10)
}

impl KinesisSinkOptions {
    /// How whole rows become data.
    pub(crate) fn encoding(&self) -> RecordEncoding {
        RecordEncoding {
            format: self.format.unwrap_or_default(),
            csv: self.csv.clone(),
            avro: self.avro.clone(),
        }
    }

    /// What can be found wrong without I/O.
    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = self.connection.check();
        if let Err(error) = self.stream.parse::<StreamId>() {
            problems.push(Problem::at("stream", error));
        }
        let templates = [
            ("partition_key", &self.partition_key),
            ("explicit_hash_key", &self.explicit_hash_key),
            ("data", &self.data),
        ];
        for (key, template) in templates {
            match template.as_deref().map(Template::parse) {
                Some(Err(error)) => problems.push(Problem::at(key, error)),
                Some(Ok(template)) if template.fixed() == Some("") && key != "data" => {
                    problems.push(Problem::at(key, format!("a `{key}` is not empty")));
                }
                _ => {}
            }
        }
        if self.data.is_some() && self.format.is_some() {
            let text = "`data` says what the data is, so `format` has nothing to do";
            problems.push(Problem::at("format", text));
        }
        let sizes = [
            ("max_record_bytes", self.max_record_bytes, ByteSize::kib(1)),
            ("request_bytes", self.request_bytes, ByteSize::mib(1)),
        ];
        let most = ByteSize::mib(10);
        for (key, size, least) in sizes {
            if !(least..=most).contains(&size) {
                problems
                    .push(Problem::at(key, format!("{size} is not between {least} and {most}")));
            }
        }
        if self.request_bytes < self.max_record_bytes {
            let text = "a request has to hold the largest record";
            problems.push(Problem::at("request_bytes", text));
        }
        if !(1..=64).contains(&self.requests) {
            let text = format!("{} is not between 1 and 64", self.requests);
            problems.push(Problem::at("requests", text));
        }
        let most = TimeSpan::from_secs(300);
        if self.retry_for > most {
            let text = format!("{} is not between 0s and {most}", self.retry_for);
            problems.push(Problem::at("retry_for", text));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let options: KinesisSinkOptions = toml::from_str(text).unwrap();
        options.check().iter().map(|problem| problem.path.join(" ")).collect()
    }

    #[test]
    fn all_problems_are_found_at_once() {
        assert_eq!(paths("stream = \"orders\""), Vec::<String>::new());
        assert_eq!(
            paths(
                "stream = \"orders\"\npartition_key = \"{customer}\"\ndata = \"{payload}\"\nmax_record_bytes = \"10MiB\"\nrequest_bytes = \"10MiB\""
            ),
            Vec::<String>::new()
        );
        assert_eq!(
            paths(
                "stream = \"\"\ntimeout = \"0s\"\npartition_key = \"\"\nexplicit_hash_key = \"{\"\ndata = \"{d}\"\n\
                 format = \"csv\"\nmax_record_bytes = \"2MiB\"\nrequest_bytes = \"1MiB\"\nrequests = 0\nretry_for = \"1h\""
            ),
            [
                "timeout",
                "stream",
                "partition_key",
                "explicit_hash_key",
                "format",
                "request_bytes",
                "requests",
                "retry_for"
            ]
        );
        assert_eq!(
            paths("stream = \"o\"\nmax_record_bytes = \"11MiB\"\nrequest_bytes = \"11MiB\""),
            ["max_record_bytes", "request_bytes"]
        );
    }
}
