//! The options, their check, and the decoder that they stand for.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use forebay_core::component::Problem;
use forebay_core::decode::{AsIs, Decode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AvroOptions, CsvOptions, Format, JsonOptions};
use crate::decoders::{Avro, Csv, Json, Kept, Text, Typed, Whole};
use crate::schema::{FieldSpec, SchemaSpec, Type};

/// What the records are, and which columns are made of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Decoding {
    /// What the bytes of a record are. Default `text`.
    pub format: Format,
    /// The columns of a record: a table of names and types, in the order of the columns, such as
    /// `{ id = "bigint", ts = "timestamp", customer = "text not null" }`. Needed for `json` and
    /// `csv`; `forebay schema infer FILE` writes one from a sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaSpec>,
    /// Columns of the source to keep beside the decoded ones, such as `topic` or `offset`.
    /// Default none; `bytes` has them all.
    pub keep: Vec<String>,
    /// How CSV is written.
    pub csv: CsvOptions,
    /// How JSON is read.
    pub json: JsonOptions,
    /// How Avro records are read.
    pub avro: AvroOptions,
}

impl Decoding {
    /// What is wrong with the options, without I/O. Paths begin at the connector's table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = self.csv.check();
        let has_schema = self.schema.as_ref().is_some_and(|schema| !schema.fields.is_empty());
        match self.format {
            Format::Json | Format::Csv if !has_schema => {
                problems.push(
                    Problem::at("schema", format!("format `{}` needs a schema", self.format)).help(
                        "write schema = { name = \"type\", ... }, or let `forebay schema infer FILE` write it from a sample",
                    ),
                );
            }
            Format::Bytes | Format::Text if self.schema.is_some() => {
                problems.push(
                    Problem::at("schema", format!("format `{}` has no schema", self.format))
                        .help("take the schema out, or choose format = \"json\" or \"csv\""),
                );
            }
            _ => {}
        }
        if self.format == Format::Csv {
            problems.extend(self.nested_in_csv());
        }
        if let Some(text) = &self.avro.writer_schema
            && let Err(error) = crate::decoders::check_writer_schema(text)
        {
            problems.push(Problem::at("avro.writer_schema", error));
        }
        for name in &self.keep {
            if self.schema.as_ref().is_some_and(|schema| schema.field(name).is_some()) {
                problems.push(
                    Problem::at("keep", format!("`{name}` is also a column of the schema"))
                        .help("rename it in the schema or leave it out of `keep`"),
                );
            }
        }
        problems
    }

    fn nested_in_csv(&self) -> impl Iterator<Item = Problem> {
        let nested = |field: &&FieldSpec| matches!(field.kind, Type::List(_) | Type::Struct(_));
        self.schema.iter().flat_map(|schema| &schema.fields).filter(nested).map(|field| {
            Problem::at(
                &format!("schema.{}", field.name),
                format!("csv has no lists and structs, but `{}` is one", field.name),
            )
            .help("read it as \"json\" or \"text\"")
        })
    }

    /// The decoder of records whose bytes stand in the column `value` of these raw columns.
    ///
    /// # Errors
    /// The first problem: one of [`check`](Self::check), a kept column that the source does not
    /// have (the message lists those that it has), or a format that no single record has.
    pub fn decoder(&self, raw: &Schema, value: &str) -> Result<Arc<dyn Decode>, Problem> {
        if let Some(problem) = self.check().into_iter().next() {
            return Err(problem);
        }
        let at =
            raw.index_of(value).ok().filter(|at| *raw.field(*at).data_type() == DataType::Binary);
        let Some(at) = at else {
            return Err(Problem::at(
                "format",
                format!("the source has no column `{value}` of bytes for format `{}`", self.format),
            ));
        };
        let kept = Kept::new(raw, at, &self.keep)?;
        let schema = self.schema.clone().unwrap_or_default();
        Ok(match self.format {
            Format::Bytes if self.keep.is_empty() => Arc::new(Whole::new(kept.raw())),
            Format::Bytes => Arc::new(kept.bytes()),
            Format::Text => Arc::new(Text::new(kept)),
            Format::Json => Arc::new(Json::new(&schema, &self.json, kept)),
            Format::Csv => Arc::new(Csv::new(&schema, &self.csv, kept)),
            Format::Avro => Arc::new(Avro::new(self.schema.as_ref(), &self.avro, kept)?),
            Format::Parquet => {
                return Err(Problem::at("format", "parquet is a format of files, not of records")
                    .help("use it with a source of files"));
            }
        })
    }

    /// The decoder of what a [container](crate::container) yields: of the raw records of a CSV
    /// file with a header, or of columns that are typed already, which it makes those of the
    /// schema, if there is one.
    ///
    /// # Errors
    /// As [`decoder`](Self::decoder).
    pub fn container_decoder(&self) -> Result<Arc<dyn Decode>, Problem> {
        match self.format {
            Format::Csv => self.decoder(&crate::container::raw_csv_schema(), "value"),
            _ => {
                if let Some(problem) = self.check().into_iter().next() {
                    return Err(problem);
                }
                Ok(match &self.schema {
                    Some(schema) => Arc::new(Typed::new(schema)),
                    None => AsIs::shared(None),
                })
            }
        }
    }
}
