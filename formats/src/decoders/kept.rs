//! The raw columns that stay beside the decoded ones.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use forebay_core::component::Problem;
use forebay_core::dead_letter::Reason;
use forebay_core::decode::{Decode, Decoded, RawColumns};

/// Which raw column holds the bytes, and which others are kept.
#[derive(Clone, Debug)]
pub struct Kept {
    raw: SchemaRef,
    value: usize,
    columns: Vec<usize>,
    fields: Vec<FieldRef>,
    value_field: FieldRef,
}

impl Kept {
    /// The bytes stand in the raw column `value`; those of these names are kept.
    ///
    /// # Errors
    /// A name that the raw columns do not have.
    pub fn new(raw: &Schema, value: usize, keep: &[String]) -> Result<Self, Problem> {
        let mut columns = Vec::new();
        let mut fields = Vec::new();
        for name in keep {
            match raw.index_of(name) {
                Ok(index) if index == value || columns.contains(&index) => {
                    return Err(Problem::at("keep", format!("`{name}` cannot be kept twice")));
                }
                Ok(index) => {
                    columns.push(index);
                    fields.push(Arc::clone(&raw.fields()[index]));
                }
                Err(_) => {
                    let names: Vec<_> =
                        raw.fields().iter().map(|field| field.name().as_str()).collect();
                    return Err(Problem::at("keep", format!("the source has no column `{name}`"))
                        .help(format!("it has {}", names.join(", "))));
                }
            }
        }
        let value_field = Arc::clone(&raw.fields()[value]);
        Ok(Self { raw: Arc::new(raw.clone()), value, columns, fields, value_field })
    }

    /// All raw columns.
    #[must_use]
    pub fn raw(&self) -> RawColumns {
        RawColumns { schema: Arc::clone(&self.raw), value: self.value }
    }

    /// The schema of decoded fields and the kept ones behind them.
    #[must_use]
    pub fn schema(&self, decoded: &[FieldRef]) -> SchemaRef {
        let fields = decoded.iter().chain(&self.fields).cloned();
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The name of the column of bytes.
    #[must_use]
    pub fn value_name(&self) -> &str {
        self.value_field.name()
    }

    /// The column of bytes.
    ///
    /// # Errors
    /// If it is none.
    pub fn values<'a>(&self, records: &'a RecordBatch) -> Result<&'a BinaryArray, String> {
        records
            .columns()
            .get(self.value)
            .and_then(|column| column.as_any().downcast_ref::<BinaryArray>())
            .ok_or_else(|| format!("column {} of the records is not of bytes", self.value))
    }

    /// Puts decoded columns and the kept ones together. `rows` names the record of each row; it
    /// is `None` if no record was rejected.
    ///
    /// # Errors
    /// If the columns are not those that this was made for.
    pub fn assemble(
        &self,
        schema: &SchemaRef,
        records: &RecordBatch,
        mut decoded: Vec<ArrayRef>,
        rejected: Vec<(u32, Reason)>,
    ) -> Result<Decoded, String> {
        let count = records.num_rows() - rejected.len();
        let rows = (!rejected.is_empty()).then(|| rows_but(records.num_rows(), &rejected));
        for index in &self.columns {
            let column =
                records.columns().get(*index).ok_or_else(|| format!("no column {index}"))?;
            decoded.push(match &rows {
                Some(rows) => take(column, rows, None).map_err(|error| error.to_string())?,
                None => Arc::clone(column),
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let columns = RecordBatch::try_new_with_options(Arc::clone(schema), decoded, &options)
            .map_err(|error| error.to_string())?;
        Ok(Decoded { columns, rows, rejected })
    }

    /// A decoder that only selects columns.
    #[must_use]
    pub fn bytes(self) -> Selected {
        let schema = self.schema(&[Arc::clone(&self.value_field)]);
        Selected { kept: self, schema }
    }

    /// The field of the column of bytes, as text.
    pub(super) fn text_field(&self) -> FieldRef {
        let field = &self.value_field;
        Arc::new(Field::new(field.name(), DataType::Utf8, field.is_nullable()))
    }
}

/// The indices of the records that were not rejected.
pub(super) fn rows_but(records: usize, rejected: &[(u32, Reason)]) -> UInt32Array {
    let mut rejected = rejected.iter().map(|(row, _)| *row).peekable();
    (0..u32::try_from(records).unwrap_or(u32::MAX))
        .filter(|row| rejected.next_if_eq(row).is_none())
        .collect()
}

/// The bytes as they are, with the kept columns.
#[derive(Clone, Debug)]
pub struct Selected {
    kept: Kept,
    schema: SchemaRef,
}

impl Decode for Selected {
    fn schema(&self) -> Option<SchemaRef> {
        Some(Arc::clone(&self.schema))
    }

    fn raw(&self) -> Option<RawColumns> {
        Some(self.kept.raw())
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let values: ArrayRef = Arc::new(self.kept.values(records)?.clone());
        self.kept.assemble(&self.schema, records, vec![values], Vec::new())
    }
}
