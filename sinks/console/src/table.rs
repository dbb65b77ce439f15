//! Rows as an aligned table.

use std::fmt::Write;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use forebay_formats::encode::Cells;

/// A longer cell is cut off, so that one value does not push all others out of sight.
const MAX_CELL_CHARS: usize = 40;
const NULL: &str = "-";

/// The rows under the names of their columns, numbers to the right.
pub(crate) fn aligned(rows: &RecordBatch) -> Result<String, ArrowError> {
    let schema = rows.schema();
    let mut columns: Vec<(bool, Vec<String>)> = Vec::with_capacity(rows.num_columns());
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        let cells = Cells::of(column)?;
        let mut texts = vec![fit(field.name())];
        for row in 0..rows.num_rows() {
            texts.push(match cells.text(row) {
                Ok(Some(text)) => fit(&text),
                Ok(None) => NULL.to_owned(),
                Err(_) => "?".to_owned(),
            });
        }
        columns.push((column.data_type().is_numeric(), texts));
    }
    let widths: Vec<usize> = columns.iter().map(|(_, texts)| width(texts)).collect();
    let mut table = String::new();
    for line in 0..=rows.num_rows() {
        let mut text = String::new();
        for ((to_the_right, texts), width) in columns.iter().zip(&widths) {
            let cell = &texts[line];
            // Writing to a text cannot fail.
            let _ = match to_the_right {
                true => write!(text, "{cell:>width$}  "),
                false => write!(text, "{cell:<width$}  "),
            };
        }
        table.push_str(text.trim_end());
        table.push('\n');
    }
    Ok(table)
}

fn width(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count()).max().unwrap_or(0)
}

/// The text on one line, without what a terminal would act on, and not too long.
fn fit(text: &str) -> String {
    let mut fit = String::with_capacity(text.len().min(4 * MAX_CELL_CHARS));
    for (count, c) in text.chars().enumerate() {
        if count == MAX_CELL_CHARS {
            fit.pop();
            fit.push('…');
            break;
        }
        fit.push(if c.is_control() { '·' } else { c });
    }
    fit
}
