//! What the options of a sink say about rows that become records.

use forebay_core::component::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CsvOptions;

/// The formats in which a row can be bytes of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordFormat {
    /// A JSON object. Nulls are left out, times are RFC 3339 (with `Z` where the column has a
    /// time zone), bytes are hexadecimal digits, not-a-number and infinity are null.
    #[default]
    Json,
    /// A line of CSV (RFC 4180) without its end. No nested columns.
    Csv,
    /// An Avro datum.
    Avro,
}

impl RecordFormat {
    /// The word for it in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Avro => "avro",
        }
    }
}

/// How a line of CSV is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CsvRecordOptions {
    /// What stands between cells: one ASCII character, such as `","`, `";"` or `"\t"`. Default
    /// `","`.
    #[serde(default = "comma")]
    pub delimiter: String,
    /// What is written for a null. Default nothing, which cannot be told from an empty text.
    #[serde(default)]
    pub null: String,
}

fn comma() -> String {
    ",".to_owned()
}

impl Default for CsvRecordOptions {
    fn default() -> Self {
        Self { delimiter: comma(), null: String::new() }
    }
}

impl CsvRecordOptions {
    pub(super) fn lines(&self) -> CsvOptions {
        CsvOptions { header: false, delimiter: self.delimiter.clone(), null: self.null.clone() }
    }

    /// Finds what is wrong with the options.
    #[must_use]
    pub fn check(&self) -> Option<Problem> {
        self.lines().check()
    }
}

/// How an Avro datum is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AvroRecordOptions {
    /// What stands before each datum. Default `none`.
    pub framing: AvroRecordFraming,
    /// The id under which a registry has the schema. Only for `framing = "confluent"`, which
    /// needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_id: Option<u32>,
}

/// What stands before an Avro datum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AvroRecordFraming {
    /// Nothing.
    #[default]
    None,
    /// The two bytes and the Rabin fingerprint of Avro's
    /// [single-object encoding](https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding).
    SingleObject,
    /// The zero byte and the four bytes of `schema_id`, as
    /// [Confluent's wire format](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format)
    /// has them.
    Confluent,
}

impl AvroRecordOptions {
    /// Finds what is wrong with the options.
    #[must_use]
    pub fn check(&self) -> Option<Problem> {
        match (self.framing, self.schema_id) {
            (AvroRecordFraming::Confluent, None) => Some(
                Problem::at("avro.schema_id", "`framing = \"confluent\"` needs a `schema_id`")
                    .help("register the schema, and write the id that the registry gave it"),
            ),
            (AvroRecordFraming::None | AvroRecordFraming::SingleObject, Some(_)) => {
                Some(Problem::at("avro.schema_id", "only `framing = \"confluent\"` writes an id"))
            }
            _ => None,
        }
    }
}
