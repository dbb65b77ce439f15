//! The suite accepts sinks that conform, and names the flaw of each that does not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::AsArray;
use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Promise, Summary, check};
use crate::batch::Batch;
use crate::component::Observe;
use crate::dead_letter::Reason;
use crate::sink::{Durability, Receipt, Rejected, Sink, SinkError, Verdict, Written};
use crate::testing::{Recorder, RecorderStore};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    LosesTheLast,
    Reorders,
    ShowsBeforePublish,
    PublishesAgain,
    ForgetsTheReceipt,
    KeepsWhatWasGathered,
    LosesOnConnect,
    AlwaysSettles,
    FatReceipt,
    RetriesForEver,
    RefusesNobody,
    RefusesPlainRows,
    NeverMixes,
    MixesLater,
    ObservesAList,
    GrowsToTheSky,
    HangsInClose,
}

#[derive(Default)]
struct Store {
    visible: Vec<String>,
    staged: BTreeMap<u64, Vec<String>>,
    next: u64,
}

/// A sink that gathers until it is told to settle.
struct Double {
    flaw: Flaw,
    store: Arc<Mutex<Store>>,
    gathered: Vec<String>,
}

impl Double {
    fn stored<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What it answers to a batch before it looks at the rows.
    fn refusal(&self, batch: &Batch) -> Result<Vec<Rejected>, SinkError> {
        let is_mixed =
            batch.chunks.windows(2).any(|it| it[0].columns.schema() != it[1].columns.schema());
        let rejected = |chunk, row, verdict| Rejected {
            chunk,
            row,
            verdict,
            reason: Reason::new("test", "as a test wants it"),
        };
        Ok(match self.flaw {
            Flaw::NeverMixes if is_mixed => return Err(SinkError::Fatal("one schema only".into())),
            Flaw::MixesLater if is_mixed => return Err(SinkError::Transient("not now".into())),
            Flaw::RetriesForEver => vec![rejected(0, 0, Verdict::Retry)],
            Flaw::RefusesNobody => vec![rejected(7, 0, Verdict::Retry)],
            Flaw::RefusesPlainRows => vec![rejected(0, 0, Verdict::DeadLetter)],
            _ => Vec::new(),
        })
    }
}

struct Seen(Flaw);

impl Observe for Seen {
    fn observe(&self) -> Value {
        match self.0 {
            Flaw::ObservesAList => json!([1, 2]),
            Flaw::GrowsToTheSky => json!({ "rows": "x".repeat(9 << 20) }),
            _ => json!({}),
        }
    }
}

#[async_trait]
impl Sink for Double {
    fn durability(&self) -> Durability {
        Durability::Settles
    }

    async fn connect(&mut self) -> Result<(), SinkError> {
        if self.flaw == Flaw::LosesOnConnect {
            self.gathered.clear();
        }
        Ok(())
    }

    async fn recover(&mut self, receipt: Option<&Receipt>) -> Result<(), SinkError> {
        if self.flaw != Flaw::KeepsWhatWasGathered {
            self.gathered.clear();
        }
        if let Some(receipt) = receipt
            && self.flaw != Flaw::ForgetsTheReceipt
        {
            self.publish(receipt).await?;
        }
        if self.flaw != Flaw::PublishesAgain {
            self.stored(|store| store.staged.clear());
        }
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let rejected = self.refusal(batch)?;
        let mut texts = Vec::new();
        for chunk in &batch.chunks {
            let column = chunk.columns.column_by_name("text").expect("a column");
            texts.extend(column.as_string::<i32>().iter().flatten().map(str::to_owned));
        }
        match self.flaw {
            Flaw::LosesTheLast => drop(texts.pop()),
            Flaw::Reorders => texts.reverse(),
            _ => {}
        }
        self.gathered.extend(texts);
        Ok(Written { rejected })
    }

    async fn settle(&mut self, now: bool) -> Result<Option<Receipt>, SinkError> {
        if self.flaw != Flaw::AlwaysSettles && (!now || self.gathered.is_empty()) {
            return Ok(None);
        }
        let gathered = std::mem::take(&mut self.gathered);
        let early = self.flaw == Flaw::ShowsBeforePublish;
        let id = self.stored(|store| {
            store.next += 1;
            if early {
                store.visible.extend(gathered);
            } else {
                store.staged.insert(store.next, gathered);
            }
            store.next
        });
        let padding = if self.flaw == Flaw::FatReceipt { 100_000 } else { 0 };
        Ok(Some(json!({ "id": id, "padding": "x".repeat(padding) })))
    }

    async fn publish(&mut self, receipt: &Receipt) -> Result<(), SinkError> {
        let id = receipt["id"].as_u64().expect("a receipt");
        let again = self.flaw == Flaw::PublishesAgain;
        self.stored(|store| {
            let rows = store.staged.get(&id).cloned().unwrap_or_default();
            store.visible.extend(rows);
            if !again {
                store.staged.remove(&id);
            }
        });
        Ok(())
    }

    async fn close(&mut self) {
        if self.flaw == Flaw::HangsInClose {
            std::future::pending::<()>().await;
        }
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::new(Seen(self.flaw)))
    }
}

async fn checked(flaw: Flaw) -> Result<Summary, super::Violation> {
    let store = Arc::<Mutex<Store>>::default();
    let build = || -> Box<dyn Sink> {
        Box::new(Double { flaw, store: store.clone(), gathered: Vec::new() })
    };
    let visible = || store.lock().unwrap_or_else(PoisonError::into_inner).visible.clone();
    check(Promise::ExactlyOnce, build, visible).await
}

fn texts(store: &RecorderStore) -> Vec<String> {
    let of = |row: arrow::array::RecordBatch| {
        row.column_by_name("text").expect("a column").as_string::<i32>().value(0).to_owned()
    };
    store.visible().into_iter().map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn sinks_that_conform_pass() {
    let store = RecorderStore::default();
    let settling = || -> Box<dyn Sink> { Box::new(Recorder::settling(&store, 2)) };
    let summary = check(Promise::ExactlyOnce, settling, || texts(&store)).await.unwrap();
    assert!(summary.mixed_schemas && summary.rows > 1_000, "{summary:?}");

    let store = RecorderStore::default();
    let at_write = || -> Box<dyn Sink> { Box::new(Recorder::new(&store)) };
    check(Promise::AtLeastOnce, at_write, || texts(&store)).await.unwrap();

    checked(Flaw::None).await.unwrap();
    assert!(!checked(Flaw::NeverMixes).await.unwrap().mixed_schemas);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_doubles_after_a_crash_is_no_exactly_once_sink() {
    let store = RecorderStore::default();
    let build = || -> Box<dyn Sink> { Box::new(Recorder::new(&store)) };
    let found = check(Promise::ExactlyOnce, build, || texts(&store)).await.unwrap_err();
    assert!(found.to_string().contains("visible twice"), "{found}");
}

/// The first row of each batch is written last, on its own: all are there, but not in order.
#[tokio::test(start_paused = true)]
async fn rows_that_are_retried_come_again_alone() {
    for (sorted, passes) in [(true, true), (false, false)] {
        let store = RecorderStore::default();
        let build = || -> Box<dyn Sink> {
            let reject = |_: u64, batch: &Batch| {
                let reason = Reason::new("test", "try again");
                let full = |chunk: &crate::batch::Rows| chunk.columns.num_rows() > 0;
                let chunk = batch.chunks.iter().position(full);
                let first = chunk.filter(|_| batch.num_rows() > 1);
                let rejected = |chunk| Rejected { chunk, row: 0, verdict: Verdict::Retry, reason };
                first.map(rejected).into_iter().collect()
            };
            Box::new(Recorder::settling(&store, 1).rejecting(Box::new(reject)))
        };
        let visible = || {
            let mut texts = texts(&store);
            if sorted {
                texts.sort();
            }
            texts
        };
        let found = check(Promise::ExactlyOnce, build, visible).await;
        assert_eq!(found.is_ok(), passes, "{found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_flaw_is_found() {
    for (flaw, word) in [
        (Flaw::LosesTheLast, "committed and not visible"),
        (Flaw::Reorders, "out of order"),
        (Flaw::ShowsBeforePublish, "not committed"),
        (Flaw::PublishesAgain, "visible twice"),
        (Flaw::ForgetsTheReceipt, "between the commit and publish"),
        (Flaw::KeepsWhatWasGathered, "visible twice"),
        (Flaw::LosesOnConnect, "after a second connect"),
        (Flaw::AlwaysSettles, "nothing was written"),
        (Flaw::FatReceipt, "a receipt has"),
        (Flaw::RetriesForEver, "`retry`"),
        (Flaw::RefusesNobody, "there is none such"),
        (Flaw::RefusesPlainRows, "a plain row is refused"),
        (Flaw::MixesLater, "as if trying again would help"),
        (Flaw::ObservesAList, "no object"),
        (Flaw::GrowsToTheSky, "what is observed has"),
        (Flaw::HangsInClose, "close takes longer"),
    ] {
        let found = checked(flaw).await.unwrap_err().to_string();
        assert!(found.contains(word), "{flaw:?}: {found}");
    }
}
