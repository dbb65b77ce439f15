//! Records on their way into chunks.

use arrow::array::{BinaryArray, BinaryBuilder};

use crate::answer::Refusal;
use crate::body::Held;

/// What a record costs beside its bytes: its offset in the column.
const OFFSET_BYTES: usize = 4;

/// The size of a record that is expected; a wrong guess costs a second allocation of offsets.
const TYPICAL_RECORD: usize = 128;

/// Gathers records into as few columns as the intake takes in one piece.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    max: usize,
    held: &'a mut Held,
    full: Vec<BinaryArray>,
    open: BinaryBuilder,
    records: u64,
}

impl<'a> Pieces<'a> {
    /// Pieces of at most `max` bytes of values, for a body of so many bytes.
    pub(crate) fn new(max: usize, body: usize, held: &'a mut Held) -> Self {
        // Never more than the body itself has taken.
        let open = BinaryBuilder::with_capacity(body / TYPICAL_RECORD, body.min(max));
        Self { max, held, full: Vec::new(), open, records: 0 }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// It alone is larger than a piece, or there is no room for it.
    pub(crate) fn push(&mut self, record: &[u8]) -> Result<(), Refusal> {
        if record.len() > self.max {
            let (number, bytes, max) = (self.records, record.len(), self.max);
            let text =
                format!("record {number} has {bytes} bytes, more than the {max} that are taken");
            return Err(Refusal::TooLarge(text));
        }
        self.held.take(record.len() + OFFSET_BYTES)?;
        if self.open.values_slice().len() + record.len() > self.max {
            self.full.push(self.open.finish());
        }
        self.open.append_value(record);
        self.records += 1;
        Ok(())
    }

    /// The columns, none empty.
    pub(crate) fn finish(mut self) -> Vec<BinaryArray> {
        if self.open.offsets_slice().len() > 1 {
            self.full.push(self.open.finish());
        }
        self.full
    }
}
