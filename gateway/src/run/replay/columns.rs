//! Letters as the raw columns of the source that they came from.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, RecordBatch, StringArray, make_array, new_null_array,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use forebay_core::decode::RawColumns;

use super::letter::Letter;
use super::origin::Origin;

/// The raw columns, and last one with the [`Origin`] of each letter. A dead letter has kept the
/// bytes of a record alone: the other columns are null, or zero and empty where they cannot be
/// null.
pub(super) fn columns(raw: &RawColumns, letters: &[Letter]) -> Result<RecordBatch, ArrowError> {
    let mut fields: Vec<_> = raw.schema.fields().iter().cloned().collect();
    let values = letters.iter().map(|letter| letter.bytes.as_slice());
    let origins = letters.iter().map(|letter| Origin::of(letter).to_text());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(fields.len() + 1);
    for (index, field) in fields.iter().enumerate() {
        columns.push(if index == raw.value {
            Arc::new(BinaryArray::from_iter_values(values.clone()))
        } else {
            blank(field, letters.len())?
        });
    }
    fields.push(Arc::new(Field::new("origin", DataType::Utf8, false)));
    columns.push(Arc::new(StringArray::from_iter_values(origins)));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn blank(field: &Field, rows: usize) -> Result<ArrayRef, ArrowError> {
    let nulls = new_null_array(field.data_type(), rows);
    if field.is_nullable() {
        return Ok(nulls);
    }
    let zeros = nulls.to_data().into_builder().nulls(None).build()?;
    Ok(make_array(zeros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use forebay_core::journal;

    #[test]
    fn what_cannot_be_null_is_empty() {
        let raw = RawColumns { schema: journal::schema(), value: 0 };
        let letter: Letter = serde_json::from_value(serde_json::json!({
            "pipeline": "p", "batch": 1, "stage": "decode", "class": "type", "reason": "r",
            "attempts": 3, "time": "2026-01-01T00:00:00Z", "bytes": "00ff"
        }))
        .unwrap();
        let records = columns(&raw, &[letter.clone(), letter]).unwrap();
        assert_eq!(records.num_rows(), 2);
        assert_eq!(records.num_columns(), journal::schema().fields().len() + 1);
        for column in records.columns() {
            assert_eq!(column.null_count(), 0);
        }
    }
}
