//! Typed columns of a file, and where each record stands.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::take;
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use forebay_core::component::Problem;
use forebay_core::decode::{Decode, Decoded};
use forebay_formats::Decoding;
use forebay_formats::text_files::place_fields;

/// Takes the position of the record, which comes first, and the kept columns of the place, which
/// come last, off the typed columns; leaves these to a decoder, and puts the kept ones behind.
pub(crate) struct Placed {
    inner: Arc<dyn Decode>,
    kept: Vec<FieldRef>,
}

impl Placed {
    /// The decoder that the options of a file with typed columns stand for.
    ///
    /// # Errors
    /// A column to keep that the source does not have, or what else is wrong with the options.
    pub(crate) fn shared(decoding: &Decoding) -> Result<Arc<dyn Decode>, Problem> {
        let known = place_fields();
        if let Some(name) =
            decoding.keep.iter().find(|name| !known.iter().any(|field| field.name() == *name))
        {
            let names = known.each_ref().map(|field| field.name().as_str()).join(", ");
            let text = format!("the source has no column `{name}`");
            return Err(Problem::at("keep", text).help(format!("it has {names}")));
        }
        let kept = known.into_iter().filter(|field| decoding.keep.contains(field.name()));
        let kept = kept.map(Arc::new).collect();
        Ok(Arc::new(Self { inner: decoding.container_decoder()?, kept }))
    }

    fn with_kept(&self, schema: &Schema) -> SchemaRef {
        let fields: Vec<FieldRef> = schema.fields().iter().chain(&self.kept).cloned().collect();
        Arc::new(Schema::new(fields))
    }
}

impl Decode for Placed {
    fn schema(&self) -> Option<SchemaRef> {
        self.inner.schema().map(|schema| self.with_kept(&schema))
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let columns = records.num_columns();
        let kept_from = columns.checked_sub(self.kept.len()).filter(|from| *from > 0);
        let kept_from = kept_from.ok_or("the records have no columns that say where they stand")?;
        let typed: Vec<usize> = (1..kept_from).collect();
        let typed = records.project(&typed).map_err(|error| error.to_string())?;
        let decoded = self.inner.decode(&typed)?;
        let mut all = decoded.columns.columns().to_vec();
        for column in &records.columns()[kept_from..] {
            all.push(match &decoded.rows {
                Some(rows) => take(column, rows, None).map_err(|error| error.to_string())?,
                None => Arc::clone(column),
            });
        }
        let schema = self.with_kept(&decoded.columns.schema());
        let options = RecordBatchOptions::new().with_row_count(Some(decoded.columns.num_rows()));
        let columns = RecordBatch::try_new_with_options(schema, all, &options)
            .map_err(|error| error.to_string())?;
        Ok(Decoded { columns, ..decoded })
    }
}
