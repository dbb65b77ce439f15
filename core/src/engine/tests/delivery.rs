//! Every record arrives, whatever the sinks say of single rows, and stopping loses nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;

use crate::dead_letter::Reason;
use crate::decode::{Decode, Decoded};
use crate::progress::PipelineState;
use crate::retry::RetryPolicy;
use crate::sink::{Durability, Receipt, Rejected, SinkError, Verdict, Written};
use crate::split::SplitId;
use crate::testing::{Numbers, Recorder};
use crate::trigger::Trigger;
use crate::{Batch, Sink};

use super::super::{Ended, Settings};
use super::{Bench, numbers, settings};

const SPLITS: &[u64] = &[250, 0, 1, 499];

#[tokio::test(start_paused = true)]
async fn a_bounded_source_is_written_once_in_order_and_committed() {
    for every in [1, 3, 1000] {
        let bench = Bench::new();
        let source = numbers(SPLITS);
        let told = source.committed.clone();
        let sink = Recorder::settling(&bench.rows, every);
        let ended = bench.run(bench.pipeline(settings(), source, sink)).await;
        assert_eq!(ended, Ok(Ended::Drained));
        assert_eq!(bench.numbers(), Numbers::all(SPLITS));
        for split in 0..SPLITS.len() as u64 {
            let of_split: Vec<u64> =
                bench.numbers_in_order().into_iter().filter(|n| n / 1_000_000 == split).collect();
            assert!(of_split.is_sorted(), "split {split}");
        }
        let ledger = bench.checkpoint.ledger();
        assert!(ledger.pending.is_empty());
        assert_eq!(ledger.sources["numbers"].finished.len(), 3, "the empty split never yields");
        let told: BTreeMap<SplitId, u64> = told
            .lock()
            .unwrap()
            .iter()
            .map(|(split, one)| (split.clone(), one.position.as_u64().unwrap()))
            .collect();
        assert_eq!(told, BTreeMap::from([("0".into(), 250), ("2".into(), 1), ("3".into(), 499)]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bounded_source_ends_also_when_it_names_no_split_any_more() {
    let bench = Bench::new();
    for run in ["first", "second"] {
        let source = numbers(&[250, 1]).forgetting_finished();
        let pipeline = bench.pipeline(settings(), source, Recorder::new(&bench.rows));
        let ended = tokio::time::timeout(Duration::from_secs(60), bench.run(pipeline)).await;
        assert_eq!(ended, Ok(Ok(Ended::Drained)), "the {run} run");
        assert_eq!(bench.numbers(), Numbers::all(&[250, 1]));
    }
}

#[tokio::test(start_paused = true)]
async fn each_trigger_gets_to_the_end() {
    for trigger in [Trigger::OnData, Trigger::Interval(Duration::from_millis(10))] {
        for available_now in [false, true] {
            let bench = Bench::new();
            let settings = Settings { trigger, available_now, ..settings() };
            let sink = Recorder::new(&bench.rows);
            let ended = bench.run(bench.pipeline(settings, numbers(SPLITS), sink)).await;
            assert_eq!(ended, Ok(Ended::Drained));
            assert_eq!(bench.numbers(), Numbers::all(SPLITS), "{trigger:?} {available_now}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn once_is_one_batch_and_the_next_run_goes_on_from_there() {
    let bench = Bench::new();
    for _ in 0..8 {
        let settings =
            Settings { trigger: Trigger::Once, max_batch_records: 100, ..Settings::new("test") };
        let sink = Recorder::settling(&bench.rows, 1000);
        let ended = bench.run(bench.pipeline(settings, numbers(SPLITS), sink)).await;
        assert_eq!(ended, Ok(Ended::Drained));
    }
    assert_eq!(bench.numbers(), Numbers::all(SPLITS));
    assert_eq!(bench.heard.progress().len(), 8, "750 records in batches of at most 100");
}

#[tokio::test(start_paused = true)]
async fn a_stop_drains_what_was_read_and_the_next_run_goes_on() {
    let bench = Bench::new();
    let stop = bench.stop.clone();
    let pipeline =
        bench.pipeline(settings(), numbers(SPLITS), Recorder::settling(&bench.rows, 100));
    let stopper = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1_700)).await;
        stop.cancel();
    });
    assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
    stopper.await.expect("the stopper does not panic");
    let first = bench.numbers().len();
    assert!(first > 0 && first < 750, "{first}");
    assert!(bench.checkpoint.ledger().pending.is_empty(), "what was read was committed");

    let again = Bench { stop: Default::default(), ..bench };
    let pipeline =
        again.pipeline(settings(), numbers(SPLITS), Recorder::settling(&again.rows, 100));
    assert_eq!(again.run(pipeline).await, Ok(Ended::Drained));
    assert_eq!(again.numbers(), Numbers::all(SPLITS));
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_the_sink_is_away_is_bounded_and_the_next_run_writes_what_was_read() {
    let bench = Bench::new();
    let away = |call: u64| (call > 3).then(|| SinkError::Transient("connection refused".into()));
    let sink = Recorder::new(&bench.rows).failing(Box::new(away));
    let pipeline = bench.pipeline(settings(), numbers(SPLITS), sink);
    let stop = bench.stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        stop.cancel();
    });
    assert_eq!(bench.run(pipeline).await, Ok(Ended::TimedOut));
    let waited = bench.heard.states().into_iter().any(
        |state| matches!(state, PipelineState::Waiting { component, reason } if component == "out" && reason == "connection refused"),
    );
    assert!(waited, "{:?}", bench.heard.states());

    let again = Bench { stop: Default::default(), ..bench };
    let sink = Recorder::new(&again.rows);
    assert_eq!(
        again.run(again.pipeline(settings(), numbers(SPLITS), sink)).await,
        Ok(Ended::Drained)
    );
    assert_eq!(again.numbers(), Numbers::all(SPLITS));
}

/// Refuses each number that a modulus divides.
fn refuse(modulus: u64, verdict: Verdict) -> crate::testing::Reject {
    Box::new(move |calls, batch| {
        let mut rejected = Vec::new();
        for (chunk, rows) in batch.chunks.iter().enumerate() {
            let numbers = super::as_numbers(&rows.columns);
            for (row, number) in numbers.iter().enumerate() {
                if number % modulus == 0 && (verdict == Verdict::DeadLetter || calls % 2 == 0) {
                    let reason = Reason::new("refused", format!("{number} is not wanted"));
                    rejected.push(Rejected { chunk, row, verdict, reason });
                }
            }
        }
        rejected
    })
}

#[tokio::test(start_paused = true)]
async fn rows_that_can_never_be_written_become_dead_letters_with_bytes_and_origin() {
    let bench = Bench::new();
    let sink = Recorder::settling(&bench.rows, 3).rejecting(refuse(7, Verdict::DeadLetter));
    assert_eq!(
        bench.run(bench.pipeline(settings(), numbers(&[50, 50]), sink)).await,
        Ok(Ended::Drained)
    );
    let (bad, good): (Vec<u64>, Vec<u64>) =
        Numbers::all(&[50, 50]).into_iter().partition(|number| number % 7 == 0);
    assert_eq!(bench.numbers(), good);
    let mut letters = bench.letters("bytes");
    letters.sort_by_key(|text| text.parse::<u64>().unwrap());
    assert_eq!(letters, bad.iter().map(u64::to_string).collect::<Vec<_>>());
    assert_eq!(
        bench.letters("position"),
        bench.letters("bytes"),
        "the position column is the number"
    );
    assert!(bench.letters("sink").iter().all(|sink| sink == "out"));
    assert!(bench.letters("stage").iter().all(|stage| stage == "write"));
}

#[tokio::test(start_paused = true)]
async fn rows_to_be_retried_come_again_alone() {
    let bench = Bench::new();
    let sink = Recorder::new(&bench.rows).rejecting(refuse(7, Verdict::Retry));
    assert_eq!(
        bench.run(bench.pipeline(settings(), numbers(SPLITS), sink)).await,
        Ok(Ended::Drained)
    );
    assert_eq!(bench.numbers(), Numbers::all(SPLITS), "each once, though some needed two attempts");
    assert!(bench.heard.progress().iter().any(|progress| progress.retries > 0));
}

#[tokio::test(start_paused = true)]
async fn rows_that_use_up_their_attempts_become_dead_letters() {
    let bench = Bench::new();
    let always = Box::new(|_: u64, batch: &crate::Batch| {
        let reason = Reason::new("timeout", "no answer");
        let all = 0..batch.chunks[0].columns.num_rows();
        all.map(|row| Rejected { chunk: 0, row, verdict: Verdict::Retry, reason: reason.clone() })
            .collect()
    });
    let sink = Recorder::new(&bench.rows).rejecting(always);
    let mut pipeline = bench.pipeline(settings(), numbers(&[5]), sink);
    pipeline.outputs[0].retry = RetryPolicy { max_attempts: 3, ..RetryPolicy::default() };
    assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
    assert!(bench.numbers().is_empty());
    assert_eq!(bench.letters("bytes"), ["0", "1", "2", "3", "4"]);
    assert!(bench.letters("reason")[0].contains("given up after retries: no answer"));
}

/// Decodes even numbers only.
struct EvenOnly;

impl Decode for EvenOnly {
    fn schema(&self) -> Option<SchemaRef> {
        None
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let numbers = super::as_numbers(records);
        let is_even = |row: &u32| numbers[*row as usize].is_multiple_of(2);
        let (rows, odd): (Vec<u32>, Vec<u32>) = (0..numbers.len() as u32).partition(is_even);
        let rows = arrow::array::UInt32Array::from(rows);
        let columns = arrow::compute::take_record_batch(records, &rows);
        let reason = |row| (row, Reason::new("odd", "not an even number"));
        Ok(Decoded {
            columns: columns.map_err(|error| error.to_string())?,
            rows: Some(rows),
            rejected: odd.into_iter().map(reason).collect(),
        })
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_do_not_decode_become_dead_letters_and_do_not_stop_the_others() {
    let bench = Bench::new();
    let source = numbers(SPLITS).decoded_by(Arc::new(EvenOnly));
    let sink = Recorder::settling(&bench.rows, 4);
    assert_eq!(bench.run(bench.pipeline(settings(), source, sink)).await, Ok(Ended::Drained));
    let (even, odd): (Vec<u64>, Vec<u64>) =
        Numbers::all(SPLITS).into_iter().partition(|number| number % 2 == 0);
    assert_eq!(bench.numbers(), even);
    let mut letters: Vec<u64> =
        bench.letters("bytes").iter().map(|text| text.parse().unwrap()).collect();
    letters.sort_unstable();
    assert_eq!(letters, odd);
    assert!(bench.letters("stage").iter().all(|stage| stage == "decode"));
}

/// Gathers until it was asked three times whether it is time.
struct Patient {
    inner: Recorder,
    asked: u32,
}

#[async_trait]
impl Sink for Patient {
    fn durability(&self) -> Durability {
        Durability::Settles
    }

    async fn connect(&mut self) -> Result<(), SinkError> {
        self.inner.connect().await
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        self.asked = 0;
        self.inner.write(batch).await
    }

    async fn settle(&mut self, now: bool) -> Result<Option<Receipt>, SinkError> {
        self.asked += 1;
        self.inner.settle(now || self.asked >= 3).await
    }

    async fn publish(&mut self, receipt: &Receipt) -> Result<(), SinkError> {
        self.inner.publish(receipt).await
    }
}

#[tokio::test(start_paused = true)]
async fn while_nothing_arises_sinks_are_asked_to_settle_whatever_the_interval() {
    for interval in [1, 50, 100, 500, 5_000].map(Duration::from_millis) {
        let bench = Bench::new();
        let settings = Settings { trigger: Trigger::Interval(interval), ..Settings::new("test") };
        let sink = Patient { inner: Recorder::settling(&bench.rows, 1_000), asked: 0 };
        let pipeline = bench.pipeline(settings, numbers(&[10]).unbounded(), sink);
        let running = tokio::time::timeout(Duration::from_secs(10), bench.run(pipeline));
        assert!(running.await.is_err(), "it does not end by itself");
        assert_eq!(bench.numbers().len(), 10, "{interval:?}");
    }
}
