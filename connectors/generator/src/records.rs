//! The records of a split.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::config::GeneratorConfig;
use crate::maker::{Column, Frame, Span};
use crate::template;

/// Makes the records of any split, from any number on.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    frame: Frame,
    columns: Vec<Column>,
    schema: SchemaRef,
}

impl Records {
    pub(crate) fn new(config: &GeneratorConfig, frame: Frame) -> Self {
        let columns = if config.fields.is_empty() {
            config.template.unwrap_or_default().columns()
        } else {
            template::columns(&config.fields)
        };
        let fields: Vec<_> = columns.iter().map(Column::field).collect();
        Self { frame, columns, schema: Arc::new(Schema::new(fields)) }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The largest number of bytes that the values of a record have.
    pub(crate) fn max_width(&self) -> u64 {
        self.columns.iter().map(Column::max_width).sum()
    }

    /// The records as typed columns.
    pub(crate) fn make(&self, span: Span) -> Result<RecordBatch, ArrowError> {
        let values = self
            .columns
            .iter()
            .map(|column| column.values(&self.frame, span))
            .collect::<Result<_, _>>()?;
        RecordBatch::try_new(self.schema(), values)
    }
}

/// The bytes of all values: fixed widths, and the lengths of texts.
pub(crate) fn width(records: &RecordBatch) -> u64 {
    let rows = records.num_rows();
    let of = |column: &dyn Array| match column.as_any().downcast_ref::<StringArray>() {
        Some(texts) => texts.value_data().len(),
        None => rows * column.data_type().primitive_width().unwrap_or(1),
    };
    records.columns().iter().map(|column| of(column.as_ref()) as u64).sum()
}
