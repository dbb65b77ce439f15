//! A batch on its way.

use std::collections::BTreeSet;
use std::sync::Arc;

use forebay_core::Batch;
use forebay_core::dead_letter::Reason;
use forebay_core::sink::{Rejected, Verdict, Written};

/// A batch on its way: which of its rows are still to be handed over, and how.
pub(crate) struct Work {
    pub(crate) batch: Batch,
    /// The first row of each chunk, and the number of all.
    starts: Vec<u32>,
    /// The rows of this round, in order; `None` for all.
    todo: Option<Vec<u32>>,
    /// How many of those were handed over.
    pub(crate) cursor: usize,
    /// Rows whose request was refused, perhaps because of another row.
    pub(crate) suspects: BTreeSet<u32>,
    /// How many suspects may share a request.
    pub(crate) crowd: usize,
    /// Rows that can never be written.
    pub(crate) dead: Vec<Dead>,
    /// The topics that rows were handed over for.
    pub(crate) topics: BTreeSet<String>,
}

/// A row that can never be written.
#[derive(Clone, Debug)]
pub(crate) struct Dead {
    pub(crate) row: u32,
    pub(crate) reason: Reason,
    /// Whether the row itself says so: anybody who looks at it again will find the same.
    pub(crate) is_plain: bool,
}

impl Work {
    /// # Errors
    /// If the batch has more rows than can be numbered.
    pub(crate) fn new(batch: &Batch) -> Result<Self, String> {
        let mut starts = vec![0];
        let mut rows = 0;
        for chunk in &batch.chunks {
            rows += chunk.columns.num_rows();
            let start = u32::try_from(rows).map_err(|_| {
                format!("the batch has {rows} rows: lower `max_batch_records` of the pipeline")
            })?;
            starts.push(start);
        }
        Ok(Self {
            batch: batch.clone(),
            starts,
            todo: None,
            cursor: 0,
            suspects: BTreeSet::new(),
            crowd: usize::MAX,
            dead: Vec::new(),
            topics: BTreeSet::new(),
        })
    }

    /// Whether this is the very batch.
    pub(crate) fn is_of(&self, batch: &Batch) -> bool {
        let ours = &self.batch;
        let same = |(ours, theirs): (&forebay_core::batch::Rows, &forebay_core::batch::Rows)| {
            let (ours, theirs) = (&ours.columns, &theirs.columns);
            ours.num_rows() == theirs.num_rows()
                && ours.num_columns() == theirs.num_columns()
                && ours.columns().iter().zip(theirs.columns()).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        ours.id == batch.id
            && ours.lineage == batch.lineage
            && ours.chunks.len() == batch.chunks.len()
            && ours.chunks.iter().zip(&batch.chunks).all(same)
    }

    /// How many rows this round has.
    pub(crate) fn len(&self) -> usize {
        match &self.todo {
            Some(rows) => rows.len(),
            None => self.starts.last().map_or(0, |rows| *rows as usize),
        }
    }

    /// The row that is handed over next.
    pub(crate) fn next(&self) -> Option<u32> {
        match &self.todo {
            Some(rows) => rows.get(self.cursor).copied(),
            None if self.cursor < self.len() => u32::try_from(self.cursor).ok(),
            None => None,
        }
    }

    /// The chunk of a row, and its index there.
    pub(crate) fn place(&self, row: u32) -> (usize, usize) {
        let chunk = self.starts.partition_point(|start| *start <= row).saturating_sub(1);
        (chunk, (row - self.starts[chunk]) as usize)
    }

    /// Begins another round.
    pub(crate) fn begin(&mut self, rows: Vec<u32>) {
        self.todo = Some(rows);
        self.cursor = 0;
    }

    /// Begins another round with all rows that can be written.
    pub(crate) fn begin_anew(&mut self) {
        let dead: BTreeSet<u32> = self.dead.iter().map(|dead| dead.row).collect();
        let all = 0..self.starts.last().copied().unwrap_or_default();
        self.begin(all.filter(|row| !dead.contains(row)).collect());
        self.topics.clear();
    }

    /// The client was lost in mid-round: `again` of what was handed over is to be written again,
    /// or all of it if nothing is known.
    pub(crate) fn resume(&mut self, again: Option<Vec<u32>>) {
        let mut rows = match again {
            Some(rows) => rows,
            None => self.rows(0..self.cursor),
        };
        rows.extend(self.rows(self.cursor..self.len()));
        rows.sort_unstable();
        rows.dedup();
        let dead: BTreeSet<u32> = self.dead.iter().map(|dead| dead.row).collect();
        rows.retain(|row| !dead.contains(row));
        self.begin(rows);
    }

    fn rows(&self, range: std::ops::Range<usize>) -> Vec<u32> {
        match &self.todo {
            Some(rows) => rows[range].to_vec(),
            None => range.filter_map(|row| u32::try_from(row).ok()).collect(),
        }
    }

    /// Notes rows whose requests were refused: the next round divides them among more requests.
    pub(crate) fn suspect(&mut self, rows: &[u32]) {
        const PARTS: usize = 8;
        self.crowd = (rows.len().min(self.crowd) / PARTS).max(1);
        self.suspects.extend(rows);
    }

    /// The answer to the engine: rows that can never be written, and rows to try again.
    pub(crate) fn answer(&self, again: Vec<(u32, Reason)>) -> Written {
        let rejected = |row, verdict, reason| {
            let (chunk, row) = self.place(row);
            Rejected { chunk, row, verdict, reason }
        };
        let dead = self.dead.iter();
        let dead = dead.map(|dead| rejected(dead.row, Verdict::DeadLetter, dead.reason.clone()));
        let again = again.into_iter();
        let again = again.map(|(row, reason)| rejected(row, Verdict::Retry, reason));
        Written { rejected: dead.chain(again).collect() }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use forebay_core::batch::Rows;

    use super::*;

    fn batch(chunks: &[usize]) -> Batch {
        let chunks = chunks.iter().map(|rows| {
            let ids: ArrayRef = Arc::new(Int64Array::from(vec![0; *rows]));
            Rows { columns: RecordBatch::try_from_iter([("id", ids)]).unwrap(), origin: None }
        });
        Batch::new(1, chunks.collect())
    }

    #[test]
    fn rows_are_numbered_through_chunks() {
        let work = Work::new(&batch(&[2, 0, 3])).unwrap();
        let places: Vec<_> = (0..5).map(|row| work.place(row)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (2, 0), (2, 1), (2, 2)]);
        assert_eq!(work.len(), 5);
    }

    #[test]
    fn a_batch_is_known_again_by_its_columns() {
        let batch_of = batch(&[2, 3]);
        let work = Work::new(&batch_of).unwrap();
        assert!(work.is_of(&batch_of.clone()));
        assert!(!work.is_of(&batch(&[2, 3])));
    }

    #[test]
    fn after_a_loss_the_rest_is_resumed() {
        let mut work = Work::new(&batch(&[6])).unwrap();
        work.cursor = 3;
        work.dead.push(Dead { row: 5, reason: Reason::new("a", "b"), is_plain: true });
        work.resume(Some(vec![1]));
        assert_eq!(work.rows(0..work.len()), [1, 3, 4]);
        work.cursor = 2;
        work.resume(None);
        assert_eq!(work.rows(0..work.len()), [1, 3, 4]);
        work.begin_anew();
        assert_eq!(work.rows(0..work.len()), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn suspects_are_divided_until_each_is_alone() {
        let mut work = Work::new(&batch(&[200])).unwrap();
        let all: Vec<u32> = (0..200).collect();
        work.suspect(&all);
        assert_eq!(work.crowd, 25);
        work.suspect(&all[..25]);
        assert_eq!(work.crowd, 3);
        work.suspect(&all[..3]);
        assert_eq!(work.crowd, 1);
    }
}
