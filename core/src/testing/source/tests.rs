//! The suite accepts a source that conforms, and names the flaw of each that does not.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{BinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use async_trait::async_trait;
use tokio::time::Instant;

use super::check;
use crate::batch::Slice;
use crate::decode::{AsIs, Decode};
use crate::position::Position;
use crate::range::Range;
use crate::source::{Committed, Resume, Source, SourceError};
use crate::split::{Grant, SplitId, SplitPhase, SplitStatus};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    OneTooMany,
    Gap,
    OtherOnReplay,
    IgnoresUntil,
    IgnoresResume,
    IgnoresFinished,
    WrongBacklog,
    NeverReady,
    EmptySlice,
}

/// One split of 100 records of 10 bytes.
struct Numbers {
    flaw: Flaw,
    next: u64,
    start: u64,
    finished: bool,
}

const END: u64 = 100;

impl Numbers {
    fn boxed(flaw: Flaw) -> Box<dyn Source> {
        Box::new(Self { flaw, next: 0, start: 0, finished: false })
    }

    fn slice(from: u64, until: u64) -> Slice {
        let texts: Vec<String> = (from..until).map(|number| format!("{number:010}")).collect();
        let values = BinaryArray::from_iter_values(&texts);
        let schema = Schema::new(vec![Field::new("value", DataType::Binary, false)]);
        Slice {
            range: Range {
                source: "numbers".into(),
                split: "only".into(),
                generation: 3,
                from: from.into(),
                until: until.into(),
                records: until - from,
                bytes: (until - from) * 10,
                last: until == END,
            },
            records: RecordBatch::try_new(Arc::new(schema), vec![Arc::new(values)]).unwrap(),
            raw: Some(0),
            position: None,
        }
    }
}

#[async_trait]
impl Source for Numbers {
    fn decoder(&self) -> Arc<dyn Decode> {
        AsIs::shared(None)
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        if self.flaw != Flaw::IgnoresFinished {
            self.finished = !resume.finished.is_empty();
        }
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        if self.finished {
            return Ok(Vec::new());
        }
        let at = next.get("only").and_then(Position::as_u64).unwrap_or(self.start);
        self.next = at;
        let wrong = u64::from(self.flaw == Flaw::WrongBacklog);
        Ok(vec![SplitStatus {
            split: "only".into(),
            generation: 3,
            start: self.start.into(),
            end: Some(END.into()),
            backlog: Some(END - at + wrong),
            oldest_ms: None,
            phase: SplitPhase::Ended,
        }])
    }

    async fn read(&mut self, grants: &[Grant], _: Instant) -> Result<Vec<Slice>, SourceError> {
        let Some(grant) = grants.first() else { return Ok(Vec::new()) };
        let mut from = grant.from.as_u64().unwrap();
        if self.flaw == Flaw::IgnoresResume && from == 39 {
            from = 0;
        }
        if self.flaw == Flaw::Gap && from > 50 {
            from += 1;
        }
        let mut most = grant.records.min((grant.bytes / 10).max(1));
        if self.flaw == Flaw::OneTooMany {
            most += 1;
        }
        let mut until = (from + most).min(END);
        if let Some(pinned) = &grant.until
            && self.flaw != Flaw::IgnoresUntil
        {
            until = until.min(pinned.as_u64().unwrap());
        }
        if self.flaw == Flaw::EmptySlice && from == 0 {
            until = 0;
        }
        Ok(vec![Self::slice(from, until.max(from))])
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        let wrong = u64::from(self.flaw == Flaw::OtherOnReplay);
        Ok(ranges
            .iter()
            .map(|range| {
                let (from, until) = (range.from.as_u64().unwrap(), range.until.as_u64().unwrap());
                let made = Self::slice(from + wrong, until + wrong);
                Slice { range: range.clone(), ..made }
            })
            .collect())
    }

    async fn ready(&mut self) {
        if self.flaw == Flaw::NeverReady {
            std::future::pending::<()>().await;
        }
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        self.finished |= committed.iter().any(|done| done.finished);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_conforms_passes() {
    let summary = check(|| Numbers::boxed(Flaw::None)).await.unwrap();
    assert_eq!((summary.splits, summary.records), (1, 100));
}

#[tokio::test(start_paused = true)]
async fn every_flaw_is_found() {
    for (flaw, word) in [
        (Flaw::OneTooMany, "were granted"),
        (Flaw::Gap, "is due"),
        (Flaw::OtherOnReplay, "differ when they are replayed"),
        (Flaw::IgnoresUntil, "past"),
        (Flaw::IgnoresResume, "is due"),
        (Flaw::IgnoresFinished, "comes again after a restart"),
        (Flaw::WrongBacklog, "backlog"),
        (Flaw::NeverReady, "not ready"),
        (Flaw::EmptySlice, "empty slice"),
    ] {
        let found = check(|| Numbers::boxed(flaw)).await.unwrap_err().to_string();
        assert!(found.contains(word), "{flaw:?}: {found}");
    }
}
