//! Each row as bytes of its own.

use arrow::array::RecordBatch;
use arrow_avro::schema::FingerprintStrategy;
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::{AvroBinaryFormat, AvroSoeFormat};
use forebay_core::dead_letter::Reason;

use super::record_options::{AvroRecordFraming, AvroRecordOptions, CsvRecordOptions, RecordFormat};
use super::{EncodeError, Format, csv, json, misfit};

/// How rows become bytes, each on its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordEncoding {
    /// The format.
    pub format: RecordFormat,
    /// How CSV is written.
    pub csv: CsvRecordOptions,
    /// How Avro is written.
    pub avro: AvroRecordOptions,
}

/// The bytes of rows, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    bytes: Vec<u8>,
    /// Where each row begins, and where the last one ends.
    bounds: Vec<usize>,
}

impl Records {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a row; none for a row that there is not.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.bytes.get(*self.bounds.get(row)?..*self.bounds.get(row + 1)?)
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bounds.clear();
        self.bounds.push(0);
    }

    /// Notes that each line is a row, without its end.
    fn divide(&mut self, rows: usize) -> bool {
        let bytes = &mut self.bytes;
        if memchr::memchr_iter(b'\n', bytes).count() != rows {
            return false;
        }
        let mut to = 0;
        let mut from = 0;
        // Lines close ranks over the ends that are left out.
        while let Some(length) = memchr::memchr(b'\n', &bytes[from..]) {
            bytes.copy_within(from..from + length, to);
            from += length + 1;
            to += length;
            self.bounds.push(to);
        }
        bytes.truncate(to);
        true
    }
}

impl RecordEncoding {
    /// Replaces what `out` holds by the bytes of these rows.
    ///
    /// # Errors
    /// [`EncodeError::Columns`] if the format cannot hold such columns, whatever the values;
    /// [`EncodeError::Value`] if it cannot hold one of the values.
    pub fn encode(&self, rows: &RecordBatch, out: &mut Records) -> Result<(), EncodeError> {
        out.clear();
        match self.format {
            RecordFormat::Json => {
                json::append(rows, &mut out.bytes)
                    .map_err(|error| EncodeError::Columns(error.to_string()))?;
                out.divide(rows.num_rows());
                Ok(())
            }
            RecordFormat::Csv => {
                let options = self.csv.lines();
                csv::append(rows, &options, &mut out.bytes)?;
                if !out.divide(rows.num_rows()) {
                    // A line feed stands within a cell.
                    out.clear();
                    for row in 0..rows.num_rows() {
                        csv::append(&rows.slice(row, 1), &options, &mut out.bytes)?;
                        out.bytes.pop();
                        out.bounds.push(out.bytes.len());
                    }
                }
                Ok(())
            }
            RecordFormat::Avro => self.encode_avro(rows, out),
        }
    }

    fn encode_avro(&self, rows: &RecordBatch, out: &mut Records) -> Result<(), EncodeError> {
        let builder = WriterBuilder::new(rows.schema().as_ref().clone());
        let encoder = match (self.avro.framing, self.avro.schema_id) {
            (AvroRecordFraming::None, _) => builder.build_encoder::<AvroBinaryFormat>(),
            (AvroRecordFraming::SingleObject, _) => builder.build_encoder::<AvroSoeFormat>(),
            (AvroRecordFraming::Confluent, id) => builder
                .with_fingerprint_strategy(FingerprintStrategy::Id(id.unwrap_or_default()))
                .build_encoder::<AvroSoeFormat>(),
        };
        let mut encoder = encoder.map_err(|error| {
            EncodeError::Columns(format!("avro cannot hold these columns: {error}"))
        })?;
        encoder.encode(rows).map_err(|error| EncodeError::Value(error.to_string()))?;
        let rows = encoder.flush();
        out.bytes.extend_from_slice(rows.bytes());
        out.bounds.clear();
        out.bounds.extend_from_slice(rows.offsets());
        Ok(())
    }

    /// The rows that have a value which the format cannot hold, in order: leave them out, or
    /// [`encode`](Self::encode) fails (or, where it can do no better, writes the bare number).
    #[must_use]
    pub fn misfits(&self, rows: &RecordBatch) -> Vec<(usize, Reason)> {
        let format = match self.format {
            RecordFormat::Json => Format::Json,
            RecordFormat::Csv => Format::Csv,
            RecordFormat::Avro => Format::Avro,
        };
        misfit::misfits(format, rows)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn rows() -> RecordBatch {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let texts: ArrayRef =
            Arc::new(StringArray::from(vec![Some("a\nb"), None, Some("say \"c\"")]));
        RecordBatch::try_from_iter([("id", ids), ("text", texts)]).unwrap()
    }

    fn encoded(encoding: &RecordEncoding, rows: &RecordBatch) -> Vec<Vec<u8>> {
        let mut records = Records::default();
        // What was there before is gone.
        encoding.encode(&rows.slice(0, 1), &mut records).unwrap();
        encoding.encode(rows, &mut records).unwrap();
        (0..records.len()).map(|row| records.get(row).unwrap().to_vec()).collect()
    }

    fn texts(encoding: &RecordEncoding) -> Vec<String> {
        let records = encoded(encoding, &rows());
        records.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    fn each_row_is_a_json_object() {
        assert_eq!(
            texts(&RecordEncoding::default()),
            [r#"{"id":1,"text":"a\nb"}"#, r#"{"id":2}"#, r#"{"id":3,"text":"say \"c\""}"#]
        );
    }

    #[test]
    fn each_row_is_a_line_of_csv_also_with_a_line_feed_in_a_cell() {
        let encoding = RecordEncoding { format: RecordFormat::Csv, ..RecordEncoding::default() };
        assert_eq!(texts(&encoding), ["1,\"a\nb\"", "2,", "3,\"say \"\"c\"\"\""]);
    }

    #[test]
    fn each_row_is_an_avro_datum_with_what_should_stand_before_it() {
        // Longs are zigzag; the nullable text is a union of null (branch 0) and string.
        let bare = [&b"\x02\x02\x06a\nb"[..], b"\x04\x00", b"\x06\x02\x0esay \"c\""];
        let encoding = |framing, schema_id| RecordEncoding {
            format: RecordFormat::Avro,
            avro: AvroRecordOptions { framing, schema_id },
            ..RecordEncoding::default()
        };
        let schema = arrow::datatypes::Schema::new(vec![
            arrow::datatypes::Field::new("id", arrow::datatypes::DataType::Int64, false),
            arrow::datatypes::Field::new("text", arrow::datatypes::DataType::Utf8, true),
        ]);
        let rows = RecordBatch::try_new(Arc::new(schema), rows().columns().to_vec()).unwrap();
        assert_eq!(encoded(&encoding(AvroRecordFraming::None, None), &rows), bare);
        let confluent = encoded(&encoding(AvroRecordFraming::Confluent, Some(258)), &rows);
        let single = encoded(&encoding(AvroRecordFraming::SingleObject, None), &rows);
        for row in 0..3 {
            assert_eq!(confluent[row], [b"\x00\x00\x00\x01\x02", bare[row]].concat());
            assert_eq!(single[row][..2], [0xc3, 0x01]);
            assert_eq!(single[row][10..], *bare[row]);
        }
    }

    #[test]
    fn options_that_do_not_go_together_are_found() {
        let avro = |framing, schema_id| AvroRecordOptions { framing, schema_id }.check();
        assert!(avro(AvroRecordFraming::Confluent, None).is_some());
        assert!(avro(AvroRecordFraming::None, Some(1)).is_some());
        assert!(avro(AvroRecordFraming::Confluent, Some(1)).is_none());
        let csv = CsvRecordOptions { delimiter: "ab".into(), ..CsvRecordOptions::default() };
        assert!(csv.check().is_some());
    }
}
