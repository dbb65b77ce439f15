//! One value per line, as it is.

use std::io::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;

use super::EncodeError;
use super::compression::Stream;
use super::lines::Lines;

/// The column that is written if none is named and there are several.
const USUAL_COLUMN: &str = "value";

/// One value per line, as it is.
pub(super) struct TextLines {
    column: usize,
}

impl TextLines {
    pub(super) fn new(schema: &Schema, column: Option<&str>) -> Result<Self, EncodeError> {
        let column = match column {
            None if schema.fields().len() == 1 => 0,
            named => {
                let name = named.unwrap_or(USUAL_COLUMN);
                schema.index_of(name).map_err(|_| {
                    let names: Vec<_> =
                        schema.fields().iter().map(|field| field.name().as_str()).collect();
                    EncodeError::Columns(format!(
                        "there is no column `{name}` to write as text, only {}: name one with `text_column`",
                        names.join(", ")
                    ))
                })?
            }
        };
        let field = schema.field(column);
        match field.data_type() {
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView => Ok(Self { column }),
            kind => Err(EncodeError::Columns(format!(
                "the column `{}` is {kind}: only texts and bytes can be written as text",
                field.name()
            ))),
        }
    }
}

impl Lines for TextLines {
    fn write(&mut self, rows: &RecordBatch, out: &mut Stream) -> Result<(), ArrowError> {
        let column = rows.column(self.column);
        match column.data_type() {
            DataType::Utf8 => write(column.as_string::<i32>(), out),
            DataType::LargeUtf8 => write(column.as_string::<i64>(), out),
            DataType::Utf8View => write(column.as_string_view(), out),
            DataType::Binary => write(column.as_binary::<i32>(), out),
            DataType::LargeBinary => write(column.as_binary::<i64>(), out),
            DataType::BinaryView => write(column.as_binary_view(), out),
            kind => Err(ArrowError::CastError(format!("{kind} cannot be written as text"))),
        }
    }
}

fn write<'a, V: AsRef<[u8]> + ?Sized + 'a>(
    values: impl IntoIterator<Item = Option<&'a V>>,
    out: &mut Stream,
) -> Result<(), ArrowError> {
    for value in values {
        out.write_all(value.map_or(&[], AsRef::as_ref))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
