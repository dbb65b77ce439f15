//! What the options of a sink say about the bytes that it writes.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use forebay_core::component::Problem;
use forebay_core::dead_letter::Reason;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::avro::AvroEncoder;
use super::csv::CsvLines;
use super::gauge::Gauged;
use super::json::JsonLines;
use super::lines::{LineEncoder, Lines};
use super::misfit;
use super::parquet::ParquetEncoder;
use super::text::TextLines;
use super::{Compression, CsvOptions, EncodeError, Encoder, Format};

/// What the options of a sink say about the bytes that it writes; flattened into them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Encoding {
    /// The format: `json`, `text`, `csv`, `parquet` or `avro`. Default `json`, one object per line.
    #[serde(default)]
    pub format: Format,
    /// The compression: `none`, `gzip` or `zstd` for `json`, `text` and `csv` (default `none`);
    /// `none`, `snappy` or `zstd` for `parquet` and `avro` (default `snappy`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// How CSV is written. Only for `format = "csv"`.
    #[serde(default)]
    pub csv: CsvOptions,
    /// The column whose values are the lines. Only for `format = "text"`. Default: the only
    /// column, or else the one named `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_column: Option<String>,
}

impl Encoding {
    /// Finds what is wrong with the options.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let possible = self.format.compressions();
        if let Some(compression) = self.compression
            && !possible.contains(&compression)
        {
            let words: Vec<_> = possible.iter().map(|word| word.as_str()).collect();
            let (format, word) = (self.format.as_str(), compression.as_str());
            problems.push(
                Problem::at("compression", format!("{format} cannot be compressed with {word}"))
                    .help(format!("use one of {}", words.join(", "))),
            );
        }
        if self.format == Format::Csv {
            problems.extend(self.csv.check());
        } else if self.csv != CsvOptions::default() {
            problems.push(Problem::at("csv", "these options are for `format = \"csv\"` only"));
        }
        if self.format != Format::Text && self.text_column.is_some() {
            problems
                .push(Problem::at("text_column", "this option is for `format = \"text\"` only"));
        }
        problems
    }

    /// The compression that is named, or else the format's usual one.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression.unwrap_or_else(|| self.format.usual_compression())
    }

    /// How the name of a file ends that is written so, without the first dot: `jsonl.gz`.
    #[must_use]
    pub fn extension(&self) -> String {
        let extension = self.format.extension();
        match (self.format, self.compression()) {
            (Format::Parquet | Format::Avro, _) | (_, Compression::None) => extension.to_owned(),
            (_, Compression::Gzip) => format!("{extension}.gz"),
            (_, Compression::Zstd) => format!("{extension}.zst"),
            (_, Compression::Snappy) => format!("{extension}.sz"),
        }
    }

    /// Begins a stream for rows of a schema. Batches may differ from it in the metadata of the
    /// schema, in nothing else.
    ///
    /// # Errors
    /// [`EncodeError::Columns`] if the format cannot hold such columns, [`EncodeError::Io`] if
    /// the output failed.
    pub fn open(
        &self,
        schema: &SchemaRef,
        out: Box<dyn Write + Send>,
    ) -> Result<Box<dyn Encoder>, EncodeError> {
        let (out, gauge) = Gauged::new(out);
        let compression = self.compression();
        let lines: Box<dyn Lines> = match self.format {
            Format::Json => Box::new(JsonLines::new()),
            Format::Text => Box::new(TextLines::new(schema, self.text_column.as_deref())?),
            Format::Csv => Box::new(CsvLines::new(schema, &self.csv)?),
            Format::Parquet => {
                return Ok(Box::new(ParquetEncoder::open(schema, compression, out, gauge)?));
            }
            Format::Avro => {
                return Ok(Box::new(AvroEncoder::open(schema, compression, out, gauge)?));
            }
        };
        Ok(Box::new(LineEncoder::open(lines, compression, out, gauge)?))
    }

    /// The rows that have a value which the format cannot hold, in order: leave them out, or
    /// [`Encoder::write`] fails (or, where it can do no better, writes the bare number).
    #[must_use]
    pub fn misfits(&self, rows: &RecordBatch) -> Vec<(usize, Reason)> {
        misfit::misfits(self.format, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(toml: serde_json::Value) -> Vec<String> {
        let encoding: Encoding = serde_json::from_value(toml).unwrap();
        encoding.check().into_iter().map(|problem| problem.path.join(".")).collect()
    }

    #[test]
    fn options_that_do_not_go_together_are_found() {
        let none: Vec<String> = vec![];
        assert_eq!(problems(serde_json::json!({})), none);
        assert_eq!(problems(serde_json::json!({"format": "parquet", "compression": "zstd"})), none);
        assert_eq!(
            problems(serde_json::json!({"format": "parquet", "compression": "gzip"})),
            ["compression"]
        );
        assert_eq!(problems(serde_json::json!({"compression": "snappy"})), ["compression"]);
        assert_eq!(
            problems(serde_json::json!({"csv": {"header": false}, "text_column": "a"})),
            ["csv", "text_column"]
        );
        assert_eq!(
            problems(serde_json::json!({"format": "csv", "csv": {"delimiter": "ab"}})),
            ["csv.delimiter"]
        );
    }

    #[test]
    fn names_end_with_format_and_compression() {
        for (options, extension) in [
            (serde_json::json!({}), "jsonl"),
            (serde_json::json!({"compression": "gzip"}), "jsonl.gz"),
            (serde_json::json!({"format": "csv", "compression": "zstd"}), "csv.zst"),
            (serde_json::json!({"format": "text"}), "txt"),
            (serde_json::json!({"format": "parquet"}), "parquet"),
            (serde_json::json!({"format": "avro", "compression": "zstd"}), "avro"),
        ] {
            let encoding: Encoding = serde_json::from_value(options).unwrap();
            assert_eq!(encoding.extension(), extension);
        }
    }
}
