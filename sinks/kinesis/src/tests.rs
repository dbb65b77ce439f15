//! The sink over a scripted stream, which refuses what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use async_trait::async_trait;
use forebay_clients::aws::{Failure, Meaning};
use forebay_core::batch::Rows;
use forebay_core::sink::{SinkError, Verdict, Written};
use forebay_core::testing::sink::{Promise, check};
use forebay_core::{Batch, Sink};
use tokio::time::Instant;

use crate::service::{Record, Service};
use crate::sink::KinesisSink;

#[derive(Debug, Default)]
struct Script(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    taken: Vec<Record>,
    requests: Vec<usize>,
    /// How the next requests are answered as a whole.
    failures: VecDeque<Failure>,
    /// The next records that are refused, by their place among all that are offered.
    refused: VecDeque<bool>,
    /// Data that the service never takes.
    poison: Option<Vec<u8>>,
}

impl Script {
    fn with(change: impl FnOnce(&mut State)) -> Arc<Self> {
        let script = Self::default();
        change(&mut script.0.lock().unwrap());
        Arc::new(script)
    }

    fn data(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        let text = |record: &Record| String::from_utf8_lossy(&record.data).into_owned();
        state.taken.iter().map(text).collect()
    }
}

#[async_trait]
impl Service for Script {
    async fn look(&self) -> Result<(), Failure> {
        Ok(())
    }

    async fn put(&self, records: &[&Record]) -> Result<Vec<Option<Failure>>, Failure> {
        let mut state = self.0.lock().unwrap();
        state.requests.push(records.len());
        if let Some(failure) = state.failures.pop_front() {
            return Err(failure);
        }
        if records.iter().any(|record| state.poison.as_ref() == Some(&record.data)) {
            return Err(Failure::new(Meaning::Refused, "ValidationException"));
        }
        let outcomes = records.iter().map(|record| {
            if state.refused.pop_front().unwrap_or(false) {
                return Some(Failure::new(Meaning::Throttled, "ProvisionedThroughputExceeded"));
            }
            state.taken.push((*record).clone());
            None
        });
        Ok(outcomes.collect())
    }
}

fn sink(script: &Arc<Script>, options: &str) -> KinesisSink {
    let options = toml::from_str(&format!("stream = \"orders\"\n{options}")).unwrap();
    KinesisSink::new(options).unwrap().onto(Arc::<Script>::clone(script))
}

fn batch(rows: &[(&str, &str)]) -> Batch {
    let (keys, data): (Vec<&str>, Vec<&str>) = rows.iter().copied().unzip();
    let columns: [(&str, ArrayRef); 2] = [
        ("partition_key", Arc::new(StringArray::from(keys))),
        ("data", Arc::new(StringArray::from(data))),
    ];
    let columns = RecordBatch::try_from_iter(columns).unwrap();
    Batch::new(1, vec![Rows { columns, origin: None }])
}

const ROWS: [(&str, &str); 5] = [("a", "0"), ("b", "1"), ("a", "2"), ("b", "3"), ("a", "4")];

#[tokio::test(start_paused = true)]
async fn it_is_a_sink_like_any_other() {
    let script = Script::with(|_| {});
    let build = || -> Box<dyn Sink> {
        Box::new(sink(&script, "partition_key = \"one\"\nformat = \"json\""))
    };
    let summary = check(Promise::AtLeastOnce, build, || script.data()).await.unwrap();
    assert!(summary.mixed_schemas && summary.rows > 1_000, "{summary:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_sent_again_with_what_followed_under_its_key() {
    let refused = [true, false, false, true, false];
    let script = Script::with(|state| state.refused = refused.into());
    let mut sink = sink(&script, "requests = 1");
    sink.connect().await.unwrap();
    assert_eq!(sink.write(&batch(&ROWS)).await.unwrap(), Written::all());
    assert_eq!(script.data(), ["1", "2", "4", "0", "2", "3", "4"]);
    let observed = sink.observe().unwrap().observe();
    assert_eq!((&observed["refused"], &observed["written_again"]), (&2.into(), &2.into()));
}

#[tokio::test(start_paused = true)]
async fn strict_order_never_sends_a_key_twice_in_one_request() {
    let refused = [true, false, false, true, false];
    let script = Script::with(|state| state.refused = refused.into());
    let mut sink = sink(&script, "requests = 1\nstrict_order = true");
    sink.connect().await.unwrap();
    assert_eq!(sink.write(&batch(&ROWS)).await.unwrap(), Written::all());
    let data = script.data();
    let of = |key: &str| -> Vec<&str> {
        let has = |text: &&String| ROWS.iter().any(|(k, d)| k == &key && d == text);
        data.iter().filter(has).map(String::as_str).collect()
    };
    assert_eq!((of("a"), of("b")), (vec!["0", "2", "4"], vec!["1", "3"]));
}

#[tokio::test(start_paused = true)]
async fn what_stays_refused_is_handed_back_and_nothing_is_lost() {
    // The second record is refused for good, and what follows under its key with it.
    let script = Script::with(|state| {
        state.refused = [vec![false, true, false, false, false], vec![true; 500]].concat().into();
    });
    let mut sink = sink(&script, "requests = 1\nretry_for = \"3s\"");
    sink.connect().await.unwrap();
    let started = Instant::now();
    let written = sink.write(&batch(&ROWS)).await.unwrap();
    assert!(started.elapsed() <= Duration::from_secs(3), "{:?}", started.elapsed());
    let rows: Vec<_> = written.rejected.iter().map(|it| (it.row, it.verdict)).collect();
    assert_eq!(rows, [(1, Verdict::Retry), (3, Verdict::Retry)]);
    assert!(sink.observe().unwrap().observe()["trouble"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_away_is_told_in_words() {
    let gone = |meaning| Failure::new(meaning, "connection refused");
    let script = Script::with(|state| {
        state.failures = std::iter::repeat_n(gone(Meaning::Trouble), 500).collect();
    });
    let mut sink = sink(&script, "");
    sink.connect().await.unwrap();
    let error = sink.write(&batch(&ROWS)).await.unwrap_err();
    assert!(matches!(&error, SinkError::Transient(text) if text.contains("connection refused")));
    // Back again: the batch comes again as a whole.
    script.0.lock().unwrap().failures.clear();
    assert_eq!(sink.write(&batch(&ROWS)).await.unwrap(), Written::all());
    assert!(sink.observe().unwrap().observe()["trouble"].is_null());
    // A stream that is not there is not waited for in here.
    script.0.lock().unwrap().failures.extend(std::iter::repeat_n(gone(Meaning::Gone), 4));
    let started = Instant::now();
    assert!(sink.write(&batch(&ROWS)).await.is_err());
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_the_service_never_takes_is_a_dead_letter_alone() {
    let script = Script::with(|state| state.poison = Some(b"77".to_vec()));
    let rows: Vec<(String, String)> =
        (0..200).map(|row| (format!("k{}", row % 7), row.to_string())).collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(k, d)| (k.as_str(), d.as_str())).collect();
    let mut sink = sink(&script, "requests = 3");
    sink.connect().await.unwrap();
    let written = sink.write(&batch(&rows)).await.unwrap();
    assert_eq!(written.rejected.len(), 1);
    assert_eq!((written.rejected[0].row, written.rejected[0].verdict), (77, Verdict::DeadLetter));
    let mut data: Vec<u32> = script.data().iter().map(|text| text.parse().unwrap()).collect();
    data.sort_unstable();
    assert_eq!(data, (0..200).filter(|row| *row != 77).collect::<Vec<u32>>());
    let requests = script.0.lock().unwrap().requests.len();
    assert!(requests < 60, "{requests} requests");
}
