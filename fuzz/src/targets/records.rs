//! Records and a decoder.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use forebay_core::decode::Decode;
use forebay_formats::Decoding;

/// Records that are decoded together, at most.
const TOGETHER: usize = 64;

/// Records that are decoded a second time, each on its own.
const ALONE: usize = 6;

fn raw() -> Schema {
    Schema::new(vec![Field::new("value", DataType::Binary, true)])
}

/// The decoder that options in TOML stand for.
pub(super) fn decoder(options: &str) -> Arc<dyn Decode> {
    toml::from_str::<Decoding>(options).unwrap().decoder(&raw(), "value").unwrap()
}

fn batch(records: &[&[u8]]) -> RecordBatch {
    let values: ArrayRef = Arc::new(BinaryArray::from_iter_values(records));
    RecordBatch::try_new(Arc::new(raw()), vec![values]).unwrap()
}

/// Decodes records together and alone: a record is taken or refused whatever stands beside it, and
/// becomes the same row.
pub(super) fn decode(decoder: &dyn Decode, records: &[&[u8]]) {
    let records = &records[..records.len().min(TOGETHER)];
    let together = decoder.decode(&batch(records)).unwrap();
    assert_eq!(decoder.schema(), Some(together.columns.schema()));
    let refused: Vec<_> = together.rejected.iter().map(|(row, _)| *row as usize).collect();
    assert!(refused.is_sorted_by(|left, right| left < right));
    assert!(refused.iter().all(|row| *row < records.len()));
    assert_eq!(together.columns.num_rows() + refused.len(), records.len());
    assert!(together.rejected.iter().all(|(_, reason)| reason.text.len() < 2000));
    let mut rows = 0;
    for (index, record) in records.iter().enumerate().take(ALONE) {
        let alone = decoder.decode(&batch(&[record])).unwrap();
        let is_refused = refused.contains(&index);
        assert_eq!(is_refused, alone.columns.num_rows() == 0, "record {index}");
        if !is_refused {
            assert_eq!(alone.columns, together.columns.slice(rows, 1), "record {index}");
            rows += 1;
        }
    }
}
