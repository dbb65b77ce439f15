//! Records that are refused before any decoder sees them.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use forebay_core::dead_letter::Reason;
use forebay_core::decode::{Decode, Decoded, Prepare, RawColumns};

/// Rejects the records that have a fault, and leaves the others to a decoder.
pub struct Faults {
    inner: Arc<dyn Decode>,
}

impl Faults {
    /// A decoder of raw columns whose last one is `fault`.
    #[must_use]
    pub fn shared(inner: Arc<dyn Decode>) -> Arc<dyn Decode> {
        Arc::new(Self { inner })
    }
}

impl Decode for Faults {
    fn schema(&self) -> Option<SchemaRef> {
        self.inner.schema()
    }

    fn prepare(&self) -> Option<&dyn Prepare> {
        // What is behind the columns that it knows does not concern it.
        self.inner.prepare()
    }

    fn raw(&self) -> Option<RawColumns> {
        let RawColumns { schema, value } = self.inner.raw()?;
        let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new("fault", DataType::Utf8, true)));
        Some(RawColumns { schema: Arc::new(Schema::new(fields)), value })
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let Some(last) = records.num_columns().checked_sub(1) else {
            return Err("the records have no columns".to_owned());
        };
        let faults = records.column(last).as_string_opt::<i32>();
        let faults = faults.ok_or("the last column of the records is not `fault`")?;
        let seen: Vec<usize> = (0..last).collect();
        let records = records.project(&seen).map_err(|error| error.to_string())?;
        if faults.null_count() == faults.len() {
            return self.inner.decode(&records);
        }
        let (mut sound, mut rejected) = (Vec::new(), Vec::new());
        for (row, fault) in (0_u32..).zip(faults) {
            match fault {
                Some(text) => rejected.push((row, Reason::new("oversize", text))),
                None => sound.push(row),
            }
        }
        let sound = UInt32Array::from(sound);
        let records = take_record_batch(&records, &sound).map_err(|error| error.to_string())?;
        let decoded = self.inner.decode(&records)?;
        let outer = |row: u32| sound.value(row as usize);
        let rows = match &decoded.rows {
            Some(rows) => rows.values().iter().map(|row| outer(*row)).collect(),
            None => sound.clone(),
        };
        rejected.extend(decoded.rejected.into_iter().map(|(row, reason)| (outer(row), reason)));
        rejected.sort_by_key(|(row, _)| *row);
        Ok(Decoded { columns: decoded.columns, rows: Some(rows), rejected })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::Decoding;
    use arrow::array::AsArray;

    use super::super::{Gathered, Place, schema};
    use super::Faults;

    #[test]
    fn faults_and_what_the_decoder_rejects_are_listed_together() {
        let mut records = Gathered::new();
        records.push(b"first", 0, None);
        records.push(b"long", 6, Some("too long"));
        records.push(b"\xff", 11, None);
        records.push(b"last", 13, None);
        let place = Place { path: "p".into(), modified: Some(0) };
        let records = records.finish(&place, None).unwrap();
        let inner = Decoding::default().decoder(&schema(false), "value").unwrap();
        let decoded = Faults::shared(Arc::clone(&inner)).decode(&records).unwrap();
        let text: Vec<_> = decoded.columns["value"].as_string::<i32>().iter().flatten().collect();
        assert_eq!(text, ["first", "last"]);
        assert_eq!(decoded.rows.unwrap().values(), &[0, 3]);
        let rejected: Vec<_> =
            decoded.rejected.iter().map(|(row, reason)| (*row, reason.class)).collect();
        assert_eq!(rejected, [(1, "oversize"), (2, "encoding")]);
    }
}
