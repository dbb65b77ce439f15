//! Makes dead letters of records and rows that were refused.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::batch::{Rows, Slice};
use crate::dead_letter::{DeadLetter, Reason, Stage, raw_columns_to_text};

/// What the letters of one batch have in common.
#[derive(Clone, Debug)]
pub(super) struct Postmark {
    pub(super) pipeline: Arc<str>,
    pub(super) batch: u64,
    pub(super) time_ms: u64,
}

impl Postmark {
    /// A record that could not be decoded.
    pub(super) fn record(&self, slice: &Slice, row: usize, reason: Reason) -> DeadLetter {
        let range = &slice.range;
        let position = slice
            .position
            .map_or_else(|| range.from.to_string(), |column| text_at(&slice.records, column, row));
        let own = slice.raw.and_then(|raw| Some((raw, bytes_at(&slice.records, raw, row)?)));
        let (bytes, columns) = match own {
            Some((raw, bytes)) => (bytes, raw_columns_to_text(&slice.records, row, raw)),
            None => (row_as_json(&slice.records, row), None),
        };
        DeadLetter {
            pipeline: self.pipeline.clone(),
            batch: self.batch,
            source: Some(range.source.clone()),
            split: Some(range.split.to_string()),
            position: Some(position),
            stage: Stage::Decode,
            sink: None,
            reason,
            attempts: 1,
            time_ms: self.time_ms,
            bytes,
            columns,
        }
    }

    /// A row that a sink can never write.
    pub(super) fn row(
        &self,
        rows: &Rows,
        row: usize,
        reason: Reason,
        sink: &Arc<str>,
        attempts: u32,
    ) -> DeadLetter {
        let letter = match &rows.origin {
            Some(origin) => self.record(&origin.slice, origin.raw_row(row), reason),
            None => DeadLetter {
                pipeline: self.pipeline.clone(),
                batch: self.batch,
                source: None,
                split: None,
                position: None,
                stage: Stage::Write,
                sink: None,
                reason,
                attempts: 1,
                time_ms: self.time_ms,
                bytes: row_as_json(&rows.columns, row),
                columns: None,
            },
        };
        DeadLetter { stage: Stage::Write, sink: Some(sink.clone()), attempts, ..letter }
    }
}

pub(super) fn bytes_at(records: &RecordBatch, column: usize, row: usize) -> Option<Vec<u8>> {
    let column = records.columns().get(column)?;
    if row >= column.len() || column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Binary => Some(column.as_binary::<i32>().value(row).to_vec()),
        DataType::LargeBinary => Some(column.as_binary::<i64>().value(row).to_vec()),
        DataType::Utf8 => Some(column.as_string::<i32>().value(row).as_bytes().to_vec()),
        DataType::LargeUtf8 => Some(column.as_string::<i64>().value(row).as_bytes().to_vec()),
        _ => None,
    }
}

pub(super) fn text_at(records: &RecordBatch, column: usize, row: usize) -> String {
    let Some(array) = records.columns().get(column).filter(|array| row < array.len()) else {
        return String::new();
    };
    ArrayFormatter::try_new(array, &FormatOptions::default())
        .map(|formatter| formatter.value(row).to_string())
        .unwrap_or_default()
}

/// A row as a JSON object of texts: for rows that have no bytes of their own.
pub(super) fn row_as_json(records: &RecordBatch, row: usize) -> Vec<u8> {
    let fields = records.schema();
    let object: serde_json::Map<String, serde_json::Value> = fields
        .fields()
        .iter()
        .enumerate()
        .map(|(column, field)| {
            let is_null = records.column(column).is_null(row);
            let value = match is_null {
                true => serde_json::Value::Null,
                false => text_at(records, column, row).into(),
            };
            (field.name().clone(), value)
        })
        .collect();
    serde_json::Value::Object(object).to_string().into_bytes()
}
