//! What is written, and how it is known again.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use super::super::violation::during;
use super::Violation;
use crate::batch::Rows;

const MARK: &str = "row-";
const DIGITS: usize = 6;

/// Rows with the columns `id` and `text`.
pub(super) fn plain(numbers: Range<u32>) -> Result<Rows, Violation> {
    let ids = Int64Array::from_iter_values(numbers.clone().map(i64::from));
    rows([("id", Arc::new(ids) as ArrayRef), ("text", texts(numbers))])
}

/// Rows with the columns `text` and `weight`.
pub(super) fn other(numbers: Range<u32>) -> Result<Rows, Violation> {
    let weights = Float64Array::from_iter_values(numbers.clone().map(|it| f64::from(it) / 2.0));
    rows([("text", texts(numbers)), ("weight", Arc::new(weights) as ArrayRef)])
}

fn texts(numbers: Range<u32>) -> ArrayRef {
    let texts = numbers.map(|number| format!("{MARK}{number:0DIGITS$}"));
    Arc::new(StringArray::from_iter_values(texts))
}

fn rows(columns: [(&str, ArrayRef); 2]) -> Result<Rows, Violation> {
    let columns = RecordBatch::try_from_iter(columns).map_err(during("making rows"))?;
    Ok(Rows { columns, origin: None })
}

/// The number of the row that a text shows.
pub(super) fn number_in(text: &str) -> Option<u32> {
    let at = text.find(MARK)? + MARK.len();
    text.get(at..at + DIGITS)?.parse().ok()
}
