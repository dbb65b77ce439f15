//! Letters as the raw columns of the source that they came from.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, RecordBatch, StringArray, make_array, new_null_array,
};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use forebay_core::dead_letter::raw_columns_from_text;
use forebay_core::decode::RawColumns;

use super::letter::Letter;
use super::origin::Origin;

/// The raw columns, and last one with the [`Origin`] of each letter. What a letter has not kept is
/// null, or zero and empty where it cannot be null.
pub(super) fn columns(raw: &RawColumns, letters: &[Letter]) -> Result<RecordBatch, ArrowError> {
    let mut fields: Vec<_> = raw.schema.fields().iter().cloned().collect();
    let values = letters.iter().map(|letter| letter.bytes.as_slice());
    let origins = letters.iter().map(|letter| Origin::of(letter).to_text());
    let kept: Vec<Option<&str>> = letters.iter().map(|letter| letter.columns.as_deref()).collect();
    let mut columns = raw_columns_from_text(raw.schema.fields(), &kept)?;
    for (index, (column, field)) in columns.iter_mut().zip(&fields).enumerate() {
        if index == raw.value {
            *column = Arc::new(BinaryArray::from_iter_values(values.clone()));
        } else if !field.is_nullable() && column.null_count() > 0 {
            *column = without_nulls(column)?;
        }
    }
    fields.push(Arc::new(Field::new("origin", DataType::Utf8, false)));
    columns.push(Arc::new(StringArray::from_iter_values(origins)));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// A zero or nothing in the place of each null.
fn without_nulls(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let nothing = new_null_array(column.data_type(), 1);
    let nothing = make_array(nothing.to_data().into_builder().nulls(None).build()?);
    let cells: Vec<(usize, usize)> =
        (0..column.len()).map(|row| if column.is_null(row) { (1, 0) } else { (0, row) }).collect();
    let filled = interleave(&[column, &nothing], &cells)?;
    Ok(make_array(filled.to_data().into_builder().nulls(None).build()?))
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::TimestampMillisecondType;
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    use forebay_core::journal;

    use super::*;

    fn letter(columns: Option<&str>) -> Letter {
        serde_json::from_value(serde_json::json!({
            "pipeline": "p", "batch": 1, "stage": "decode", "class": "type", "reason": "r",
            "attempts": 3, "time": "2026-01-01T00:00:00Z", "bytes": "00ff", "columns": columns
        }))
        .unwrap()
    }

    #[test]
    fn what_was_kept_comes_back_and_what_cannot_be_null_is_empty() {
        let raw = RawColumns { schema: journal::schema(), value: 0 };
        let kept = r#"{"seq":7,"received":"2026-01-01T00:00:00.001Z","peer":"a","attributes":{"path":"/x"}}"#;
        let records =
            columns(&raw, &[letter(None), letter(Some(kept)), letter(Some("{}"))]).unwrap();
        assert_eq!(records.num_rows(), 3);
        assert_eq!(records.num_columns(), journal::schema().fields().len() + 1);
        for column in records.columns() {
            assert_eq!(column.null_count(), 0);
        }
        let shown = |name: &str| -> Vec<String> {
            let column = records.column_by_name(name).unwrap();
            let shown = ArrayFormatter::try_new(column, &FormatOptions::default()).unwrap();
            (0..3).map(|row| shown.value(row).to_string()).collect()
        };
        assert_eq!(shown("value"), ["00ff", "00ff", "00ff"]);
        assert_eq!(shown("seq"), ["0", "7", "0"]);
        assert_eq!(shown("peer"), ["", "a", ""]);
        assert_eq!(shown("attributes"), ["{}", "{path: /x}", "{}"]);
        let received = records.column_by_name("received").unwrap();
        let received = received.as_primitive::<TimestampMillisecondType>();
        assert_eq!(received.values(), &[0, 1_767_225_600_001, 0]);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let raw = RawColumns { schema: journal::schema(), value: 0 };
        assert!(columns(&raw, &[letter(None), letter(Some("{\"seq\":-1}"))]).is_err());
    }
}
