//! The options of Avro.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How Avro records are read that do not come in container files, which carry their schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AvroOptions {
    /// The schema that the records were written with, as JSON text. Needed unless `format = "avro"`
    /// is used for files.
    pub writer_schema: Option<String>,
    /// What stands before each datum. Default `none`.
    pub framing: AvroFraming,
}

/// What stands before an Avro datum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AvroFraming {
    /// Nothing.
    #[default]
    None,
    /// The two bytes and the fingerprint of Avro's
    /// [single-object encoding](https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding);
    /// the fingerprint has to be that of the schema.
    SingleObject,
    /// The zero byte and the four bytes of a schema id of
    /// [Confluent's wire format](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format);
    /// the id is not looked up: all records have to be written with `writer_schema`.
    Confluent,
}
