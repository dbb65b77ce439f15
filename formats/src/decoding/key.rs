//! The options of keys.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use forebay_core::component::Problem;
use forebay_core::decode::Decode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AvroOptions, CsvOptions, Decoding, Format, JsonOptions};
use crate::decoders::Keyed;
use crate::registry::RegistryOptions;
use crate::schema::SchemaSpec;

/// What the keys of records are, and which columns are made of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KeyDecoding {
    /// What the bytes of a key are: `text`, `json`, `csv` or `avro`. Default `text`, in the column
    /// `key`.
    pub format: Format,
    /// What stands before the names of the key's columns, unless they are one of text. Default
    /// `key_`.
    pub prefix: String,
    /// The columns of a key, as `schema` has those of a record. Needed for `json` and `csv`. Where
    /// a record has no key they are null, and the record is a dead letter only if one of them is
    /// `not null` here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaSpec>,
    /// How CSV is written.
    pub csv: CsvOptions,
    /// How JSON is read.
    pub json: JsonOptions,
    /// How Avro keys are read.
    pub avro: AvroOptions,
    /// A schema registry, for keys that begin with a zero byte and the id of their schema. Default:
    /// there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryOptions>,
}

impl Default for KeyDecoding {
    fn default() -> Self {
        Self {
            format: Format::default(),
            prefix: "key_".to_owned(),
            schema: None,
            csv: CsvOptions::default(),
            json: JsonOptions::default(),
            avro: AvroOptions::default(),
            registry: None,
        }
    }
}

/// A problem of the options of a key, where it stands.
fn of_key(problem: Problem) -> Problem {
    problem.within("key")
}

impl KeyDecoding {
    fn decoding(&self) -> Decoding {
        Decoding {
            format: self.format,
            schema: self.schema.clone(),
            keep: Vec::new(),
            csv: self.csv.clone(),
            json: self.json.clone(),
            avro: self.avro.clone(),
            registry: self.registry.clone(),
        }
    }

    /// What is wrong with the options, without I/O. Paths begin at the connector's table, in which
    /// they stand as `key`.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match self.format {
            Format::Bytes => problems.push(
                Problem::at("key.format", "the bytes of a key are no columns of their own")
                    .help("leave `key` out, and write keep = [\"key\"]"),
            ),
            Format::Parquet => problems.push(
                Problem::at("key.format", "parquet is a format of files, not of keys")
                    .help("a key is `text`, `json`, `csv` or `avro`"),
            ),
            Format::Text | Format::Json | Format::Csv | Format::Avro => {}
        }
        problems.extend(self.decoding().check().into_iter().map(of_key));
        problems
    }

    /// Reads the files that the options name; see [`Decoding::load`].
    ///
    /// # Errors
    /// A file that cannot be read, or is not what it should be.
    pub fn load(&mut self, base: &Path) -> Result<(), Problem> {
        let mut decoding = self.decoding();
        decoding.load(base).map_err(of_key)?;
        (self.avro, self.registry) = (decoding.avro, decoding.registry);
        Ok(())
    }

    /// A decoder that also decodes the keys, which stand in the column `column` of these raw
    /// columns.
    ///
    /// # Errors
    /// The first problem: one of [`check`](Self::check), or a column that is there twice.
    pub fn beside(
        &self,
        value: Arc<dyn Decode>,
        raw: &Schema,
        column: &str,
    ) -> Result<Arc<dyn Decode>, Problem> {
        if let Some(problem) = self.check().into_iter().next() {
            return Err(problem);
        }
        let at = raw.index_of(column).ok();
        let Some(at) = at.filter(|at| *raw.field(*at).data_type() == DataType::Binary) else {
            return Err(Problem::at("key", format!("there is no column `{column}` of bytes")));
        };
        let alone = raw.project(&[at]).map_err(|error| Problem::at("key", error.to_string()))?;
        let key = self.decoding().decoder(&alone, column).map_err(of_key)?;
        let prefix = if self.format == Format::Text { "" } else { &self.prefix };
        let keyed = Keyed::new(value, key, (raw, at), prefix, self.schema.as_ref())?;
        Ok(Arc::new(keyed))
    }
}
