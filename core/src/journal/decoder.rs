//! The decoder of a receiver's source.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::datatypes::{Schema, SchemaRef};

use crate::dead_letter::Reason;
use crate::decode::{Decode, Decoded, Prepare, RawColumns};

use super::rows::REJECTED;

/// Turns refused records into dead letters, and gives all others to the receiver's decoder.
pub(crate) struct JournalDecoder {
    inner: Arc<dyn Decode>,
}

impl JournalDecoder {
    pub(crate) fn shared(inner: Arc<dyn Decode>) -> Arc<dyn Decode> {
        Arc::new(Self { inner })
    }
}

impl Decode for JournalDecoder {
    fn schema(&self) -> Option<SchemaRef> {
        self.inner.schema()
    }

    fn prepare(&self) -> Option<&dyn Prepare> {
        // What is behind the columns that it knows does not concern it.
        self.inner.prepare()
    }

    fn raw(&self) -> Option<RawColumns> {
        self.inner.raw()
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let Some(reasons) = records.column_by_name(REJECTED) else {
            return self.inner.decode(records);
        };
        let reasons = reasons.as_string_opt::<i32>().ok_or("column `rejected` is no text")?;
        let kept: Vec<u32> = (0..)
            .zip(0..reasons.len())
            .filter(|(_, row)| reasons.is_null(*row))
            .map(|(index, _)| index)
            .collect();
        let refused =
            (0..).zip(reasons.iter()).filter_map(|(index, text)| Some((index, reason(text?))));

        let decoded = self.inner.decode(&without_rejected(records, reasons)?)?;
        let original = |index: u32| {
            kept.get(index as usize)
                .copied()
                .ok_or("a decoder named a record that it was not given")
        };
        let rows = match &decoded.rows {
            Some(rows) => {
                rows.values().iter().map(|row| original(*row)).collect::<Result<Vec<u32>, _>>()?
            }
            None if decoded.columns.num_rows() == kept.len() => kept.clone(),
            None => return Err("a decoder changed the number of rows and did not say how".into()),
        };
        let mut rejected: Vec<(u32, Reason)> = refused.collect();
        for (index, reason) in decoded.rejected {
            rejected.push((original(index)?, reason));
        }
        rejected.sort_by_key(|(index, _)| *index);
        Ok(Decoded { columns: decoded.columns, rows: Some(UInt32Array::from(rows)), rejected })
    }
}

/// The records that were not refused, with the columns that the receiver's decoder knows.
fn without_rejected(records: &RecordBatch, reasons: &dyn Array) -> Result<RecordBatch, String> {
    let keep: BooleanArray = (0..reasons.len()).map(|row| Some(reasons.is_null(row))).collect();
    let others: Vec<usize> = (0..records.num_columns())
        .filter(|column| records.schema_ref().field(*column).name() != REJECTED)
        .collect();
    let fields: Vec<_> =
        others.iter().map(|column| records.schema_ref().fields()[*column].clone()).collect();
    let columns = others.iter().map(|column| records.column(*column).clone()).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .and_then(|records| arrow::compute::filter_record_batch(&records, &keep))
        .map_err(|error| error.to_string())
}

/// The classes that a reason may have after it was on disk; all others become `rejected`.
const CLASSES: &[&str] = &[
    "oversize",
    "truncated",
    "framing",
    "syntax",
    "type",
    "encoding",
    "protocol",
    "checksum",
    "compression",
    "damaged",
    "rejected",
];

/// A class as a word of this binary, and whether it is the one that was meant.
pub(crate) fn known_class(class: &str) -> Option<&'static str> {
    CLASSES.iter().find(|known| **known == class).copied()
}

/// The reason that stands in the column `rejected`.
fn reason(text: &str) -> Reason {
    match text.split_once(' ') {
        Some((class, rest)) if known_class(class).is_some() => {
            Reason::new(known_class(class).unwrap_or("rejected"), rest)
        }
        _ => Reason::new("rejected", text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::AsIs;
    use crate::journal::piece::Piece;
    use crate::journal::rows;
    use crate::testing::chunk;

    fn piece(first: u64, values: &[&str], reason: Option<Reason>) -> Piece {
        let until = first + values.len() as u64;
        Piece { first, until, received_ms: 7, chunk: chunk(values), reason }
    }

    #[test]
    fn refused_records_become_dead_letters_and_the_others_keep_their_place() {
        let reason = Reason::new("oversize", "too long a line");
        let pieces = [
            piece(0, &["a", "b"], None),
            piece(2, &["xxx"], Some(reason.clone())),
            piece(3, &["c"], None),
        ];
        let records = rows::columns(&pieces).expect("columns");
        let decoded = JournalDecoder::shared(AsIs::shared(None)).decode(&records).expect("decoded");
        assert_eq!(decoded.columns.schema(), rows::schema());
        let values: Vec<_> =
            decoded.columns.column(0).as_binary::<i32>().iter().flatten().collect();
        assert_eq!(values, [b"a", b"b", b"c"]);
        assert_eq!(decoded.rows, Some(UInt32Array::from(vec![0, 1, 3])));
        assert_eq!(decoded.rejected, [(2, reason)]);
    }

    #[test]
    fn a_class_that_is_not_known_keeps_its_word_in_the_text() {
        assert_eq!(reason("odd things happened"), Reason::new("rejected", "odd things happened"));
        assert_eq!(reason("truncated half a line"), Reason::new("truncated", "half a line"));
        assert_eq!(reason("type no number"), Reason::new("type", "no number"));
    }
}
