//! What is known of the marks in Kafka.

use std::collections::BTreeSet;

use crate::mark::Mark;

/// What is known of the marks in Kafka.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The newest mark that was found or made.
    pub(crate) mark: Option<Mark>,
    /// The topics that were asked for a mark since the client was made.
    asked: BTreeSet<String>,
    /// Whether the mark is known to be the newest of all: this client made it.
    is_own: bool,
}

impl Ledger {
    /// A client was made: others may have written in the meantime.
    pub(crate) fn begin(&mut self) {
        *self = Self::default();
    }

    /// The topics that have to be asked before a batch for these topics can be judged.
    pub(crate) fn to_ask(&self, topics: &BTreeSet<String>) -> Vec<String> {
        if self.is_own {
            return Vec::new();
        }
        topics.difference(&self.asked).cloned().collect()
    }

    /// Marks were asked for, and these were found.
    pub(crate) fn found(&mut self, topics: Vec<String>, marks: Vec<Mark>, lineage: &str) {
        self.asked.extend(topics);
        for mark in marks {
            let rank = |mark: &Mark| (mark.lineage == lineage, mark.time_ms, mark.batch);
            if self.mark.as_ref().is_none_or(|known| rank(known) < rank(&mark)) {
                self.mark = Some(mark);
            }
        }
    }

    /// A transaction with this mark was committed.
    pub(crate) fn committed(&mut self, mark: Mark) {
        self.mark = Some(mark);
        self.is_own = true;
        self.asked.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(lineage: &str, batch: u64) -> Mark {
        Mark { lineage: lineage.into(), batch, time_ms: batch, left_out: vec![], forgotten: 0 }
    }

    fn set(topics: &[&str]) -> BTreeSet<String> {
        topics.iter().map(|topic| (*topic).to_owned()).collect()
    }

    #[test]
    fn topics_are_asked_once_until_a_mark_is_our_own() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.to_ask(&set(&["a", "b"])), ["a", "b"]);
        ledger.found(vec!["a".into(), "b".into()], vec![mark("x", 3), mark("x", 5)], "x");
        assert_eq!(ledger.mark, Some(mark("x", 5)));
        assert_eq!(ledger.to_ask(&set(&["a", "c"])), ["c"]);
        ledger.found(vec!["c".into()], vec![mark("y", 9)], "x");
        assert_eq!(ledger.mark, Some(mark("x", 5)));
        ledger.committed(mark("x", 6));
        assert_eq!(ledger.to_ask(&set(&["d"])), Vec::<String>::new());
        ledger.begin();
        assert_eq!(ledger.to_ask(&set(&["d"])), ["d"]);
    }
}
