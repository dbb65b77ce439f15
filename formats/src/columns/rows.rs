//! Columns side by side.

use arrow::array::ArrayRef;
use arrow::error::ArrowError;

use super::column::Column;
use crate::schema::SchemaSpec;

/// Columns of equal length.
pub(crate) struct Rows {
    /// The columns, in the order of the schema.
    pub(crate) columns: Vec<Column>,
    /// How many complete rows there are; while a row is being read some columns are ahead.
    pub(crate) len: usize,
}

impl Rows {
    /// No rows, with room for so many.
    pub(crate) fn with_capacity(schema: &SchemaSpec, rows: usize) -> Self {
        let columns = schema.fields.iter().map(|field| Column::with_capacity(field, rows));
        Self { columns: columns.collect(), len: 0 }
    }

    /// Appends a row of nulls.
    pub(crate) fn push_nulls(&mut self) {
        self.columns.iter_mut().for_each(Column::push_null);
        self.len += 1;
    }

    /// Forgets all rows after the first `len`, and the one that was begun.
    pub(crate) fn truncate(&mut self, len: usize) {
        for column in &mut self.columns {
            column.truncate(len);
        }
        self.len = len;
    }

    /// The Arrow arrays.
    pub(crate) fn finish(self) -> Result<Vec<ArrayRef>, ArrowError> {
        self.columns.into_iter().map(Column::finish).collect()
    }
}
