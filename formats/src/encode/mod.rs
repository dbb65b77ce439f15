//! Columns to bytes.
//!
//! [`Encoding`] is what a sink's options say about the bytes: the format, its compression, its
//! details. [`Encoding::open`] begins one file (or any other stream) for rows of one schema, and
//! the [`Encoder`] that it returns takes the rows. Some values cannot be told in some formats,
//! such as the year 200000 in JSON: [`Encoding::misfits`] finds these rows beforehand, so that
//! one of them does not spoil a file.
//!
//! [`RecordEncoding`] is for destinations that keep records, not files: each row becomes bytes of
//! its own.
//!
//! [`Cells`] tells single values as text, for names of folders and for tables. [`Template`] makes
//! texts with columns in them, [`BytesColumn`] is a column whose values are bytes already, and
//! [`RowsAsValues`] encodes whole rows a block at a time.

mod avro;
mod bytes_column;
mod cells;
mod compression;
mod csv;
mod encoder;
mod encoding;
mod format;
mod gauge;
mod instant;
mod json;
mod lines;
mod misfit;
mod parquet;
mod record_options;
mod records;
mod rows_as_values;
mod template;
mod text;

pub use bytes_column::BytesColumn;
pub use cells::Cells;
pub use compression::Compression;
pub use csv::CsvOptions;
pub use encoder::{EncodeError, Encoder};
pub use encoding::Encoding;
pub use format::Format;
pub use json::json_lines;
pub use record_options::{AvroRecordFraming, AvroRecordOptions, CsvRecordOptions, RecordFormat};
pub use records::{RecordEncoding, Records};
pub use rows_as_values::RowsAsValues;
pub use template::{Filled, Template, column};
