//! Columns of a file made those of the configured schema.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::schema::SchemaSpec;

/// How the columns of one schema become those of another.
#[derive(Clone, Debug)]
pub(crate) struct Conform {
    schema: SchemaRef,
}

impl Conform {
    /// Finds the way from `found` to `wanted`: columns by their names, absent ones as nulls,
    /// types cast where no value changes its meaning.
    ///
    /// # Errors
    /// All that does not fit.
    pub(crate) fn new(found: &Schema, wanted: &SchemaSpec) -> Result<Self, Vec<String>> {
        let schema = wanted.to_arrow();
        let mut mismatches = Vec::new();
        let mut common = 0;
        for field in schema.fields() {
            let name = field.name();
            let source = found.index_of(name).ok();
            match source.map(|index| found.field(index).data_type()) {
                None if !field.is_nullable() => {
                    mismatches
                        .push(format!("there is no column `{name}`, and it must not be null"));
                }
                Some(from) if !converts(from, field.data_type()) => {
                    let to = field.data_type();
                    mismatches
                        .push(format!("column `{name}` is {from}, which does not become {to}"));
                }
                _ => {}
            }
            common += usize::from(source.is_some());
        }
        if common == 0 && !found.fields().is_empty() {
            let names: Vec<_> = found.fields().iter().map(|field| field.name().as_str()).collect();
            mismatches.push(format!(
                "none of the columns is in the schema; there are {}",
                names.join(", ")
            ));
        }
        if mismatches.is_empty() { Ok(Self { schema }) } else { Err(mismatches) }
    }

    /// The schema of what comes out.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The same rows in the wanted columns. The batch may be a projection of what was found, so
    /// the columns are taken by their names.
    ///
    /// # Errors
    /// A value that its column cannot hold, or a null where none may be.
    pub(crate) fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        let rows = batch.num_rows();
        let columns = self.schema.fields().iter().map(|field| {
            let Some(column) = batch.column_by_name(field.name()) else {
                return Ok(new_null_array(field.data_type(), rows));
            };
            if column.data_type() == field.data_type() {
                return Ok(Arc::clone(column));
            }
            cast_with_options(column, field.data_type(), &strict).map_err(|error| {
                ArrowError::CastError(format!("column `{}`: {error}", field.name()))
            })
        });
        let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema(), columns, &options)
    }
}

/// Whether values keep their meaning: a fraction must not vanish, nor a value become a list of one.
fn converts(from: &DataType, to: &DataType) -> bool {
    let keeps_fraction = !(from.is_floating() && to.is_integer());
    let keeps_shape = from.is_nested() == to.is_nested();
    from == to || (keeps_fraction && keeps_shape && can_cast_types(from, to))
}
