//! Which rows of a batch are done.
//!
//! When the cluster is away, the sink answers that the batch is to be written again as a whole,
//! since no row may become a dead letter for that. The batch that comes then is the same one, and
//! the rows that were written are not written once more.

use std::collections::HashMap;

use arrow::array::Array;
use forebay_core::batch::Batch;
use forebay_core::dead_letter::Reason;
use forebay_core::sink::{Rejected, Verdict};

/// How a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is to be written.
    Pending,
    /// It was refused once, alone or with others: it is sent alone.
    Suspect,
    /// It is written, or a dead letter.
    Done,
}

/// How far the writing of a batch is.
#[derive(Debug)]
pub struct Progress {
    batch: Batch,
    /// For each chunk the number of its first row.
    firsts: Vec<u32>,
    states: Vec<State>,
    open: usize,
    /// How often a row alone made a node fail.
    failures: HashMap<u32, u32>,
    rejected: Vec<Rejected>,
    has_written: bool,
}

impl Progress {
    /// Nothing is written yet.
    #[must_use]
    pub fn new(batch: &Batch) -> Self {
        let mut firsts = Vec::with_capacity(batch.chunks.len());
        let mut rows = 0_u32;
        for chunk in &batch.chunks {
            firsts.push(rows);
            rows = rows.saturating_add(u32::try_from(chunk.columns.num_rows()).unwrap_or(u32::MAX));
        }
        let states = vec![State::Pending; rows as usize];
        let open = states.len();
        Self {
            batch: batch.clone(),
            firsts,
            states,
            open,
            failures: HashMap::new(),
            rejected: Vec::new(),
            has_written: false,
        }
    }

    /// Whether any row is written.
    #[must_use]
    pub fn has_written(&self) -> bool {
        self.has_written
    }

    /// Whether this is the progress of a batch: the very same columns, not only equal ones.
    #[must_use]
    pub fn is_of(&self, batch: &Batch) -> bool {
        let (ours, theirs) = (&self.batch, batch);
        (ours.id, ours.time_ms, ours.chunks.len())
            == (theirs.id, theirs.time_ms, theirs.chunks.len())
            && ours.lineage == theirs.lineage
            && ours.chunks.iter().zip(&theirs.chunks).all(|(ours, theirs)| {
                let (ours, theirs) = (&ours.columns, &theirs.columns);
                ours.num_rows() == theirs.num_rows()
                    && ours.num_columns() == theirs.num_columns()
                    && ours
                        .columns()
                        .iter()
                        .zip(theirs.columns())
                        .all(|(ours, theirs)| ours.to_data().ptr_eq(&theirs.to_data()))
            })
    }

    /// The number of a chunk's first row.
    #[must_use]
    pub fn first(&self, chunk: usize) -> u32 {
        self.firsts.get(chunk).copied().unwrap_or(0)
    }

    /// Whether every row is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.open == 0
    }

    /// How a row stands.
    #[must_use]
    pub fn state(&self, number: u32) -> State {
        self.states.get(number as usize).copied().unwrap_or(State::Done)
    }

    /// A row is written.
    pub fn written(&mut self, number: u32) {
        self.finish(number);
        self.has_written = true;
    }

    /// A row was refused: from now on it is sent alone.
    pub fn suspect(&mut self, number: u32) {
        if let Some(state) = self.states.get_mut(number as usize)
            && *state == State::Pending
        {
            *state = State::Suspect;
        }
    }

    /// A row alone made a node fail; how often it has by now.
    pub fn failed(&mut self, number: u32) -> u32 {
        let failures = self.failures.entry(number).or_default();
        *failures += 1;
        *failures
    }

    /// A row can never be written.
    pub fn reject(&mut self, number: u32, reason: Reason) {
        if self.finish(number) {
            let chunk = self.firsts.partition_point(|first| *first <= number).saturating_sub(1);
            let row = (number - self.first(chunk)) as usize;
            self.rejected.push(Rejected { chunk, row, verdict: Verdict::DeadLetter, reason });
        }
    }

    fn finish(&mut self, number: u32) -> bool {
        match self.states.get_mut(number as usize) {
            Some(state) if *state != State::Done => {
                *state = State::Done;
                self.open -= 1;
                true
            }
            _ => false,
        }
    }

    /// The rows that can never be written, in their order.
    #[must_use]
    pub fn into_rejected(mut self) -> Vec<Rejected> {
        self.rejected.sort_by_key(|rejected| (rejected.chunk, rejected.row));
        self.rejected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int32Array, RecordBatch};
    use forebay_core::batch::Rows;
    use std::sync::Arc;

    fn batch(sizes: &[i32]) -> Batch {
        let chunk = |size: &i32| {
            let column: ArrayRef = Arc::new(Int32Array::from_iter_values(0..*size));
            Rows { columns: RecordBatch::try_from_iter([("n", column)]).unwrap(), origin: None }
        };
        Batch::new(1, sizes.iter().map(chunk).collect())
    }

    #[test]
    fn rejected_rows_are_named_by_chunk_and_row() {
        let batch = batch(&[2, 0, 3]);
        let mut progress = Progress::new(&batch);
        for number in [0, 1, 3] {
            progress.written(number);
        }
        progress.suspect(2);
        assert_eq!(progress.state(2), State::Suspect);
        progress.reject(4, Reason::new("value", "b"));
        progress.reject(2, Reason::new("value", "a"));
        progress.reject(2, Reason::new("value", "again"));
        assert!(progress.is_done());
        let rejected = progress.into_rejected();
        let places: Vec<_> = rejected.iter().map(|it| (it.chunk, it.row)).collect();
        assert_eq!(places, [(2, 0), (2, 2)]);
        assert_eq!(rejected[0].reason.text, "a");
    }

    #[test]
    fn a_batch_is_known_again_by_its_columns() {
        let (this, other) = (batch(&[2, 3]), batch(&[2, 3]));
        let progress = Progress::new(&this);
        assert!(progress.is_of(&this.clone()));
        assert!(!progress.is_of(&other));
    }
}
