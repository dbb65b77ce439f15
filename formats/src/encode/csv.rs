//! Comma-separated values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringBuilder};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use forebay_core::component::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compression::Stream;
use super::lines::Lines;
use super::{Cells, EncodeError};

/// How CSV is written ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180), lines end with `\n`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CsvOptions {
    /// Whether each file begins with the names of the columns. Default true.
    #[serde(default = "yes")]
    pub header: bool,
    /// What stands between cells: one ASCII character, such as `","`, `";"` or `"\t"`. Default
    /// `","`.
    #[serde(default = "comma")]
    pub delimiter: String,
    /// What is written for a null. Default nothing, which cannot be told from an empty text.
    #[serde(default)]
    pub null: String,
}

fn yes() -> bool {
    true
}

fn comma() -> String {
    ",".to_owned()
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { header: yes(), delimiter: comma(), null: String::new() }
    }
}

impl CsvOptions {
    pub(super) fn check(&self) -> Option<Problem> {
        let unfit = match self.delimiter.as_bytes() {
            [byte] => !byte.is_ascii() || matches!(byte, b'"' | b'\n' | b'\r' | 0),
            _ => true,
        };
        unfit.then(|| {
            let text = format!("`{}` cannot stand between cells", self.delimiter.escape_debug());
            Problem::at("csv.delimiter", text)
                .help("use one ASCII character that is neither a quote nor the end of a line")
        })
    }
}

/// Comma-separated values.
pub(super) struct CsvLines {
    options: WriterBuilder,
    header: bool,
}

impl CsvLines {
    pub(super) fn new(schema: &Schema, options: &CsvOptions) -> Result<Self, EncodeError> {
        if let Some(nested) = schema.fields().iter().find(|field| field.data_type().is_nested()) {
            let (name, kind) = (nested.name(), nested.data_type());
            return Err(EncodeError::Columns(format!(
                "csv cannot hold the nested column `{name}` ({kind}): flatten it in the pipeline's sql, or use another format"
            )));
        }
        let delimiter = options.delimiter.bytes().next().unwrap_or(b',');
        let header = options.header;
        let options =
            WriterBuilder::new().with_delimiter(delimiter).with_null(options.null.clone());
        Ok(Self { options, header })
    }
}

impl Lines for CsvLines {
    fn write(&mut self, rows: &RecordBatch, out: &mut Stream) -> Result<(), ArrowError> {
        let mut writer = self.options.clone().with_header(self.header).build(out);
        writer.write(&told(rows)?)?;
        self.header = false;
        Ok(())
    }
}

/// Appends rows as lines, without a header.
pub(super) fn append(
    rows: &RecordBatch,
    options: &CsvOptions,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let lines = CsvLines::new(&rows.schema(), options)?;
    let mut writer = lines.options.with_header(false).build(out);
    told(rows)
        .and_then(|rows| writer.write(&rows))
        .map_err(|error| EncodeError::Value(error.to_string()))
}

/// The rows with their times as text: Arrow's formatter knows no named time zone.
fn told(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = rows.schema();
    let is_time = |kind: &DataType| matches!(kind, DataType::Timestamp(..));
    if !schema.fields().iter().any(|field| is_time(field.data_type())) {
        return Ok(rows.clone());
    }
    let mut fields = Vec::with_capacity(schema.fields().len());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        if is_time(field.data_type()) {
            let cells = Cells::of(column)?;
            let mut texts = StringBuilder::with_capacity(column.len(), column.len() * 24);
            for row in 0..column.len() {
                texts.append_option(cells.text(row)?);
            }
            fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
            columns.push(Arc::new(texts.finish()));
        } else {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(column));
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
