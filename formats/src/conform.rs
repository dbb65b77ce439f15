//! Columns of a file made those of the configured schema.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::compute::{
    CastOptions, can_cast_types, cast_with_options, concat_batches, take_record_batch,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use forebay_core::dead_letter::Reason;

use crate::schema::SchemaSpec;

/// How many characters of what Arrow says of a misfit are kept: it quotes the value.
const TOLD_CHARS: usize = 160;

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

    /// The way to `wanted` from columns of which [`new`](Self::new) found that they fit.
    pub(crate) fn to(wanted: &SchemaSpec) -> Self {
        Self { schema: wanted.to_arrow() }
    }

    /// The same rows in the wanted columns. The batch may be a projection of what was found, so
    /// the columns are taken by their names.
    ///
    /// # Errors
    /// A value that its column cannot hold, or a null where none may be.
    pub(crate) fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch, Reason> {
        let rows = batch.num_rows();
        let columns = self.schema.fields().iter().map(|field| {
            let Some(column) = batch.column_by_name(field.name()) else {
                return Ok(new_null_array(field.data_type(), rows));
            };
            if !field.is_nullable() && column.null_count() > 0 {
                let text = format!("column `{}` must not be null", field.name());
                return Err(Reason::new("missing", text));
            }
            cast(column, field).map_err(|error| misfit(field.name(), &error))
        });
        let columns = columns.collect::<Result<Vec<_>, Reason>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema(), columns, &options)
            .map_err(|error| Reason::new("type", told(&error)))
    }

    /// The rows that fit in the wanted columns, and those that do not, by ascending index. Takes
    /// `n log n` steps for `n` rows of which any number does not fit.
    ///
    /// # Errors
    /// Only if the columns are not those that this was made for.
    pub(crate) fn apply_each(
        &self,
        batch: &RecordBatch,
    ) -> Result<(RecordBatch, Vec<(u32, Reason)>), String> {
        let has_nested = batch.columns().iter().any(|column| column.data_type().is_nested());
        let (mut fitting, mut rejected) = (Vec::new(), Vec::new());
        // Ranges of rows still to look at, the first on top.
        let mut open = vec![(0, batch.num_rows())];
        while let Some((from, rows)) = open.pop() {
            let part = match has_nested && rows < batch.num_rows() {
                // A slice of lists shares the elements of all, which would be cast with it.
                true => compact(batch, from, rows).map_err(|error| error.to_string())?,
                false => batch.slice(from, rows),
            };
            match self.apply(&part) {
                Ok(columns) => fitting.push(columns),
                Err(reason) if rows == 0 => return Err(reason.text),
                Err(reason) if rows == 1 => {
                    rejected.push((u32::try_from(from).unwrap_or(u32::MAX), reason));
                }
                Err(_) => open.extend([(from + rows / 2, rows - rows / 2), (from, rows / 2)]),
            }
        }
        match fitting.as_slice() {
            [all] => Ok((all.clone(), rejected)),
            parts => {
                let columns = concat_batches(&self.schema, parts);
                Ok((columns.map_err(|error| error.to_string())?, rejected))
            }
        }
    }
}

/// A column in the type of a field.
fn cast(column: &ArrayRef, field: &Field) -> Result<ArrayRef, ArrowError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    if column.data_type() == field.data_type() {
        return Ok(Arc::clone(column));
    }
    if let DataType::Dictionary(_, values) = column.data_type() {
        // Values that no row has would be cast too.
        let plain = cast_with_options(column, values, &strict)?;
        return cast_with_options(&plain, field.data_type(), &strict);
    }
    cast_with_options(column, field.data_type(), &strict)
}

/// A copy of these rows that shares nothing with the others.
fn compact(batch: &RecordBatch, from: usize, rows: usize) -> Result<RecordBatch, ArrowError> {
    let index = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
    let rows = UInt32Array::from_iter_values(index(from)..index(from + rows));
    take_record_batch(batch, &rows)
}

fn misfit(column: &str, error: &ArrowError) -> Reason {
    Reason::new("type", format!("column `{column}`: {}", told(error)))
}

/// What Arrow says, without the kind of error, and not much of it.
fn told(error: &ArrowError) -> String {
    let whole = match error {
        ArrowError::CastError(text)
        | ArrowError::ParseError(text)
        | ArrowError::ComputeError(text)
        | ArrowError::InvalidArgumentError(text) => text.clone(),
        other => other.to_string(),
    };
    match whole.char_indices().nth(TOLD_CHARS) {
        Some((end, _)) => format!("{}...", &whole[..end]),
        None => whole,
    }
}

/// Whether values keep their meaning: a fraction must not vanish, nor a value become a list of one.
fn converts(from: &DataType, to: &DataType) -> bool {
    let keeps_fraction = !(from.is_floating() && to.is_integer());
    let keeps_shape = from.is_nested() == to.is_nested();
    from == to || (keeps_fraction && keeps_shape && can_cast_types(from, to))
}
