//! Rows as the bodies of requests.

use std::ops::Range;

use forebay_core::Batch;
use forebay_formats::encode::{EncodeError, RecordEncoding, Records};

use crate::config::Form;

/// All rows of a batch, each as a JSON object.
pub(crate) struct Objects {
    chunks: Vec<Records>,
    /// For each row its chunk, and its place in that.
    rows: Vec<(usize, usize)>,
}

impl Objects {
    /// The rows of a batch.
    ///
    /// # Errors
    /// If JSON cannot hold columns like these.
    pub(crate) fn of(batch: &Batch) -> Result<Self, EncodeError> {
        let encoding = RecordEncoding::default();
        let mut objects = Self { chunks: Vec::new(), rows: Vec::with_capacity(batch.num_rows()) };
        for (index, chunk) in batch.chunks.iter().enumerate() {
            let mut records = Records::default();
            encoding.encode(&chunk.columns, &mut records)?;
            objects.rows.extend((0..records.len()).map(|row| (index, row)));
            objects.chunks.push(records);
        }
        Ok(objects)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The chunk of a row, and its place in that.
    pub(crate) fn place(&self, row: usize) -> (usize, usize) {
        self.rows[row]
    }

    fn bytes(&self, row: usize) -> &[u8] {
        let (chunk, row) = self.rows[row];
        self.chunks[chunk].get(row).unwrap_or_default()
    }

    /// Where a request ends that begins with a row: so many rows and bytes at most, and one row at
    /// least.
    pub(crate) fn request_from(&self, first: usize, rows: usize, bytes: usize) -> Range<usize> {
        let mut size = 0;
        let fitting = (first..self.rows.len()).take(rows).take_while(|row| {
            size += self.bytes(*row).len() + 1;
            size <= bytes
        });
        first..(first + fitting.count().max(1)).min(self.rows.len())
    }

    /// The body of a request with these rows.
    pub(crate) fn body(&self, rows: Range<usize>, form: Form) -> Vec<u8> {
        let size: usize = rows.clone().map(|row| self.bytes(row).len() + 1).sum();
        let mut body = Vec::with_capacity(size + 2);
        let (begin, between, end): (&[u8], &[u8], &[u8]) = match form {
            Form::Lines => (b"", b"\n", b"\n"),
            Form::Array => (b"[", b",", b"]"),
        };
        body.extend_from_slice(begin);
        for row in rows.clone() {
            if row > rows.start {
                body.extend_from_slice(between);
            }
            body.extend_from_slice(self.bytes(row));
        }
        body.extend_from_slice(end);
        body
    }
}

impl Form {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Lines => "application/x-ndjson",
            Self::Array => "application/json",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use forebay_core::{Batch, Rows};

    use super::*;

    fn chunk(numbers: std::ops::Range<i64>) -> Rows {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
        Rows { columns: RecordBatch::try_from_iter([("id", numbers)]).unwrap(), origin: None }
    }

    #[test]
    fn rows_of_several_chunks_stand_in_one_body() {
        let objects =
            Objects::of(&Batch::new(1, vec![chunk(0..2), chunk(0..0), chunk(7..8)])).unwrap();
        assert_eq!((objects.len(), objects.place(2)), (3, (2, 0)));
        let lines = objects.body(0..3, Form::Lines);
        assert_eq!(lines, b"{\"id\":0}\n{\"id\":1}\n{\"id\":7}\n");
        assert_eq!(objects.body(1..3, Form::Array), b"[{\"id\":1},{\"id\":7}]");
        assert_eq!(objects.request_from(0, 2, 1000), 0..2);
        assert_eq!(objects.request_from(0, 10, 18), 0..2);
        assert_eq!(objects.request_from(0, 10, 1), 0..1, "one row at least");
        assert_eq!(objects.request_from(2, 10, 1000), 2..3);
    }
}
