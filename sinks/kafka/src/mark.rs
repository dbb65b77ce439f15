//! The mark: which batch was written last, as it stands in Kafka.
//!
//! It is committed in the transaction of the batch itself, as an offset of a consumer group that
//! nobody else uses, for partition 0 of each topic that the batch went to. So it is there if and
//! only if the records are. A batch that comes again asks for the mark at one of its topics: had
//! it been committed, the mark there would name it or a later one.

use forebay_core::Batch;
use serde::{Deserialize, Serialize};

/// The longest mark: brokers keep up to 4096 bytes beside an offset (`offset.metadata.max.bytes`).
const MAX_BYTES: usize = 3_500;

/// Which batch was written last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The life of the checkpoint that the number belongs to.
    pub(crate) lineage: String,
    /// Its number.
    pub(crate) batch: u64,
    /// When it was planned, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// Which rows were left out, as dead letters, of recent batches: should these come again,
    /// their dead letters may not be safe yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<LeftOut>,
    /// The last batch of which that is no longer known.
    #[serde(default)]
    pub(crate) forgotten: u64,
}

/// The rows of a batch that were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    pub(crate) batch: u64,
    /// How many rows say themselves that they can never be written.
    pub(crate) plain: u32,
    /// The rows that the brokers refused: `3,7-9`.
    pub(crate) refused: String,
}

/// What a mark says about a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    /// It was not written.
    New,
    /// It was written, but for these rows.
    Written(Option<&'a LeftOut>),
    /// The mark and the batch cannot both be right.
    Conflict(String),
}

impl Mark {
    /// What the mark says about a batch.
    pub(crate) fn judge(&self, batch: &Batch) -> Verdict<'_> {
        if *self.lineage != *batch.lineage || batch.id > self.batch {
            return Verdict::New;
        }
        let is_last = batch.id == self.batch;
        if batch.time_ms > self.time_ms || (is_last && batch.time_ms != self.time_ms) {
            return Verdict::Conflict(format!(
                "batch {} was planned after batch {} had been written: the checkpoint is older \
                 than what stands in Kafka, as if it came from a copy; bring back the newer one, \
                 or delete it to begin anew",
                batch.id, self.batch
            ));
        }
        if batch.id <= self.forgotten {
            return Verdict::Conflict(format!(
                "batch {} comes again, and which of its rows were refused is no longer known: \
                 delete the checkpoint to begin anew, or set exactly_once = false",
                batch.id
            ));
        }
        Verdict::Written(self.left_out.iter().find(|left_out| left_out.batch == batch.id))
    }

    /// The mark of a batch that follows on this one.
    ///
    /// # Errors
    /// If more rows of it were left out than can be remembered.
    pub(crate) fn next(
        before: Option<&Self>,
        batch: &Batch,
        left_out: Option<LeftOut>,
    ) -> Result<Self, String> {
        let before = before.filter(|before| *before.lineage == *batch.lineage);
        let mut mark = Self {
            lineage: batch.lineage.to_string(),
            batch: batch.id,
            time_ms: batch.time_ms,
            left_out: before.map(|before| before.left_out.clone()).unwrap_or_default(),
            forgotten: before.map_or(0, |before| before.forgotten),
        };
        mark.left_out.extend(left_out);
        while mark.text().len() > MAX_BYTES {
            if mark.left_out.first().is_none_or(|oldest| oldest.batch == batch.id) {
                return Err(format!(
                    "the brokers refuse so many rows of batch {} that they cannot be remembered \
                     beside it: leave them out in the pipeline's sql, mend the topic, or set \
                     exactly_once = false",
                    batch.id
                ));
            }
            mark.forgotten = mark.left_out.remove(0).batch;
        }
        Ok(mark)
    }

    /// The mark as it is kept.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A mark as it was kept; `None` if it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl LeftOut {
    /// Rows in order, without doubles.
    pub(crate) fn new(batch: u64, plain: u32, refused: &[u32]) -> Option<Self> {
        if plain == 0 && refused.is_empty() {
            return None;
        }
        let mut text = String::new();
        let mut rest = refused;
        while let Some(first) = rest.first() {
            let run = rest.iter().zip(*first..).take_while(|(row, next)| **row == *next).count();
            let last = rest[run - 1];
            let comma = if text.is_empty() { "" } else { "," };
            text += &match run {
                1 => format!("{comma}{first}"),
                _ => format!("{comma}{first}-{last}"),
            };
            rest = &rest[run..];
        }
        Some(Self { batch, plain, refused: text })
    }

    /// The rows that the brokers refused, of a batch with so many rows.
    pub(crate) fn refused(&self, rows: u32) -> Option<Vec<u32>> {
        let mut refused = Vec::new();
        for run in self.refused.split(',').filter(|run| !run.is_empty()) {
            let (first, last) = run.split_once('-').unwrap_or((run, run));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            if first > last || last >= rows {
                return None;
            }
            refused.extend(first..=last);
        }
        Some(refused)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(lineage: &str, id: u64, time_ms: u64) -> Batch {
        Batch { time_ms, lineage: lineage.into(), ..Batch::new(id, Vec::new()) }
    }

    #[test]
    fn a_batch_is_recognised_by_lineage_number_and_time() {
        let mark = Mark::next(None, &batch("a", 7, 700), None).unwrap();
        assert_eq!(Mark::parse(&mark.text()), Some(mark.clone()));
        assert_eq!(mark.judge(&batch("a", 8, 800)), Verdict::New);
        assert_eq!(mark.judge(&batch("a", 7, 700)), Verdict::Written(None));
        assert_eq!(mark.judge(&batch("a", 6, 600)), Verdict::Written(None));
        // A checkpoint that was begun anew counts from 1 again.
        assert_eq!(mark.judge(&batch("b", 1, 900)), Verdict::New);
        // One that was brought back from a copy plans numbers anew that were written already.
        for (id, time) in [(7, 701), (6, 900), (7, 699)] {
            assert!(
                matches!(mark.judge(&batch("a", id, time)), Verdict::Conflict(_)),
                "{id} {time}"
            );
        }
    }

    #[test]
    fn rows_that_were_left_out_are_known_when_a_batch_comes_again() {
        let left_out = LeftOut::new(3, 1, &[2, 4, 5, 6, 9]).unwrap();
        assert_eq!(left_out.refused, "2,4-6,9");
        let third = Mark::next(None, &batch("a", 3, 3), Some(left_out.clone())).unwrap();
        let fourth = Mark::next(Some(&third), &batch("a", 4, 4), None).unwrap();
        assert_eq!(fourth.judge(&batch("a", 3, 3)), Verdict::Written(Some(&left_out)));
        assert_eq!(fourth.judge(&batch("a", 4, 4)), Verdict::Written(None));
        let other = Mark::next(Some(&fourth), &batch("b", 1, 9), None).unwrap();
        assert_eq!(other.left_out, []);
        assert_eq!(LeftOut::new(1, 0, &[]), None);
    }

    #[test]
    fn a_mark_stays_within_bounds_and_says_what_it_forgot() {
        let mut mark: Option<Mark> = None;
        for id in 1..=200 {
            let rows: Vec<u32> = (0..40).map(|row| row * 3).collect();
            let left_out = LeftOut::new(id, 0, &rows);
            mark = Some(Mark::next(mark.as_ref(), &batch("a", id, id), left_out).unwrap());
        }
        let mark = mark.unwrap();
        assert!(mark.text().len() <= MAX_BYTES);
        assert!(mark.forgotten > 0 && mark.left_out.len() > 5);
        assert!(matches!(mark.judge(&batch("a", mark.forgotten, 1)), Verdict::Conflict(_)));
        let known = mark.forgotten + 1;
        assert!(matches!(mark.judge(&batch("a", known, known)), Verdict::Written(Some(_))));
        let many: Vec<u32> = (0..10_000).map(|row| row * 2).collect();
        let next = batch("a", 201, 201);
        assert!(Mark::next(Some(&mark), &next, LeftOut::new(201, 0, &many)).is_err());
    }

    #[test]
    fn what_is_no_mark_is_not_taken_for_one() {
        for text in ["", "{}", "null", "{\"lineage\":1}"] {
            assert_eq!(Mark::parse(text), None, "{text}");
        }
        for refused in ["9", "3-1", "a", "1-", "0-4294967295"] {
            let left_out = LeftOut { batch: 1, plain: 0, refused: refused.to_owned() };
            assert_eq!(left_out.refused(9), None, "{refused}");
        }
    }

    proptest! {
        #[test]
        fn rows_survive_as_text(rows in prop::collection::btree_set(0..1000_u32, 1..200)) {
            let rows: Vec<u32> = rows.into_iter().collect();
            let left_out = LeftOut::new(1, 0, &rows).unwrap();
            prop_assert_eq!(left_out.refused(1000), Some(rows));
        }
    }
}
